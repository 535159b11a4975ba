// SPDX-License-Identifier: Apache-2.0
// Faults that last, as states: each begins, comes again, and ends. The log has one line when it begins, one an hour
// while it lasts, one when it ends; metrics count how often it came and how many last. Thread: any; a
// mutex held for the change of a row, lines are written without it. Ownership: outlives those that report to it.
// Bound: kMost rows; what would be one more is counted, and logged as if it had begun. Failure: none.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/observability/metrics.hpp"

namespace embergate::observability {

class Faults {
 public:
  static constexpr std::size_t kMost = 10'000;
  static constexpr core::Milliseconds kReminder{3'600'000};

  struct Notice {
    core::Fault fault = core::Fault::kNone;
    std::string key;           // what has it, the same each time: a row is a fault of a key
    std::string concerns{};    // the same for people: "AidboxTopicDestination/events"; empty: the key
    std::string detail{};      // for people; redacted
    std::string_view event{};  // `ev` of the line when it begins (contract 6.2); empty: "fault/began"
    log::Level level = log::Level::kWarn;
    bool is_news = false;  // worth one more line, also while the fault lasts
    // How long it must last before it is worth a line: a connection that comes back at once is not.
    core::Milliseconds patience{0};
    // Ends by itself when it has not come again for so long: for what happens now and then. 0: it has to be ended.
    core::Milliseconds lapse{0};
    bool is_said = false;  // its owner has written the line of the beginning, with more than is known here
  };

  Faults(const core::Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  void happens(const Notice& notice);
  // As happens(); and whatever else the key had is over.
  void is_now(const Notice& notice);
  // Nothing is wrong with the key any more, or not with this fault.
  void ends(std::string_view key);
  void ends(std::string_view key, core::Fault fault);
  // For what looks at a state again and again: from now on the key has this fault and no other; kNone: none at all. The
  // same as before, with the same detail, is nothing new.
  void becomes(const Notice& notice);
  // Counts what does not last.
  void count(core::Fault fault) const;
  // The process ends: what stands is not over, so nothing is said of it any more.
  void close() { is_closed_.store(true); }
  // Writes the lines that are due by time; its owner calls it about once a second.
  void remind();

  struct Active {
    core::Fault fault = core::Fault::kNone;
    std::string key;
    std::string concerns;
    std::string detail;  // of the last time
    core::SystemTime first{};
    core::SystemTime last{};
    std::uint64_t count = 0;
  };
  [[nodiscard]] std::vector<Active> active() const;

 private:
  struct Row {
    Active state;
    log::Level level = log::Level::kWarn;
    std::string event;
    core::SteadyTime next_line{};
    core::SteadyTime lapses = core::SteadyTime::max();
    bool is_said = false;
  };
  using Key = std::pair<std::string, core::Fault>;
  enum class Line { kBegan, kLasts, kEnded };
  void say(const Row& row, Line line) const;
  using Rows = std::map<Key, Row>;
  Row take_out(Rows::iterator row);                    // mutex_ is held, as for the next
  std::vector<Row> take_others(const Notice& notice);  // whatever the key has but this fault
  void end(std::vector<Row> ended) const;
  void show_active(core::Fault fault) const;

  const core::Clock& clock_;
  Metrics& metrics_;
  std::atomic<bool> is_closed_{false};
  mutable std::mutex mutex_;
  Rows rows_;
  std::map<core::Fault, std::int64_t> active_;
};

}  // namespace embergate::observability
