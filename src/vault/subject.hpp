// SPDX-License-Identifier: Apache-2.0
// What can be watched: one file, or a bundle of several. Thread: all functions from any. Ownership: shared by the cache
// and its watches. Failure: none.
#pragma once

#include <cstdint>
#include <optional>

#include "embergate/core/clock.hpp"

namespace embergate::vault {

class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  virtual void check() = 0;  // looks now
  virtual std::uint64_t generation() = 0;
  // When it wants to be looked at again, if that is sooner than the next round.
  virtual std::optional<core::SteadyTime> due() = 0;
};

}  // namespace embergate::vault
