// SPDX-License-Identifier: Apache-2.0
// What several expressions over one event have in common, found once: `repeat(item)` of a hundred criteria. A part is a
// path from the root or from a variable, so it gives the same items wherever it stands. Thread: one event, one thread.
// Ownership: items point into the event's resources, which outlive this. Failure: none; a part that is too long to keep
// (kMaxItems in all) is found again each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace embergate::fhirpath {

class SharedParts {
 public:
  static constexpr std::size_t kMaxItems = 50'000;
  static constexpr std::uint32_t kNotShared = 0xffff'ffff;

  // For parts with the numbers 0 to count - 1.
  explicit SharedParts(std::size_t count);
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

 private:
  friend class Evaluator;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::fhirpath
