// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using kafka::SecurityProtocol;
using Kind = kafka::ProducerPool::Event::Kind;
using namespace std::chrono_literals;

struct Login {
  SaslMechanism mechanism;
  SecurityProtocol protocol;
  const char* name;
};

class EachLogin : public ::testing::TestWithParam<Login> {};

TEST_P(EachLogin, DeliversWithTheCredentialOfTheFile) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("login");
  const std::string user = KafkaAdmin::random_name("user");
  PoolBench bench;
  if (GetParam().mechanism == SaslMechanism::kPlain) {
    KafkaEnvironment::get().set_plain_password(user, "first");
    bench.write_secret(PoolBench::plain_line(user, "first"));
  } else {
    admin.set_scram_password(user, "first",
                             GetParam().mechanism == SaslMechanism::kScramSha256 ? Scram::kSha256 : Scram::kSha512);
    bench.write_secret(PoolBench::scram_line(user, "first"));
  }
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::sasl(GetParam().mechanism, GetParam().protocol), topic, &events);

  const auto report = report_of(send(*producer, {{"a", "1"}, {std::nullopt, "2"}}));

  ASSERT_TRUE(report.failures.empty()) << report.failures.front().reason;
  EXPECT_EQ(consume_all(topic, 2).size(), 2U);
  EXPECT_TRUE(eventually([&] { return events.count(Kind::kReady) == 1; }));
  EXPECT_EQ(events.count(Kind::kCredentialProven), 1);
  const auto status = producer->status();
  EXPECT_TRUE(status.connected);
  EXPECT_TRUE(status.has_credential);
  EXPECT_EQ(status.credential_generation, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Login, EachLogin,
    ::testing::Values(Login{SaslMechanism::kPlain, SecurityProtocol::kSaslPlaintext, "PlainPlaintext"},
                      Login{SaslMechanism::kScramSha256, SecurityProtocol::kSaslPlaintext, "Scram256Plaintext"},
                      Login{SaslMechanism::kScramSha512, SecurityProtocol::kSaslPlaintext, "Scram512Plaintext"},
                      Login{SaslMechanism::kPlain, SecurityProtocol::kSaslSsl, "PlainTls"},
                      Login{SaslMechanism::kScramSha256, SecurityProtocol::kSaslSsl, "Scram256Tls"},
                      Login{SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl, "Scram512Tls"}),
    [](const auto& login) { return std::string(login.param.name); });

TEST(KafkaLogin, DeliversWithoutAnyCredentialOnPlaintext) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("plaintext");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  EXPECT_TRUE(report_of(send(*producer, {{"k", "v"}})).failures.empty());
  EXPECT_EQ(producer->status().credential_generation, 0U);
}

TEST(KafkaLogin, TakesAPasswordFileWithAUserNameOfTheSettings) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("password");
  const std::string user = KafkaAdmin::random_name("user");
  admin.set_scram_password(user, "only the password");
  PoolBench bench;
  bench.write_secret("only the password\n");
  auto settings = PoolBench::sasl(SaslMechanism::kScramSha512);
  settings.sasl_password = std::exchange(settings.sasl_jaas_config, std::nullopt);
  settings.sasl_username = user;
  auto producer = bench.acquire(settings, topic);
  EXPECT_TRUE(report_of(send(*producer, {{"k", "v"}})).failures.empty());
}

TEST(KafkaLogin, RefusesABrokerWhoseCertificateAnotherAuthoritySigned) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("ca");
  PoolBench bench;
  bench.write_secret(PoolBench::scram_line("gw", "v1"));
  auto settings = PoolBench::sasl(SaslMechanism::kScramSha512, SecurityProtocol::kSaslSsl);
  settings.ssl_truststore_certificates = read_file(KafkaEnvironment::get().other_ca_file);
  auto producer = bench.acquire(settings, topic);

  const auto report = report_of(send(*producer, {{"k", "v"}}));

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].scope, kafka::FailureScope::kConnection);
  EXPECT_FALSE(report.failures[0].maybe_persisted);
  EXPECT_NE(producer->status().last_error.find("certificate verify failed"), std::string::npos)
      << producer->status().last_error;
  EXPECT_FALSE(producer->status().has_credential);
}

TEST(KafkaLogin, FailsBatchesWhileTheBrokerRefusesAndDeliversWhenTheFileIsRight) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("wrong");
  const std::string user = KafkaAdmin::random_name("user");
  admin.set_scram_password(user, "right");
  PoolBench bench;
  bench.write_secret(PoolBench::scram_line(user, "wrong-password-canary"));
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), topic, &events);
  const auto refused = report_of(send(*producer, {{"k", "v"}}));
  ASSERT_EQ(refused.failures.size(), 1U);
  EXPECT_EQ(refused.failures[0].scope, kafka::FailureScope::kConnection);
  EXPECT_TRUE(eventually([&] { return events.count(Kind::kCredentialRefused) >= 1; }));
  EXPECT_FALSE(producer->status().has_credential);
  EXPECT_EQ(producer->status().last_error.find("canary"), std::string::npos);

  bench.write_secret(PoolBench::scram_line(user, "right"));

  EXPECT_TRUE(delivered(*producer, {{"k", "v"}}));
  EXPECT_EQ(producer->status().credential_generation, 1U);
}

TEST(KafkaLogin, WaitsForAFileThatIsMissingAtStart) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("missing");
  PoolBench bench;
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), topic, &events);
  const auto early = report_of(send(*producer, {{"k", "v"}}));
  ASSERT_EQ(early.failures.size(), 1U);
  EXPECT_FALSE(producer->status().has_credential);
  EXPECT_NE(producer->status().last_error.find(PoolBench::kSecret), std::string::npos);

  bench.write_secret(PoolBench::scram_line("gw", "v1"));

  ASSERT_TRUE(eventually([&] { return events.count(Kind::kReady) == 1; }));
  producer->resume();
  EXPECT_TRUE(report_of(send(*producer, {{"k", "v"}})).failures.empty());
}

TEST(KafkaLogin, GivesNoConnectionToADestinationOutsideTheScopeAndOneToItsNeighbour) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("scope");
  PoolBench bench;
  bench.write_secret(PoolBench::scram_line("gw", "v1"));
  const auto settings = PoolBench::sasl(SaslMechanism::kScramSha512);
  auto allowed = bench.acquire(settings, topic);
  kafka::TopicSettings to;
  to.topic = topic;
  auto refused = bench.pool().acquire(settings, to, vault::Requester{"Client", "events", "secret"}, {});

  EXPECT_TRUE(report_of(send(*allowed, {{"k", "v"}})).failures.empty());
  const auto report = report_of(send(*refused, {{"k", "v"}, {"k", "w"}}));
  EXPECT_EQ(report.failures.size(), 2U);
  EXPECT_FALSE(refused->status().has_credential);
  EXPECT_NE(refused->status().last_error.find("scope"), std::string::npos);
  EXPECT_EQ(consume_all(topic, 1).size(), 1U);
}

TEST(KafkaLogin, NamesTheCharacterWhereAJaasLineBreaksAndNothingOfItsText) {
  KafkaAdmin admin;
  PoolBench bench;
  bench.write_secret(
      "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"gw\" password=canary@1;\n");
  auto producer = bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), admin.create_topic("jaas"));
  report_of(send(*producer, {{"k", "v"}}));
  EXPECT_NE(producer->status().last_error.find("JAAS line, character 95"), std::string::npos)
      << producer->status().last_error;
  EXPECT_EQ(producer->status().last_error.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace embergate::test
