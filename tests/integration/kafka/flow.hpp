// SPDX-License-Identifier: Apache-2.0
// Records on their way all the time while something happens to the connection, and the judgement afterwards. Thread:
// a flow has its own; the rest is the test's. Ownership: refers to the producer. Failure: what does not report in
// time fails the test.
#pragma once

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "integration/kafka/pool_bench.hpp"

namespace embergate::test {

// Sends numbered records of ten keys in small batches until stopped.
class SteadyFlow {
 public:
  explicit SteadyFlow(kafka::Producer& producer, std::chrono::milliseconds pace = std::chrono::milliseconds(10))
      : producer_(producer), pace_(pace), thread_([this] { run(); }) {}
  ~SteadyFlow() { stop(); }
  SteadyFlow(const SteadyFlow&) = delete;
  SteadyFlow& operator=(const SteadyFlow&) = delete;

  void stop();
  // After stop(): failures of all batches.
  std::vector<kafka::RecordFailure> failures();
  [[nodiscard]] int sent() const { return sent_; }
  [[nodiscard]] bool reached(int count) const { return sent_ >= count; }

 private:
  void run();

  kafka::Producer& producer_;
  std::chrono::milliseconds pace_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> sent_{0};
  std::vector<std::future<kafka::BatchReport>> pending_;
  std::thread thread_;
};

// Of a topic that only one SteadyFlow wrote to.
void expect_each_once_in_order(const std::string& topic, int sent);

// A destination's own way with failures: every record of ten keys is sent again, in order, until it was delivered.
class RelayedFlow {
 public:
  explicit RelayedFlow(kafka::Producer& producer) : producer_(producer), thread_([this] { run(); }) {}
  ~RelayedFlow() { stop(); }
  RelayedFlow(const RelayedFlow&) = delete;
  RelayedFlow& operator=(const RelayedFlow&) = delete;

  void stop();
  [[nodiscard]] int delivered() const { return delivered_; }
  [[nodiscard]] std::chrono::milliseconds longest_gap() const { return std::chrono::milliseconds(longest_gap_); }

 private:
  void run();

  kafka::Producer& producer_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> delivered_{0};
  std::atomic<long> longest_gap_{0};
  std::thread thread_;
};

struct Arrival {
  int records = 0;
  int doubled = 0;
  int reordered = 0;  // first appearances only
  int missing = 0;
};
// Of a topic that one RelayedFlow wrote to.
Arrival arrival_of(const std::string& topic, int delivered);

}  // namespace embergate::test
