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

std::vector<kafka::RecordFailure> SteadyFlow::failures() {
  std::vector<kafka::RecordFailure> all;
  for (auto& one : pending_) {
    for (auto& failure : report_of(std::move(one)).failures) all.push_back(std::move(failure));
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

void RelayedFlow::run() {
  auto last = std::chrono::steady_clock::now();
  for (int number = 0; !stopped_; ++number) {
    std::vector<Outgoing> open = round_of(number);
    while (!open.empty()) {
      const auto report = report_of(send(producer_, open), 60s);
      std::vector<Outgoing> again;
      for (const auto& failure : report.failures) again.push_back(open[failure.index]);
      open = std::move(again);
      if (!open.empty()) eventually([] { return false; }, 20ms);
    }
    const auto now = std::chrono::steady_clock::now();
    const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - last).count();
    if (number > 0 && gap > longest_gap_) longest_gap_ = gap;
    last = now;
    delivered_ += kKeys;
    eventually([this] { return stopped_.load(); }, 5ms);
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
