// SPDX-License-Identifier: Apache-2.0
// One client takes over from another: many at once, one after the other, by age, while the program stops; and changes
// that are none.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "kafka/connect_guard.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using Kind = kafka::ProducerPool::Event::Kind;
using namespace std::chrono_literals;

// A user for each name, all with the same password.
struct Users {
  KafkaAdmin admin;
  PoolBench bench;
  std::vector<std::string> names;

  explicit Users(int count, const vault::SecretCache::Options& secrets = PoolBench::quick_secrets()) : bench(secrets) {
    for (int i = 0; i < count; ++i) {
      names.push_back(KafkaAdmin::random_name("user"));
      admin.set_scram_password(names.back(), "password");
    }
    use(0);
  }
  void use(int index) const { bench.write_secret(line(index)); }
  [[nodiscard]] std::string line(int index) const {
    return PoolBench::scram_line(names[static_cast<std::size_t>(index)], "password");
  }
  static kafka::ConnectionSettings settings() { return PoolBench::sasl(SaslMechanism::kScramSha512); }
};

// Counts the clients that are alive at once, from the beginning to the end of its life.
class MostClients {
 public:
  [[nodiscard]] int seen() const { return most_; }

 private:
  std::atomic<int> most_{0};
  std::jthread counter_{[this](const std::stop_token& over) {
    while (!over.stop_requested()) {
      most_ = std::max(most_.load(), kafka::ConnectGuard::alive());
      eventually([&] { return over.stop_requested(); }, 1ms);
    }
  }};
};

bool reaches(const kafka::Producer& producer, std::uint64_t generation, std::chrono::seconds limit = 30s) {
  return eventually([&] { return producer.status().credential_generation == generation; }, limit);
}

TEST(KafkaReplacement, RM03_OfOneUserByAnotherIsOneNewClientAndKeepsTheOrder) {
  Users users(2);
  const std::string topic = users.admin.create_topic("replace");
  auto producer = users.bench.acquire(Users::settings(), topic);
  ASSERT_TRUE(reaches(*producer, 1));
  SteadyFlow load(*producer);
  ASSERT_TRUE(eventually([&] { return load.reached(500); }));
  users.use(1);
  ASSERT_TRUE(reaches(*producer, 2)) << producer->status().last_error;
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 500); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  EXPECT_EQ(producer->status().credential_generation, 2U) << "one rotation is one replacement";
  EXPECT_TRUE(producer->status().connected);
  expect_each_once_in_order(topic, load.sent());
}

TEST(KafkaReplacement, RM22_WhileReplacingEndsWithTheNewestAndNeverHasThreeClients) {
  Users users(5);
  const std::string topic = users.admin.create_topic("again");
  auto producer = users.bench.acquire(Users::settings(), topic);
  ASSERT_TRUE(reaches(*producer, 1));
  SteadyFlow load(*producer, 1ms);
  MostClients most;
  for (int user = 1; user < 5; ++user) {
    users.use(user);
    const int before = load.sent();
    ASSERT_TRUE(eventually([&] { return load.reached(before + 200); }));
  }
  ASSERT_TRUE(eventually(
      [&] {
        return kafka::ConnectGuard::alive() == 1 &&
               producer->status().file_generations[PoolBench::kSecret] ==
                   users.bench.secrets().report(vault::SecretName(PoolBench::kSecret)).generation;
      },
      30s))
      << producer->status().last_error;
  load.stop();
  EXPECT_LE(most.seen(), 2);
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(topic, load.sent());
}

TEST(KafkaReplacement, RM21_IsNotMadeForAValueThatIsBackBeforeAnybodyLooked) {
  Users users(2, PoolBench::secrets_read_on_demand());
  const std::string topic = users.admin.create_topic("back");
  auto producer = users.bench.acquire(Users::settings(), topic);
  ASSERT_TRUE(reaches(*producer, 1));
  users.use(1);
  users.use(0);
  users.bench.secrets().drop();
  users.bench.secrets().poll_once();
  EXPECT_TRUE(delivered(*producer, {{"k", "0"}}));
  EXPECT_EQ(producer->status().credential_generation, 1U);
  EXPECT_EQ(users.bench.secrets().report(vault::SecretName(PoolBench::kSecret)).generation, 1U);
}

TEST(KafkaReplacement, RM12_IsNotMadeForAFileThatWasOnlyTouched) {
  Users users(1);
  auto producer = users.bench.acquire(Users::settings(), users.admin.create_topic("touch"));
  ASSERT_TRUE(reaches(*producer, 1));
  const std::string file = users.bench.file(PoolBench::kSecret);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now());
  std::ofstream(file, std::ios::app) << "\n";
  const auto name = vault::SecretName(PoolBench::kSecret);
  const auto read_before = users.bench.secrets().report(name).last_read;
  EXPECT_TRUE(eventually([&] { return users.bench.secrets().report(name).last_read > read_before; }));
  EXPECT_TRUE(delivered(*producer, {{"k", "0"}}));
  EXPECT_EQ(producer->status().credential_generation, 1U);
}

