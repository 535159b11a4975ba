// SPDX-License-Identifier: Apache-2.0
// Connections while the vault config changes (R-01, R-49): what a destination may use counts from then on, both ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using kafka::SaslMechanism;
using ::testing::HasSubstr;

class KafkaConfigReload : public ::testing::Test {
 protected:
  KafkaConfigReload() { bench_.write_secret(PoolBench::scram_line("gw", "v1")); }
  std::unique_ptr<kafka::Producer> acquire(const std::string& id, const std::string& secret = PoolBench::kSecret) {
    kafka::ConnectionSettings settings = PoolBench::sasl(SaslMechanism::kScramSha512);
    settings.sasl_jaas_config = vault::SecretName(secret);
    return bench_.acquire(settings, topic_, nullptr, id);
  }
  // The scope of the secret, and what the config has of it besides.
  void scope(const std::string& to, const std::string& more = "") const {
    bench_.write_config(bench_.config_entry(PoolBench::kSecret, to, more));
  }
  static bool is_denied(const kafka::Producer& producer) {
    const auto status = producer.status();
    return !status.has_credential && status.last_error.find("scope does not allow") != std::string::npos;
  }
  static kafka::BatchReport once(kafka::Producer& producer) {
    producer.resume();
    return report_of(send(producer, {{"k", "v"}}));
  }

  KafkaAdmin admin_;
  const std::string topic_ = admin_.create_topic("reload");
  PoolBench bench_;
};

TEST_F(KafkaConfigReload, ADestinationWhoseSecretIsNotInTheConfigYetComesUpWithIt) {
  bench_.write_file("late", PoolBench::scram_line("gw", "v1"));
  const auto waiting = acquire("events", "late");
  ASSERT_TRUE(eventually([&] { return !waiting->status().last_error.empty(); }));
  EXPECT_THAT(waiting->status().last_error, HasSubstr("secret 'late': the vault config has no such name"));
  EXPECT_EQ(once(*waiting).failures.size(), 1U);
  bench_.write_config(bench_.config_entries() + "," + bench_.config_entry("late", "AidboxTopicDestination/events"));
  EXPECT_TRUE(delivered(*waiting, {{"k", "1"}}));
  EXPECT_EQ(waiting->status().file_generations.at("late"), 1U);
}

TEST_F(KafkaConfigReload, TheOnlyDestinationThatLosesItsScopeHasNoClientUntilItIsBack) {
  const auto producer = acquire("events");
  ASSERT_TRUE(delivered(*producer, {{"k", "1"}}));
  scope("AidboxTopicDestination/other");
  ASSERT_TRUE(eventually([&] { return is_denied(*producer); }));
  EXPECT_FALSE(producer->status().connected);
  const auto refused = once(*producer);
  ASSERT_EQ(refused.failures.size(), 1U);
  EXPECT_EQ(refused.failures[0].scope, kafka::FailureScope::kConnection);
  EXPECT_THAT(refused.failures[0].reason, HasSubstr("its scope does not allow AidboxTopicDestination/events"));
  scope("AidboxTopicDestination/events");
  EXPECT_TRUE(delivered(*producer, {{"k", "2"}}));
  EXPECT_EQ(consume_all(topic_, 2).size(), 2U);
}

TEST_F(KafkaConfigReload, OfTwoThatShareAConnectionOnlyTheOneThatLosesItsScopeStops) {
  const auto stays = acquire("stays");
  const auto leaves = acquire("leaves");
  ASSERT_TRUE(delivered(*stays, {{"k", "1"}}));
  ASSERT_TRUE(delivered(*leaves, {{"k", "2"}}));
  ASSERT_EQ(bench_.pool().identities(), 1U);
  scope("AidboxTopicDestination/stays");
  ASSERT_TRUE(eventually([&] { return is_denied(*leaves); }));
  EXPECT_EQ(once(*leaves).failures.size(), 1U);
  EXPECT_TRUE(once(*stays).failures.empty()) << "the connection was taken from one who may use it";
  EXPECT_EQ(stays->status().credential_generation, 1U);
  scope("AidboxTopicDestination");
  EXPECT_TRUE(delivered(*leaves, {{"k", "3"}}));
  EXPECT_EQ(leaves->status().credential_generation, 1U) << "nothing had to be proven";
}

