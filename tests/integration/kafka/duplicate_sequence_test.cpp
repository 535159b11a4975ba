// SPDX-License-Identifier: Apache-2.0
// A broker that takes records for repetitions of what it never stored, and what keeps it from doing so. Only the
// library's mock cluster answers so, and tells when requests came.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "integration/kafka/mock_cluster.hpp"
#include "integration/kafka/pool_bench.hpp"

namespace embergate::test {
namespace {

TEST(DuplicateSequence, WithoutAnOffsetIsNoAcknowledgement) {
  MockCluster cluster;
  cluster.create_topic("events");
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = cluster.servers();
  const auto producer = bench.acquire(settings, "events");
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));

  cluster.answer_next_produce_with(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  const auto report = report_of(send(*producer, {{"k", "1"}}));

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].scope, kafka::FailureScope::kConnection);
  EXPECT_TRUE(report.failures[0].maybe_persisted);
  EXPECT_NE(report.failures[0].reason.find("DUPLICATE_SEQUENCE_NUMBER"), std::string::npos)
      << report.failures[0].reason;
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
}

constexpr std::chrono::milliseconds kRoundTrip{300};

TEST(FirstRecord, IsAcknowledgedBeforeTheSecondGoesToItsPartition) {
  MockCluster cluster;
  cluster.create_topic("events");
  cluster.answer_after(kRoundTrip);
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = cluster.servers();
  settings.linger_ms = 0;
  const auto producer = bench.acquire(settings, "events");

  EXPECT_TRUE(delivered(*producer, {{"k", "0"}, {"k", "1"}, {"other", "2"}, {"k", "3"}}));

  const auto requests = cluster.produce_requests();
  ASSERT_GE(requests.size(), 2U);
  EXPECT_GE(requests[1] - requests[0], kRoundTrip);
}

TEST(FirstRecord, HoldsNoOtherPartitionBack) {
  constexpr int kPartitions = 40;
  MockCluster cluster;
  cluster.create_topic("events", kPartitions);
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = cluster.servers();
  settings.linger_ms = 0;
  const auto producer = bench.acquire(settings, "events");
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  cluster.answer_after(kRoundTrip);

  std::vector<Outgoing> records;
  for (int i = 0; i < kPartitions; ++i) records.push_back({fmt::format("key-{}", i), "1"});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(delivered(*producer, records));

  // Some keys share a partition, and wait for each other; were partitions to wait, it would take forty round trips.
  EXPECT_LT(std::chrono::steady_clock::now() - before, kRoundTrip * kPartitions / 2);
}

TEST(FirstRecord, ThatFailedLetsTheNextOneTry) {
  MockCluster cluster;
  cluster.create_topic("events");
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = cluster.servers();
  const auto producer = bench.acquire(settings, "events");
  cluster.answer_next_produce_with(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);

  const auto report = report_of(send(*producer, {{"k", "0"}, {"k", "1"}, {"k", "2"}}));

  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].index, 0U);
}

}  // namespace
}  // namespace embergate::test
