// SPDX-License-Identifier: Apache-2.0
#include "integration/kafka/flow.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "support/eventually.hpp"

namespace embergate::test {

using namespace std::chrono_literals;

namespace {

constexpr int kKeys = 10;
constexpr std::size_t kMostPending = 32;

std::vector<Outgoing> round_of(int number) {
  std::vector<Outgoing> records;
  for (int key = 0; key < kKeys; ++key) records.push_back({fmt::format("key-{}", key), std::to_string(number)});
  return records;
}

}  // namespace

void SteadyFlow::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> SteadyFlow::failures() {
  std::vector<std::string> all;
  for (std::size_t round = 0; round < pending_.size(); ++round) {
    for (const auto& failure : report_of(std::move(pending_[round])).failures) {
      all.push_back(fmt::format("round {} key-{}: {}{}", round, failure.index, failure.reason,
                                failure.maybe_persisted ? " (may be stored)" : ""));
    }
  }
  return all;
}

void SteadyFlow::run() {
  while (!stopped_) {
    pending_.push_back(send(producer_, round_of(sent_ / kKeys)));
    sent_ += kKeys;
    // A topic that was made a moment ago may refuse the first request and take the second: a partition that does not
    // know the producer yet accepts any sequence, and the first, sent again, counts as a duplicate.
    if (pending_.size() == 1) pending_.front().wait_for(30s);
    // Fewer than a lane keeps: while a client drains for its successor nothing moves.
    if (pending_.size() > kMostPending) pending_[pending_.size() - kMostPending].wait_for(30s);
    eventually([this] { return stopped_.load(); }, pace_);
  }
}

void expect_each_once_in_order(const std::string& topic, int sent) {
  std::map<std::string, int> next;
  const auto consumed = consume_all(topic, static_cast<std::size_t>(sent));
  EXPECT_EQ(consumed.size(), static_cast<std::size_t>(sent));
  for (const auto& record : consumed) EXPECT_EQ(std::stoi(*record.value), next[*record.key]++) << *record.key;
}

void RelayedFlow::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

RelayedFlow::~RelayedFlow() {
  given_up_ = true;
  stop();
}

void RelayedFlow::start(std::vector<Outgoing> records) {
  auto report = send(producer_, records);
  flying_.push_back({std::move(records), std::move(report)});
}

std::vector<Outgoing> RelayedFlow::land() {
  Flying oldest = std::move(flying_.front());
  flying_.pop_front();
  if (!eventually([&] { return given_up_ || oldest.report.wait_for(0s) == std::future_status::ready; }, 60s) ||
      given_up_) {
    given_up_ = true;
    return {};
  }
  const auto report = oldest.report.get();
  std::vector<Outgoing> back;
  for (const auto& failure : report.failures) back.push_back(oldest.records[failure.index]);
  failed_ += static_cast<int>(back.size());
  delivered_ += static_cast<int>(oldest.records.size() - back.size());
  if (back.empty()) note_time();
  return back;
}

void RelayedFlow::note_time() {
  const auto now = std::chrono::steady_clock::now();
  const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_).count();
  if (delivered_ > kKeys && gap > longest_gap_) longest_gap_ = gap;
  last_ = now;
}

void RelayedFlow::run() {
  constexpr std::size_t kMostFlying = 4;
  int number = 0;
  while (going()) {
    if (!stopped_ && flying_.size() < kMostFlying) {
      start(round_of(number++));
      eventually([this] { return stopped_.load(); }, pace_);
      if (flying_.size() < kMostFlying && flying_.front().report.wait_for(0s) != std::future_status::ready) continue;
    }
    std::vector<Outgoing> again = land();
    if (again.empty()) continue;
    while (!flying_.empty()) {
      for (Outgoing& one : land()) again.push_back(std::move(one));
    }
    eventually([this] { return given_up_.load(); }, 20ms);
    producer_.resume();
    start(std::move(again));
  }
}

Arrival arrival_of(const std::string& topic, int delivered) {
  Arrival arrival;
  std::map<std::string, std::set<int>> seen;
  for (const auto& record : consume_all(topic, static_cast<std::size_t>(delivered))) {
    ++arrival.records;
    const int number = std::stoi(*record.value);
    std::set<int>& known = seen[*record.key];
    if (known.contains(number)) {
      ++arrival.doubled;
      continue;
    }
    if (!known.empty() && number < *known.rbegin()) ++arrival.reordered;
    known.insert(number);
  }
  int first = 0;
  for (const auto& [key, numbers] : seen) first += static_cast<int>(numbers.size());
  arrival.missing = delivered - first;
  return arrival;
}

}  // namespace embergate::test
