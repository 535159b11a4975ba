// SPDX-License-Identifier: Apache-2.0
// Records of a topic as events of the contract (2.9), and the question every delivery test asks: was anything lost,
// doubled or out of order? Thread: pure. Failure: a record that is no notification becomes a fault in words.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/kafka_consumer.hpp"

namespace embergate::test {

struct Event {
  std::int64_t number = 0;
  std::string method;  // of entry[1].request
  std::string type;
  std::string id;
  std::int64_t version = 0;  // 0: the record carries no resource
  std::string key;
  int partition = 0;
  std::int64_t offset = 0;
  nlohmann::json bundle;
};

struct EventLog {
  std::vector<Event> events;        // each number once, its first record, in order of arrival
  std::size_t duplicates = 0;       // further records of a number
  std::vector<std::string> faults;  // what must never be: wrong shape, another content under the same number, wrong key

  // Versions of each resource ("Patient/p1") in the order in which its partition holds them.
  [[nodiscard]] std::map<std::string, std::vector<std::int64_t>> versions() const;
};

// With `keep_bundles` each event keeps its parsed record.
EventLog read_events(const std::vector<ConsumedRecord>& records, bool keep_bundles = false);

// Faults in words, at most a few of each kind; empty when all is well: event numbers from 1 without a gap (`first`
// upwards), and the versions of each resource rising.
std::vector<std::string> check_order(const EventLog& log, std::int64_t first = 1);
// Faults when what arrived differs from what was written: resource -> versions, ascending.
std::vector<std::string> compare_versions(const EventLog& log,
                                          const std::map<std::string, std::vector<std::int64_t>>& written);
std::string in_words(const std::vector<std::string>& faults);

}  // namespace embergate::test
