// SPDX-License-Identifier: Apache-2.0
// The newest errors of a destination for `$status` (contract 2.14): five different ones, each with how often it came,
// and when for the first and the last time. What differs in nothing but its text is one error: code and peer say what
// it is. Beside them what stops delivery now, and since when (contract 5.6). Thread: any; a mutex held for the
// copy of a text. Bound: kKept texts of kMaxText bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/core/result.hpp"

namespace embergate::delivery {

struct Trouble {
  core::Fault fault = core::Fault::kNone;
  std::string message;
  std::string peer{};          // the broker that it is about, "host:port"; empty: none in particular
  bool of_connection = false;  // the connection reports it itself, for all destinations that share it
};
// `otherwise`: when the error has no row of its own in the table.
Trouble trouble_of(const core::Error& error, core::Fault otherwise = core::Fault::kStoreFailed);

class ErrorLog {
 public:
  static constexpr std::size_t kKept = 5;
  static constexpr std::size_t kMaxText = 1'000;
  struct Entry {
    core::Fault fault = core::Fault::kNone;
    std::string peer;
    std::string message;    // the newest of its texts
    core::SystemTime at{};  // the last time
    core::SystemTime first{};
    std::uint64_t count = 1;
  };
  // Hears of each error that is counted; called without a lock of the log.
  using Counted = std::function<void(const Trouble&)>;
  void on_counted(Counted counted);  // before anything is added

  // True when this error was not among the kept ones.
  bool add(const Trouble& trouble, core::SystemTime now);
  // A state that lasts, and is noticed again and again: counted when it begins only.
  void lasts(const Trouble& trouble, core::SystemTime now);
  [[nodiscard]] std::vector<Entry> entries() const;  // newest first

  struct Stopped {
    core::Fault fault = core::Fault::kNone;
    std::string reason;
    core::SystemTime since{};
  };
  // Nothing is acknowledged any more, for this reason; the first call after goes_on() sets the time.
  void stopped_by(const Trouble& trouble, core::SystemTime now);
  void goes_on();
  [[nodiscard]] std::optional<Stopped> stopped() const;

 private:
  bool note(const Trouble& trouble, core::SystemTime now, std::uint64_t again);

  Counted counted_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::optional<Stopped> stopped_;
};

}  // namespace embergate::delivery
