// SPDX-License-Identifier: Apache-2.0
// The newest errors of a destination for `$status` (contract 2.14): five different ones, each with how often it came,
// and when for the first and the last time. Texts that differ in nothing but how long something took, how much was on
// its way, or by which number the client calls a broker, are one error. Beside them what stops delivery now, and since
// when (contract 5.6). Thread: any; a mutex held for the copy of a text. Bound: kKept texts of kMaxText bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"

namespace embergate::delivery {

class ErrorLog {
 public:
  static constexpr std::size_t kKept = 5;
  static constexpr std::size_t kMaxText = 1'000;
  struct Entry {
    std::string message;    // the newest of its texts
    core::SystemTime at{};  // the last time
    core::SystemTime first{};
    std::uint64_t count = 1;
  };

  // True when this error was not among the kept ones.
  bool add(std::string_view message, core::SystemTime now);
  // A state that lasts, and is noticed again and again: counted when it begins only.
  void lasts(std::string_view message, core::SystemTime now);
  [[nodiscard]] std::vector<Entry> entries() const;  // newest first

  struct Stopped {
    std::string reason;
    core::SystemTime since{};
  };
  // Nothing is acknowledged any more, for this reason; the first call after goes_on() sets the time.
  void stopped_by(std::string_view reason, core::SystemTime now);
  void goes_on();
  [[nodiscard]] std::optional<Stopped> stopped() const;

 private:
  struct Kept {
    std::string what;  // the text without what differs from one time to the next
    Entry entry;
  };
  bool note(std::string_view message, core::SystemTime now, std::uint64_t again);

  mutable std::mutex mutex_;
  std::deque<Kept> entries_;
  std::optional<Stopped> stopped_;
};

}  // namespace embergate::delivery
