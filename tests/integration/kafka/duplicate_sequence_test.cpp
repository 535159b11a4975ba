// SPDX-License-Identifier: Apache-2.0
// A broker that takes records for repetitions of what it never stored. Only the library's mock cluster does so on
// demand.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <memory>

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
  void create_topic(const char* name) { rd_kafka_mock_topic_create(cluster_.get(), name, 1, 1); }
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

}  // namespace
}  // namespace embergate::test
