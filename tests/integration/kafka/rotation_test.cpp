// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fmt/format.h>

#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using Kind = kafka::ProducerPool::Event::Kind;
using namespace std::chrono_literals;

struct Rotation {
  KafkaAdmin admin;
  std::string topic = admin.create_topic("rotation");
  std::string user = KafkaAdmin::random_name("user");
  PoolBench bench;
  EventRecorder events;
  std::unique_ptr<kafka::Producer> producer;

  Rotation() {
    admin.set_scram_password(user, "first");
    bench.write_secret(PoolBench::scram_line(user, "first"));
    producer = bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), topic, &events);
    EXPECT_TRUE(eventually([&] { return events.count(Kind::kReady) == 1; }));
  }
  [[nodiscard]] bool reaches_generation(std::uint64_t generation, std::chrono::seconds limit = 20s) const {
    return eventually([&] { return producer->status().credential_generation == generation; }, limit);
  }
};

TEST(KafkaRotation, LosesDoublesAndReordersNothingWhenTheBrokerChangesFirst) {
  Rotation rotation;
  SteadyFlow load(*rotation.producer);
  ASSERT_TRUE(eventually([&] { return load.reached(300); }));
  rotation.admin.set_scram_password(rotation.user, "second");
  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));
  ASSERT_TRUE(rotation.reaches_generation(2));
  const int at_rotation = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(at_rotation + 300); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(rotation.topic, load.sent());
}

TEST(KafkaRotation, KeepsTheOldCredentialUntilTheBrokerTakesTheNewOneWhenTheFileChangesFirst) {
  Rotation rotation;
  SteadyFlow load(*rotation.producer);
  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));
  ASSERT_TRUE(eventually([&] { return rotation.events.count(Kind::kCredentialRefused) >= 1; }));
  const int at_refusal = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(at_refusal + 300); }));
  EXPECT_EQ(rotation.producer->status().credential_generation, 1U);
  rotation.admin.set_scram_password(rotation.user, "second");
  ASSERT_TRUE(rotation.reaches_generation(2)) << rotation.producer->status().last_error;
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(rotation.topic, load.sent());
}

TEST(KafkaRotation, TakesTheNewCredentialForEveryNewConnection) {
  Rotation rotation;
  ASSERT_TRUE(delivered(*rotation.producer, {{"k", "0"}}));
  rotation.admin.set_scram_password(rotation.user, "second");
  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));
  ASSERT_TRUE(rotation.reaches_generation(2));

  KafkaEnvironment::get().run("kill");  // cuts every connection; logins from now on need the second password
  KafkaEnvironment::get().run("start");

  EXPECT_TRUE(report_of(send(*rotation.producer, {{"k", "1"}}), 60s).failures.empty());
  EXPECT_EQ(rotation.producer->status().credential_generation, 2U);
}

TEST(KafkaRotation, FindsTheNewPasswordAfterTheBrokerCutAndRefusedTheOldOne) {
  Rotation rotation;
  ASSERT_TRUE(delivered(*rotation.producer, {{"k", "0"}}));
  rotation.admin.set_scram_password(rotation.user, "second");
  KafkaEnvironment::get().run("kill");
  KafkaEnvironment::get().run("start");
  auto waiting = send(*rotation.producer, {{"k", "1"}});
  ASSERT_TRUE(eventually([&] {
    return rotation.producer->status().last_error.find("AUTHENTICATION") != std::string::npos;
  })) << rotation.producer->status().last_error;
  EXPECT_FALSE(rotation.producer->status().connected);

  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));

  EXPECT_TRUE(report_of(std::move(waiting)).failures.empty());
  EXPECT_TRUE(eventually([&] { return rotation.producer->status().connected; }));
  EXPECT_EQ(rotation.producer->status().credential_generation, 2U);
  expect_each_once_in_order(rotation.topic, 2);
}

