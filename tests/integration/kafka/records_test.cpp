// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>

#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::FailureScope;
using namespace std::chrono_literals;

// MurmurHash2 with the seed and the signed arithmetic of the Java client's default partitioner.
std::int32_t murmur2(std::string_view data) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(data[i])); };
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(data.size());
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    k *= kMultiplier;
    k ^= k >> 24;
    k *= kMultiplier;
    hash = (hash * kMultiplier) ^ k;
  }
  if (data.size() - i == 3) hash ^= byte(i + 2) << 16;
  if (data.size() - i >= 2) hash ^= byte(i + 1) << 8;
  if (data.size() - i >= 1) hash = (hash ^ byte(i)) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return static_cast<std::int32_t>(hash ^ hash >> 15);
}

TEST(KafkaRecords, HashOfThisTestGivesTheVectorsOfTheJavaClient) {
  EXPECT_EQ(murmur2("21"), -973932308);
  EXPECT_EQ(murmur2("foobar"), -790332482);
  EXPECT_EQ(murmur2("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
}

TEST(KafkaRecords, KeepTheOrderOfEachKeyOnThePartitionThatTheJavaClientWouldTake) {
  constexpr int kPartitions = 5;
  constexpr int kRounds = 40;
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("keyed", kPartitions);
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  std::vector<std::future<kafka::BatchReport>> pending;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Outgoing> records;
    for (int key = 0; key < 50; ++key) records.push_back({fmt::format("Patient-{}", key), std::to_string(round)});
    records.push_back({"", std::to_string(round)});  // the empty key is a key
    pending.push_back(send(*producer, records));
  }
  for (auto& one : pending) EXPECT_TRUE(report_of(std::move(one)).failures.empty());

  const auto consumed = consume_all(topic, kRounds * 51);

  ASSERT_EQ(consumed.size(), kRounds * 51U);
  std::map<std::string, int> next;
  for (const auto& record : consumed) {
    ASSERT_TRUE(record.key.has_value());
    EXPECT_EQ(record.partition, (murmur2(*record.key) & 0x7fffffff) % kPartitions) << *record.key;
    EXPECT_EQ(std::stoi(*record.value), next[*record.key]++) << *record.key;
  }
}

TEST(KafkaRecords, CarryNoKeyAndNoValueAsNull) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("null", 1);
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  auto batch = std::make_shared<kafka::RecordBatch>();
  batch->memory = {"key", "value"};
  batch->records = {kafka::Record{{}, batch->memory[1]}, kafka::Record{batch->memory[0], {}}};
  std::promise<kafka::BatchReport> reported;
  producer->send(batch, [&](kafka::BatchReport report) { reported.set_value(std::move(report)); });
  EXPECT_TRUE(report_of(reported.get_future()).failures.empty());
  const auto consumed = consume_all(topic, 2);
  ASSERT_EQ(consumed.size(), 2U);
  EXPECT_FALSE(consumed[0].key.has_value());
  EXPECT_EQ(consumed[0].value, "value");
  EXPECT_EQ(consumed[1].key, "key");
  EXPECT_FALSE(consumed[1].value.has_value());
}

TEST(KafkaRecords, FailForATopicThatNobodyKnowsAndArriveOnceItExists) {
  KafkaAdmin admin;
  const std::string topic = KafkaAdmin::random_name("late");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  const auto report = report_of(send(*producer, {{"k", "1"}, {"k", "2"}}));
  ASSERT_EQ(report.failures.size(), 2U);
  EXPECT_EQ(report.failures[0].scope, FailureScope::kTopic);
  EXPECT_EQ(report.failures[0].index, 0U);
  EXPECT_EQ(report.failures[1].index, 1U);
  EXPECT_FALSE(report.failures[0].maybe_persisted);
  EXPECT_NE(report.failures[0].reason.find("UNKNOWN_TOPIC"), std::string::npos) << report.failures[0].reason;
  EXPECT_NE(report.failures[0].reason.find("Kafka topic " + topic), std::string::npos) << report.failures[0].reason;
  EXPECT_NE(report.failures[0].reason.find("create it"), std::string::npos) << report.failures[0].reason;

  admin.create_named_topic(topic);

  EXPECT_TRUE(delivered(*producer, {{"k", "1"}, {"k", "2"}}));
  EXPECT_EQ(consume_all(topic, 2).size(), 2U);
}

TEST(KafkaRecords, TooLargeForTheSettingsFailAloneAndTheOthersArrive) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("large");
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.max_request_size = 10'000;
  auto producer = bench.acquire(settings, topic);
  const std::size_t limit = producer->max_record_bytes();
  const auto report = report_of(
      send(*producer,
           {{"k", "small"}, {"k", std::string(10'001, 'x')}, {"k", std::string(limit - 1, 'y')}, {"k", "small"}}));
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].index, 1U);
  EXPECT_EQ(report.failures[0].scope, FailureScope::kRecord);
  EXPECT_EQ(consume_all(topic, 3).size(), 3U);
}

TEST(KafkaRecords, OfTheLargestSizeThatThePoolNamesPassTheBroker) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("largest");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  const std::string key = "Patient-1";
  EXPECT_TRUE(report_of(send(*producer, {{key, std::string(producer->max_record_bytes() - key.size(), 'x')}}))
                  .failures.empty());
}

TEST(KafkaRecords, WaitInOrderWhenTheQueueOfTheClientIsFull) {
  constexpr int kRecords = 5'000;
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("full", 1);
  PoolBench bench;
  auto options = PoolBench::quick_options();
  options.queue_messages = 100;
  bench.make_pool(options);
  auto first = bench.acquire(PoolBench::plaintext(), topic, nullptr, "first");
  auto second = bench.acquire(PoolBench::plaintext(), topic, nullptr, "second");
  EXPECT_EQ(bench.pool().identities(), 1U);
  std::vector<Outgoing> a;
  std::vector<Outgoing> b;
  for (int i = 0; i < kRecords; ++i) {
    a.push_back({"a", std::to_string(i)});
    b.push_back({"b", std::to_string(i)});
  }
  auto one = send(*first, a);
  auto two = send(*second, b);
  EXPECT_TRUE(report_of(std::move(one)).failures.empty());
  EXPECT_TRUE(report_of(std::move(two)).failures.empty());
  std::map<std::string, int> next;
  for (const auto& record : consume_all(topic, 2 * kRecords)) EXPECT_EQ(std::stoi(*record.value), next[*record.key]++);
  EXPECT_EQ(next["a"], kRecords);
  EXPECT_EQ(next["b"], kRecords);
}

TEST(KafkaRecords, EndInOneReportForEachBatchOfAnEmptyListToo) {
  KafkaAdmin admin;
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), admin.create_topic("empty"));
  EXPECT_TRUE(report_of(send(*producer, {})).failures.empty());
}

TEST(KafkaRecords, TwoCompressionsOfOneTopicTakeTwoProducers) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("compression");
  PoolBench bench;
  const vault::Requester requester{"AidboxTopicDestination", "events", ""};
  auto plain = bench.acquire(PoolBench::plaintext(), topic);
  auto packed = bench.pool().acquire(PoolBench::plaintext(), kafka::TopicSettings{topic, "lz4"}, requester, {});
  EXPECT_EQ(bench.pool().identities(), 2U);
  EXPECT_TRUE(report_of(send(*plain, {{"k", std::string(5'000, 'x')}})).failures.empty());
  EXPECT_TRUE(report_of(send(*packed, {{"k", std::string(5'000, 'x')}})).failures.empty());
  EXPECT_EQ(consume_all(topic, 2).size(), 2U);
}

}  // namespace
}  // namespace embergate::test
