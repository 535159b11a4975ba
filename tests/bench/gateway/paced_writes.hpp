// SPDX-License-Identifier: Apache-2.0
// Writes at a steady pace over HTTP, each followed to the record in a consumer's hands. A write that is due goes out
// whether or not earlier ones were answered late: `senders` of them at a time. Thread: the caller's; a run takes its
// seconds and what the last record needs. Failure: nothing, and how many records arrived on standard error.
#pragma once

#include <optional>

#include "support/gateway_world.hpp"

namespace embergate::bench {

struct Pace {
  std::size_t per_second = 500;
  std::size_t seconds = 10;
  std::size_t senders = 4;
};

struct Percentiles {
  double p50 = 0;  // milliseconds
  double p99 = 0;
};

struct PacedResult {
  Percentiles to_consumer;
  Percentiles to_answer;
  double delivered_per_second = 0;  // from the first write to the last record
};

class PacedWrites {
 public:
  // Topic and destination are made; one write was delivered.
  [[nodiscard]] bool start();
  std::optional<PacedResult> run(const Pace& pace);
  [[nodiscard]] test::GatewayWorld& world() { return world_; }
  [[nodiscard]] test::KafkaLane& lane() { return lane_; }

 private:
  void send_all(const Pace& pace, const std::string& prefix);
  void send_some(const Pace& pace, const std::string& prefix, std::size_t first);
  [[nodiscard]] PacedResult result() const;
  using TimePoints = std::vector<std::chrono::steady_clock::time_point>;
  [[nodiscard]] Percentiles since_sent(const TimePoints& then) const;

  test::GatewayWorld world_;
  test::KafkaLane lane_;
  std::chrono::steady_clock::time_point begin_;
  TimePoints sent_;
  TimePoints answered_;
  TimePoints arrived_;
  int runs_ = 0;
};

}  // namespace embergate::bench
