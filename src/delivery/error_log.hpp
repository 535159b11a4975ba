// SPDX-License-Identifier: Apache-2.0
// The newest errors of a destination for `$status` (contract 2.14): five different texts, each with the time it was
// last seen. Beside them what stops delivery now, and since when (contract 5.6). Thread: any; a mutex held for the copy
// of a text. Bound: kKept texts of kMaxText bytes.
#pragma once

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
    std::string message;
    core::SystemTime at{};
  };

  // True when this text was not among the kept ones.
  bool add(std::string_view message, core::SystemTime now);
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
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::optional<Stopped> stopped_;
};

}  // namespace embergate::delivery