TEST(KafkaRotation, GivesTheClientUpWhenTheBrokerRefusesForTooLongAndComesBackWithTheRightFile) {
  Rotation rotation;
  rotation.producer.reset();
  auto options = PoolBench::quick_options();
  options.refused_limit = 1s;
  rotation.bench.make_pool(options);
  rotation.producer =
      rotation.bench.acquire(PoolBench::sasl(SaslMechanism::kScramSha512), rotation.topic, &rotation.events);
  ASSERT_TRUE(delivered(*rotation.producer, {{"k", "0"}}));
  rotation.admin.set_scram_password(rotation.user, "second");
  KafkaEnvironment::get().run("kill");
  KafkaEnvironment::get().run("start");

  const auto given_back = report_of(send(*rotation.producer, {{"k", "lost"}}));
  ASSERT_EQ(given_back.failures.size(), 1U);
  EXPECT_EQ(given_back.failures[0].scope, kafka::FailureScope::kConnection);

  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));
  EXPECT_TRUE(delivered(*rotation.producer, {{"k", "1"}}));
  expect_each_once_in_order(rotation.topic, 2);
}

TEST(KafkaRotation, ReplacesTheClientWhenTheUserChangesAndKeepsTheOrder) {
  Rotation rotation;
  const std::string other = KafkaAdmin::random_name("other");
  rotation.admin.set_scram_password(other, "its own");
  SteadyFlow load(*rotation.producer);
  ASSERT_TRUE(eventually([&] { return load.reached(300); }));
  rotation.bench.write_secret(PoolBench::scram_line(other, "its own"));
  ASSERT_TRUE(rotation.reaches_generation(2));
  const int at_rotation = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(at_rotation + 300); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(rotation.topic, load.sent());
}

TEST(KafkaRotation, KeepsRunningWhenTheFileDisappearsOrBecomesNonsense) {
  Rotation rotation;
  rotation.bench.remove_secret();
  EXPECT_TRUE(delivered(*rotation.producer, {{"k", "0"}}));
  rotation.bench.write_secret("this is no JAAS line\n");
  ASSERT_TRUE(
      eventually([&] { return rotation.producer->status().last_error.find("JAAS line") != std::string::npos; }));
  EXPECT_TRUE(delivered(*rotation.producer, {{"k", "1"}}));
  EXPECT_EQ(rotation.producer->status().credential_generation, 1U);
  expect_each_once_in_order(rotation.topic, 2);
}

TEST(KafkaRotation, OfAPlainPasswordIsInUseWithinSecondsOfTheFile) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("plain");
  const std::string user = KafkaAdmin::random_name("plain");
  KafkaEnvironment::get().set_plain_password(user, "first");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "first"));
  EventRecorder events;
  auto producer =
      bench.acquire(PoolBench::sasl(SaslMechanism::kPlain, kafka::SecurityProtocol::kSaslSsl), topic, &events);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  KafkaEnvironment::get().set_plain_password(user, "second");
  bench.write_secret(PoolBench::plain_line(user, "second"));
  EXPECT_TRUE(eventually([&] { return producer->status().credential_generation == 2; }, 5s));
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
}

TEST(KafkaRotation, OfOneFileReachesEveryConnectionThatUsesIt) {
  Rotation rotation;
  std::vector<std::unique_ptr<kafka::Producer>> producers;
  for (int i = 0; i < 8; ++i) {
    auto settings = PoolBench::sasl(SaslMechanism::kScramSha512);
    settings.client_id = fmt::format("client-{}", i % 4);
    producers.push_back(rotation.bench.acquire(settings, rotation.topic, nullptr, fmt::format("events-{}", i)));
  }
  EXPECT_EQ(rotation.bench.pool().identities(), 5U);
  const auto all_reach = [&](std::uint64_t generation) {
    return eventually([&] {
      return std::all_of(producers.begin(), producers.end(),
                         [&](const auto& one) { return one->status().credential_generation == generation; });
    });
  };
  ASSERT_TRUE(all_reach(1));
  rotation.admin.set_scram_password(rotation.user, "second");
  rotation.bench.write_secret(PoolBench::scram_line(rotation.user, "second"));
  EXPECT_TRUE(all_reach(2));
}

}  // namespace
}  // namespace embergate::test
