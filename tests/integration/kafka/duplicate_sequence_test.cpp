// SPDX-License-Identifier: Apache-2.0
// A broker that takes records for repetitions of what it never stored, and what keeps it from doing so. Only the
// library's mock cluster answers so, and tells when requests came.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "integration/kafka/pool_bench.hpp"

namespace embergate::test {
namespace {

constexpr std::int16_t kProduce = 0;  // of Kafka's protocol

class MockCluster {
 public:
  MockCluster() : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)) {
    cluster_.reset(rd_kafka_mock_cluster_new(handle_.get(), 1));
  }
  [[nodiscard]] std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  void create_topic(const char* name, int partitions = 1) {
    rd_kafka_mock_topic_create(cluster_.get(), name, partitions, 1);
  }
  void answer_after(std::chrono::milliseconds round_trip) {
    rd_kafka_mock_broker_set_rtt(cluster_.get(), 1, static_cast<int>(round_trip.count()));
    rd_kafka_mock_start_request_tracking(cluster_.get());
  }
  // When the requests with records came.
  [[nodiscard]] std::vector<std::chrono::microseconds> produce_requests() const {
    std::vector<std::chrono::microseconds> times;
    std::size_t count = 0;
    rd_kafka_mock_request_t** const requests = rd_kafka_mock_get_requests(cluster_.get(), &count);
    for (std::size_t i = 0; i < count; ++i) {
      if (rd_kafka_mock_request_api_key(requests[i]) == kProduce)
        times.emplace_back(rd_kafka_mock_request_timestamp(requests[i]));
    }
    rd_kafka_mock_request_destroy_array(requests, count);
    return times;
  }
  void answer_next_produce_with(rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_.get(), kProduce, 1, error);
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
    void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
  };
  std::unique_ptr<rd_kafka_t, Destroy> handle_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy> cluster_;
};

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
