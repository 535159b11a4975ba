// SPDX-License-Identifier: Apache-2.0
// What is left on the heap of a credential that was replaced: nothing, since what is freed is overwritten (S-26). The
// stack of a connection's thread is another matter: librdkafka copies a SCRAM password there for each login.
#include "e2e/gateway_test.hpp"
#include "support/canary.hpp"
#include "support/oidc_provider.hpp"
#include "support/pki.hpp"
#include "support/process_memory.hpp"

// A sanitizer keeps what was freed, and has a free() of its own.
#ifndef EMBERGATE_SANITIZED

namespace embergate::test {
namespace {

using namespace std::chrono_literals;

class Memory : public GatewayTest {
 protected:
  void start() {
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
    deliver_one();
    if (!heap_of(world.gateway().pid())) GTEST_SKIP() << "this user may not read another process's memory";
  }
  void deliver_one() {
    const std::string id = "p" + std::to_string(++patients);
    ASSERT_EQ(world.root().put("/fhir/Patient/" + id, samples::patient(id, "Kept")).status(), 201);
    ASSERT_TRUE(world.drained("events", patients));
  }
  [[nodiscard]] bool reaches(int generation) {
    return eventually([&] { return world.secret_part("events", "generation") == generation; }, 20s);
  }
  [[nodiscard]] std::vector<std::string> traces_of(const std::string& name, const std::string& value) {
    CanaryScanner scanner;
    scanner.add(name, value);
    return scanner.scan(heap_of(world.gateway().pid()).value_or(""), "memory");
  }
  // The last connection with it may end a little after the change.
  void expect_gone(const std::string& name, const std::string& value) {
    eventually([&] { return traces_of(name, value).empty(); }, 20s, 500ms);
    EXPECT_THAT(traces_of(name, value), testing::IsEmpty());
  }

  KafkaLane lane = world.add_lane();
  int patients = 0;
};

TEST_F(Memory, AL20_HoldsNothingOfAPasswordThatWasRotated) {
  start();
  if (IsSkipped()) return;
  const std::string before = lane.password;
  ASSERT_THAT(traces_of("in use", before), testing::Not(testing::IsEmpty())) << "the search finds what is there";
  world.set_broker_password(lane, world.password("after"));
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("rotated", before);
}

TEST_F(Memory, AL20_HoldsNothingOfAUserThatWasReplaced) {
  start();
  if (IsSkipped()) return;
  const KafkaLane before = lane;
  lane.user = KafkaAdmin::random_name("gw");
  world.set_broker_password(lane, world.password("of-the-next-user"));
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("replaced", before.password);
}

TEST_F(Memory, AL20_HoldsNothingOfAKeyThatWasReplaced) {
  const auto broker_file = [](const char* name) { return read_file(KafkaEnvironment::get().tls_file(name)); };
  const Authority authority = Authority::load(broker_file("ca.pem"), broker_file("ca-key.pem"));
  const Issued first = authority.issue("gw-first");
  const Issued second = authority.issue("gw-second");
  for (const Issued* one : {&first, &second}) world.watch_for("key", private_number(one->key));
  world.add_secret("chain", first.certificate, "AidboxTopicDestination");
  world.add_secret("key", first.key, "AidboxTopicDestination");
  lane.destination.security_protocol = "SSL";
  lane.destination.bootstrap = KafkaEnvironment::get().mtls;
  lane.destination.secrets = {{"sslKeystoreCertificateChain", "chain"}, {"sslKeystoreKey", "key"}};
  start();
  if (IsSkipped()) return;
  ASSERT_THAT(traces_of("in use", private_number(first.key)), testing::Not(testing::IsEmpty()));
  world.write_secret("chain", second.certificate);
  world.write_secret("key", second.key);
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("replaced", private_number(first.key));
}

TEST_F(Memory, AL20_HoldsNothingOfAClientSecretThatWasRotated) {
  const OidcProvider& provider = OidcProvider::get();
  const std::string client = KafkaAdmin::random_name("gw");
  const std::string before = world.password("before");
  const std::string after = world.password("after");
  provider.set_secret_of(client, before);
  world.add_secret("client", samples::oauth_jaas(client, before, "kafka"), "AidboxTopicDestination");
  lane.destination.mechanism = "OAUTHBEARER";
  lane.destination.jaas_secret = "client";
  lane.destination.bootstrap = provider.kafka;
  lane.destination.texts.emplace_back("saslOauthbearerTokenEndpointUrl", provider.token_url);
  start();
  if (IsSkipped()) return;
  ASSERT_THAT(traces_of("in use", before), testing::Not(testing::IsEmpty()));
  provider.set_secret_of(client, after);
  world.write_secret("client", samples::oauth_jaas(client, after, "kafka"));
  ASSERT_TRUE(reaches(2)) << world.status("events");
  deliver_one();
  expect_gone("rotated", before);
}

}  // namespace
}  // namespace embergate::test

#endif