TEST_F(KafkaConfigReload, PinsThatNoLongerCoverTheBrokersEndTheConnectionAndOthersBringItBack) {
  const auto producer = acquire("events");
  ASSERT_TRUE(delivered(*producer, {{"k", "1"}}));
  scope("AidboxTopicDestination", R"(,"allow":{"bootstrapServers":["other.example:9093"]})");
  ASSERT_TRUE(eventually([&] { return !producer->status().connected; }));
  ASSERT_TRUE(eventually([&] { return once(*producer).failures.size() == 1; }));
  ASSERT_TRUE(eventually([&] {
    return producer->status().last_error.find("does not allow that target") != std::string::npos;
  })) << producer->status().last_error;
  scope("AidboxTopicDestination");
  EXPECT_TRUE(delivered(*producer, {{"k", "2"}}));
}

TEST_F(KafkaConfigReload, ANameThatGoesStopsItsDestinationAndIsProvenAgainWhenItComesBack) {
  const auto producer = acquire("events");
  ASSERT_TRUE(delivered(*producer, {{"k", "1"}}));
  bench_.write_config(bench_.config_entry("key", "AidboxTopicDestination"));
  ASSERT_TRUE(eventually([&] { return !producer->status().has_credential; }));
  EXPECT_THAT(producer->status().last_error, HasSubstr("the vault config has no such name"));
  EXPECT_EQ(once(*producer).failures.size(), 1U);
  bench_.write_config(bench_.config_entries());
  EXPECT_TRUE(delivered(*producer, {{"k", "2"}}));
  EXPECT_EQ(producer->status().credential_generation, 2U);
}

TEST_F(KafkaConfigReload, TheFileOfAnotherPathIsProvenBeforeItIsUsed) {
  bench_.write_file("elsewhere", PoolBench::scram_line("gw", "wrong"));
  const auto producer = acquire("events");
  ASSERT_TRUE(delivered(*producer, {{"k", "1"}}));
  const std::string moved = "\"" + std::string(PoolBench::kSecret) + R"(":{"path":")" + bench_.file("elsewhere") +
                            R"(","scope":["AidboxTopicDestination"]})";
  bench_.write_config(moved);
  ASSERT_TRUE(eventually([&] { return producer->status().refusal.has_value(); })) << producer->status().last_error;
  EXPECT_EQ(producer->status().credential_generation, 1U);
  EXPECT_TRUE(once(*producer).failures.empty()) << "the login that works was given up for one that does not";
  bench_.write_file("elsewhere", PoolBench::scram_line("gw", "v1"));
  EXPECT_TRUE(eventually([&] { return !producer->status().refusal; })) << producer->status().last_error;
  EXPECT_TRUE(once(*producer).failures.empty());
}

TEST_F(KafkaConfigReload, WhatDoesNotConcernAConnectionLeavesItAlone) {
  const auto producer = acquire("events");
  ASSERT_TRUE(delivered(*producer, {{"k", "1"}}));
  const auto proven = bench_.metrics().counter("kafka_credentials_total", "", {{"outcome", "proven"}});
  const double before = proven->value();
  bench_.write_file("more", "anything");
  bench_.write_config(bench_.config_entries() + "," + bench_.config_entry("more", "Client/a"));
  ASSERT_TRUE(eventually([&] { return bench_.secrets().config()->find(vault::SecretName("more")) != nullptr; }));
  EXPECT_TRUE(once(*producer).failures.empty());
  EXPECT_EQ(producer->status().credential_generation, 1U);
  EXPECT_EQ(proven->value(), before);
  EXPECT_EQ(bench_.secrets().report(vault::SecretName(PoolBench::kSecret)).generation, 1U);
}

}  // namespace
}  // namespace embergate::test
