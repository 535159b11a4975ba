// SPDX-License-Identifier: Apache-2.0
#include "support/events.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>

namespace embergate::test {
namespace {

using nlohmann::json;

constexpr std::size_t kShownFaults = 10;

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Event parse_event(const ConsumedRecord& record) {
  Event event;
  event.key = record.key.value_or("");
  event.partition = record.partition;
  event.offset = record.offset;
  event.bundle = json::parse(record.value.value_or(""));
  const json& status = event.bundle.at("entry").at(0).at("resource");
  const json& notice = status.at("notificationEvent").at(0);
  event.number = notice.at("eventNumber").get<std::int64_t>();
  const std::string focus = notice.at("focus").at("reference").get<std::string>();
  event.type = focus.substr(0, focus.find('/'));
  event.id = focus.substr(focus.find('/') + 1);
  event.id = event.id.substr(0, event.id.find('/'));
  if (event.bundle["entry"].size() < 2) return event;
  const json& entry = event.bundle["entry"][1];
  event.method = entry.at("request").at("method").get<std::string>();
  if (entry.contains("resource")) {
    event.version = number_of(entry["resource"].at("meta").at("versionId").get<std::string>());
  }
  return event;
}

std::string name_of(const Event& event) { return event.type + "/" + event.id; }

void add_fault(std::vector<std::string>& faults, std::string text) {
  if (faults.size() < kShownFaults) faults.push_back(std::move(text));
}

}  // namespace

std::map<std::string, std::vector<std::int64_t>> EventLog::versions() const {
  std::map<std::string, std::vector<std::pair<std::int64_t, std::int64_t>>> by_offset;
  for (const Event& event : events) by_offset[name_of(event)].emplace_back(event.offset, event.version);
  std::map<std::string, std::vector<std::int64_t>> out;
  for (auto& [name, list] : by_offset) {
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [offset, version] : list) out[name].push_back(version);
  }
  return out;
}

EventLog read_events(const std::vector<ConsumedRecord>& records, bool keep_bundles) {
  EventLog log;
  std::unordered_map<std::int64_t, std::size_t> first_bytes;  // event number -> hash of its first record
  std::map<std::string, int> partition_of;
  for (const ConsumedRecord& record : records) {
    const std::string place = std::to_string(record.partition) + "@" + std::to_string(record.offset);
    Event event;
    try {
      event = parse_event(record);
    } catch (const json::exception& error) {
      add_fault(log.faults, "record " + place + " is no notification: " + error.what());
      continue;
    }
    if (record.key && *record.key != event.id) {
      add_fault(log.faults, "record " + place + " has the key " + *record.key + " for " + name_of(event));
    }
    const auto partition = partition_of.emplace(name_of(event), record.partition).first;
    if (record.key && partition->second != record.partition) {
      add_fault(log.faults, name_of(event) + " is in two partitions");
    }
    const std::size_t bytes = std::hash<std::string>()(*record.value);
    const auto [seen, fresh] = first_bytes.emplace(event.number, bytes);
    if (!fresh) {
      ++log.duplicates;
      if (seen->second != bytes) {
        add_fault(log.faults, "event " + std::to_string(event.number) + " came again with another content");
      }
      continue;
    }
    if (!keep_bundles) event.bundle = nullptr;
    log.events.push_back(std::move(event));
  }
  return log;
}

std::vector<std::string> check_order(const EventLog& log, std::int64_t first) {
  std::vector<std::string> faults = log.faults;
  std::set<std::int64_t> numbers;
  for (const Event& event : log.events) numbers.insert(event.number);
  std::int64_t expected = first;
  for (const std::int64_t number : numbers) {
    if (number != expected) {
      add_fault(faults, "event numbers jump from " + std::to_string(expected - 1) + " to " + std::to_string(number));
    }
    expected = number + 1;
  }
  for (const auto& [name, versions] : log.versions()) {
    for (std::size_t i = 1; i < versions.size(); ++i) {
      if (versions[i] > versions[i - 1]) continue;
      add_fault(faults,
                name + ": version " + std::to_string(versions[i]) + " came after " + std::to_string(versions[i - 1]));
    }
  }
  return faults;
}

std::vector<std::string> compare_versions(const EventLog& log,
                                          const std::map<std::string, std::vector<std::int64_t>>& written) {
  std::vector<std::string> faults;
  const auto arrived = log.versions();
  for (const auto& [name, versions] : written) {
    const auto found = arrived.find(name);
    std::vector<std::int64_t> got = found == arrived.end() ? std::vector<std::int64_t>() : found->second;
    std::sort(got.begin(), got.end());
    std::vector<std::int64_t> lost;
    std::set_difference(versions.begin(), versions.end(), got.begin(), got.end(), std::back_inserter(lost));
    if (!lost.empty()) {
      add_fault(faults, name + ": lost " + std::to_string(lost.size()) + " of " + std::to_string(versions.size()) +
                            ", the first is version " + std::to_string(lost.front()));
    }
    std::vector<std::int64_t> invented;
    std::set_difference(got.begin(), got.end(), versions.begin(), versions.end(), std::back_inserter(invented));
    if (!invented.empty()) {
      add_fault(faults, name + ": version " + std::to_string(invented.front()) + " was never committed");
    }
  }
  for (const auto& [name, versions] : arrived) {
    if (!written.contains(name)) add_fault(faults, name + " was never written");
  }
  return faults;
}

std::string in_words(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += "\n  " + fault;
  return text;
}

}  // namespace embergate::test
