// SPDX-License-Identifier: Apache-2.0
// What can be watched: one file, or a bundle of several. Thread: all functions from any. Ownership: shared by the cache
// and its watches. Failure: none.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "embergate/core/clock.hpp"

namespace embergate::vault {

class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  virtual void check() = 0;  // looks now, and waits for the answer as long as a look may take
  // The same, where no answer has to be waited for. False: one has, or check() has more to do.
  virtual bool check_at_once() = 0;
  // Subjects with equal lanes wait for the same file systems.
  virtual std::string lane() = 0;
  // Whether a check() waits for its turn or runs; set and cleared by the poll thread's helpers.
  std::atomic<bool> check_begun{false};
  virtual std::uint64_t generation() = 0;
  // When it wants to be looked at again, if that is sooner than the next round.
  virtual std::optional<core::SteadyTime> due() = 0;
};

}  // namespace embergate::vault
