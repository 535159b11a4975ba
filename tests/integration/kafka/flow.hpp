// SPDX-License-Identifier: Apache-2.0
// Records on their way all the time while something happens to the connection, and the judgement afterwards. Thread:
// a flow has its own; the rest is the test's. Ownership: refers to the producer. Failure: what does not report in
// time fails the test.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
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
  // After stop(): failures of all batches, in words.
  std::vector<std::string> failures();
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

// A destination's own way with failures: up to four rounds of ten keys are on their way; when one of them fails, what
// did not arrive is sent again in order once all have reported.
class RelayedFlow {
 public:
  explicit RelayedFlow(kafka::Producer& producer, std::chrono::milliseconds pace = std::chrono::milliseconds(5))
      : producer_(producer), pace_(pace), thread_([this] { run(); }) {}
  ~RelayedFlow();  // gives up what is still on its way
  RelayedFlow(const RelayedFlow&) = delete;
  RelayedFlow& operator=(const RelayedFlow&) = delete;

  void stop();  // when everything was delivered
  [[nodiscard]] int delivered() const { return delivered_; }
  [[nodiscard]] int failed() const { return failed_; }  // records that came back, each time
  [[nodiscard]] std::chrono::milliseconds longest_gap() const { return std::chrono::milliseconds(longest_gap_); }

 private:
  struct Flying {
    std::vector<Outgoing> records;
    std::future<kafka::BatchReport> report;
  };
  void run();
  [[nodiscard]] bool going() const { return !given_up_ && (!stopped_ || !flying_.empty()); }
  void start(std::vector<Outgoing> records);
  std::vector<Outgoing> land();  // what came back of the oldest
  void note_time();

  kafka::Producer& producer_;
  const std::chrono::milliseconds pace_;
  std::deque<Flying> flying_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopped_{false};
  std::atomic<bool> given_up_{false};
  std::atomic<int> delivered_{0};
  std::atomic<int> failed_{0};
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