TEST(KafkaReplacement, RM11_IsNotMadeForTheFileBesideIt) {
  Users users(1);
  users.bench.write_file("key", "one");
  auto producer = users.bench.acquire(Users::settings(), users.admin.create_topic("beside"));
  ASSERT_TRUE(reaches(*producer, 1));
  const auto name = vault::SecretName(PoolBench::kSecret);
  users.bench.write_file("key", "two");
  const auto read_before = users.bench.secrets().report(name).last_read;
  EXPECT_TRUE(eventually([&] { return users.bench.secrets().report(name).last_read > read_before; }));
  EXPECT_EQ(producer->status().credential_generation, 1U);
  EXPECT_EQ(users.bench.secrets().report(name).generation, 1U);
}

TEST(KafkaReplacement, FA10_ANonsenseFileLeavesTheOldLoginAtWorkUntilAGoodOneComes) {
  Users users(2);
  const std::string topic = users.admin.create_topic("nonsense");
  auto producer = users.bench.acquire(Users::settings(), topic);
  ASSERT_TRUE(reaches(*producer, 1));
  SteadyFlow load(*producer);
  users.bench.write_secret("this is no JAAS line\n");
  ASSERT_TRUE(eventually([&] { return producer->status().last_error.find("JAAS") != std::string::npos; }))
      << producer->status().last_error;
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 300); }));
  users.use(1);
  ASSERT_TRUE(reaches(*producer, 2)) << producer->status().last_error;
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(topic, load.sent());
}

TEST(KafkaReplacement, FA09_FiftyDestinationsOnOneFileAreMovedWithinBounds) {
  constexpr int kDestinations = 50;
  constexpr int kConnections = 10;
  Users users(2);
  const std::string topic = users.admin.create_topic("fifty");
  std::vector<std::unique_ptr<kafka::Producer>> producers;
  for (int i = 0; i < kDestinations; ++i) {
    auto settings = Users::settings();
    settings.client_id = fmt::format("client-{}", i % kConnections);
    producers.push_back(users.bench.acquire(settings, topic, nullptr, fmt::format("events-{}", i)));
  }
  EXPECT_EQ(users.bench.pool().identities(), static_cast<std::size_t>(kConnections));
  const auto all_reach = [&](std::uint64_t generation) {
    return eventually(
        [&] {
          return std::all_of(producers.begin(), producers.end(),
                             [&](const auto& one) { return one->status().credential_generation == generation; });
        },
        30s);
  };
  ASSERT_TRUE(all_reach(1));
  for (const auto& producer : producers) ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  MostClients most;
  users.use(1);
  EXPECT_TRUE(all_reach(2));
  EXPECT_LE(most.seen(), 2 * kConnections);
  for (const auto& producer : producers) EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
  EXPECT_TRUE(eventually([&] { return kafka::ConnectGuard::alive() == kConnections; }));
}

TEST(KafkaReplacement, FA13_ThatIsUnderWayDoesNotHoldUpTheEnd) {
  Users users(2);
  const std::string topic = users.admin.create_topic("end");
  std::vector<std::unique_ptr<kafka::Producer>> producers;
  std::vector<std::future<kafka::BatchReport>> pending;
  for (int i = 0; i < 8; ++i) {
    auto settings = Users::settings();
    settings.client_id = fmt::format("client-{}", i);
    producers.push_back(users.bench.acquire(settings, topic, nullptr, fmt::format("events-{}", i)));
    ASSERT_TRUE(reaches(*producers.back(), 1));
  }
  users.use(1);
  ASSERT_TRUE(eventually([&] {
    for (const auto& producer : producers) pending.push_back(send(*producer, {{"k", "v"}}));
    return kafka::ConnectGuard::alive() > static_cast<int>(producers.size());
  }));
  const auto begin = std::chrono::steady_clock::now();
  users.bench.pool().shutdown(5s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 6s);
  for (auto& one : pending) report_of(std::move(one), 1s);  // each has one
  producers.clear();
  EXPECT_EQ(kafka::ConnectGuard::alive(), 0);
}

TEST(KafkaReplacement, ByAgeTakesANewLoginWithoutLossOrDisorder) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("age");
  const std::string user = KafkaAdmin::random_name("aging");
  KafkaEnvironment::get().set_plain_password(user, "first");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "first"));
  auto settings = PoolBench::sasl(SaslMechanism::kPlain);
  settings.max_login_age_ms = 1'000;
  auto producer = bench.acquire(settings, topic);
  ASSERT_TRUE(reaches(*producer, 1));
  SteadyFlow load(*producer);
  const int logins = KafkaEnvironment::get().plain_logins(user, "accepted");
  ASSERT_TRUE(eventually([&] { return KafkaEnvironment::get().plain_logins(user, "accepted") >= logins + 3; }, 20s));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  EXPECT_EQ(producer->status().credential_generation, 1U) << "the same value is the same generation";
  expect_each_once_in_order(topic, load.sent());
}

}  // namespace
}  // namespace embergate::test
