// SPDX-License-Identifier: Apache-2.0
// A secret goes to the target of its first login and nowhere else (S-02, S-07; decision 44), against the real broker.
#include <gmock/gmock.h>

#include "embergate/kafka/target.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"
#include "support/fake_target_store.hpp"
#include "support/scripted_peer.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using kafka::SecurityProtocol;
using ::testing::HasSubstr;

class FirstUse : public ::testing::Test {
 protected:
  FirstUse() {
    admin.set_scram_password(user, "first");
    bench.write_secret(PoolBench::scram_line(user, "first"));
    make_pool();
  }
  ~FirstUse() override { bench.make_pool(PoolBench::quick_options()); }  // the pool goes before what it refers to
  void make_pool() {
    kafka::ProducerPool::Options options = PoolBench::quick_options();
    options.bindings = &bindings;
    bench.make_pool(options);
  }
  // The cluster calls itself 127.0.0.1, so its brokers are not the ones that the settings name.
  static kafka::ConnectionSettings under_another_name(SecurityProtocol protocol) {
    kafka::ConnectionSettings settings = PoolBench::sasl(SaslMechanism::kScramSha512, protocol);
    const std::string& address = settings.bootstrap_servers;
    settings.bootstrap_servers = "localhost" + address.substr(address.rfind(':'));
    return settings;
  }
  void bind(const kafka::ConnectionSettings& settings) {
    table.rows.emplace(
        secret,
        vault::TargetBinding{secret, kafka::named_target(settings), {}, "AidboxTopicDestination/first", true, {}});
    ASSERT_TRUE(bindings.load());
  }

  const vault::SecretName secret{PoolBench::kSecret};
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("first-use");
  const std::string user = KafkaAdmin::random_name("user");
  TargetTable table;
  PoolBench bench;
  vault::TargetBindings bindings{bench.secrets().config_in_force(), std::make_unique<FakeTargetStore>(table)};
};

TEST_F(FirstUse, BindsTheSecretBeforeTheLoginAndProvesItAfter) {
  const auto settings = PoolBench::sasl(SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl);
  const auto producer = bench.acquire(settings, topic);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  const auto bound = bindings.find(secret);
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->proven);
  EXPECT_EQ(bound->target, kafka::named_target(settings));
  EXPECT_EQ(bound->resource, "AidboxTopicDestination/events");
}

TEST_F(FirstUse, AWrongPasswordBindsAndProvesNothing) {
  bench.write_secret(PoolBench::scram_line(user, "wrong"));
  EventRecorder events;
  const auto producer =
      bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl), topic, &events);
  ASSERT_TRUE(eventually([&] { return events.count(EventRecorder::Kind::kCredentialRefused) > 0; }));
  ASSERT_TRUE(bindings.find(secret));
  EXPECT_FALSE(bindings.find(secret)->proven);
}

TEST_F(FirstUse, S02_AVerifiedClusterThatGrowsNeedsNothing) {
  const auto settings = under_another_name(SecurityProtocol::kSaslSsl);
  bind(settings);  // as it was before the cluster had the broker that it names now
  const auto producer = bench.acquire(settings, topic);
  EXPECT_TRUE(delivered(*producer, {{"k", "0"}}));
}

TEST_F(FirstUse, S02_AnUnverifiedClusterIsFollowedToTheBrokersOfItsFirstLogin) {
  const auto settings = under_another_name(SecurityProtocol::kSaslPlaintext);
  const auto producer = bench.acquire(settings, topic);
  EXPECT_TRUE(delivered(*producer, {{"k", "0"}}));
  EXPECT_THAT(bindings.find(secret)->brokers, ::testing::Contains(KafkaEnvironment::get().sasl_plaintext));
}

TEST_F(FirstUse, S02_AnUnverifiedClusterCannotNameAnotherBrokerLater) {
  const auto settings = under_another_name(SecurityProtocol::kSaslPlaintext);
  bind(settings);
  const auto producer = bench.acquire(settings, topic);
  ASSERT_TRUE(eventually([&] { return producer->status().has_credential; })) << producer->status().last_error;
  auto report = send(*producer, {{"k", "0"}});
  EXPECT_TRUE(eventually([&] { return producer->status().last_error.find("target-changed") != std::string::npos; }))
      << producer->status().last_error;
  EXPECT_THAT(producer->status().last_error, HasSubstr(KafkaEnvironment::get().sasl_plaintext));
  producer->purge();
  EXPECT_EQ(report_of(std::move(report)).failures.size(), 1U);
}

TEST_F(FirstUse, S07_ASecondTargetIsNotEvenConnectedTo) {
  bind(PoolBench::sasl(SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl));
  const ScriptedPeer thief([](const std::string&) { return std::string(ScriptedPeer::kSilence); });
  kafka::ConnectionSettings settings = PoolBench::sasl(SaslMechanism::kPlain, SecurityProtocol::kSaslPlaintext);
  settings.bootstrap_servers = "127.0.0.1:" + std::to_string(thief.port());
  EventRecorder events;
  const auto producer = bench.acquire(settings, topic, &events);
  ASSERT_TRUE(eventually([&] { return events.count(EventRecorder::Kind::kError) > 0; }));
  EXPECT_THAT(producer->status().last_error, HasSubstr("target-changed"));
  EXPECT_FALSE(producer->status().has_credential);
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(FirstUse, S07_ASecondTokenEndpointIsNotAsked) {
  const ScriptedPeer thief([](const std::string&) { return ScriptedPeer::answer(401, "{}"); });
  kafka::ConnectionSettings settings = PoolBench::sasl(SaslMechanism::kOauthBearer, SecurityProtocol::kSaslPlaintext);
  settings.sasl_oauthbearer_token_endpoint_url = "https://idp.example/token";
  bind(settings);
  settings.sasl_oauthbearer_token_endpoint_url = thief.url("/token");
  bench.write_secret(
      "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"gw\" "
      "clientSecret=\"secret\";");
  const auto producer = bench.acquire(settings, topic);
  EXPECT_TRUE(eventually([&] { return producer->status().last_error.find("target-changed") != std::string::npos; }))
      << producer->status().last_error;
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(FirstUse, ATargetThatAnAdministratorTakesAwayIsLeftAtOnce) {
  const auto settings = PoolBench::sasl(SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl);
  const auto producer = bench.acquire(settings, topic);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  vault::NamedTarget away = kafka::named_target(settings);
  away.servers = {"elsewhere.example:9093"};
  ASSERT_TRUE(bindings.retarget({secret, away, {}, "AidboxTopicDestination/events", false, {}}));
  bench.pool().targets_changed();
  EXPECT_TRUE(eventually([&] { return producer->status().last_error.find("target-changed") != std::string::npos; }))
      << producer->status().last_error;
  EXPECT_TRUE(eventually([&] { return !producer->status().connected; }));
  ASSERT_TRUE(
      bindings.retarget({secret, kafka::named_target(settings), {}, "AidboxTopicDestination/events", false, {}}));
  bench.pool().targets_changed();
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
}

}  // namespace
}  // namespace embergate::test
