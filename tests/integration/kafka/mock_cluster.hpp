// SPDX-License-Identifier: Apache-2.0
// The library's own cluster in memory: for answers that a real broker gives only in rare moments, and to see when
// requests came. Thread: the test's. Ownership: must outlive the clients that connect to it. Failure: none.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace embergate::test {

class MockCluster {
 public:
  static constexpr std::int16_t kProduceRequest = 0;  // of Kafka's protocol
  static constexpr std::int16_t kInitProducerIdRequest = 22;
  static constexpr std::size_t kManyRequests = 10'000;
  MockCluster() : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)) {
    cluster_.reset(rd_kafka_mock_cluster_new(handle_.get(), 1));
  }
  [[nodiscard]] std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  void create_topic(const char* name, int partitions = 1) {
    rd_kafka_mock_topic_create(cluster_.get(), name, partitions, 1);
  }
  // A partition without a leader, as when all its replicas are down; and with one again.
  void take_leader(const char* topic, int partition = 0) {
    rd_kafka_mock_partition_set_leader(cluster_.get(), topic, partition, -1);
  }
  void give_leader(const char* topic, int partition = 0) {
    rd_kafka_mock_partition_set_leader(cluster_.get(), topic, partition, 1);
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
      if (rd_kafka_mock_request_api_key(requests[i]) == kProduceRequest)
        times.emplace_back(rd_kafka_mock_request_timestamp(requests[i]));
    }
    rd_kafka_mock_request_destroy_array(requests, count);
    return times;
  }
  // As a cluster does to a user without any right: a client asks for its producer id before its first record.
  void refuse_producer_ids(bool refuse) {
    if (!refuse) return rd_kafka_mock_clear_request_errors(cluster_.get(), kInitProducerIdRequest);
    std::vector<rd_kafka_resp_err_t> errors(kManyRequests, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), kInitProducerIdRequest, errors.size(), errors.data());
  }
  void answer_all_produce_with(rd_kafka_resp_err_t error) {
    const std::vector<rd_kafka_resp_err_t> errors(kManyRequests, error);
    rd_kafka_mock_push_request_errors_array(cluster_.get(), kProduceRequest, errors.size(), errors.data());
  }
  void answer_next_produce_with(rd_kafka_resp_err_t error) {
    rd_kafka_mock_push_request_errors(cluster_.get(), kProduceRequest, 1, error);
  }

 private:
  struct Destroy {
    void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
    void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
  };
  std::unique_ptr<rd_kafka_t, Destroy> handle_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy> cluster_;
};

}  // namespace embergate::test
