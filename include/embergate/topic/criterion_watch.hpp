// SPDX-License-Identifier: Apache-2.0
// Keeps a criterion that exceeds its limits event after event from slowing every write down (S-34). After kLimit costly
// evaluations in a row it is put off for one event, then tried again; each further costly one doubles the number of
// events put off, up to kMaxPutOff. One evaluation within the limits ends it. Matching only asks; what it found is
// noted when its transaction has committed, so that a write that is rolled back changes nothing. A transaction of many
// writes goes on from count() with a copy of its own, so that the limits hold within it too. Thread: any; a Count is a
// plain value. Ownership: shared by the catalogs that hold the topic, so a change elsewhere does not reset the count.
// Failure: none.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace embergate::topic {

class CriterionWatch {
 public:
  static constexpr std::uint32_t kLimit = 10;
  static constexpr std::uint32_t kMaxPutOff = 128;
  enum class Finding : std::uint8_t { kWithinLimits, kCostly, kPutOff };
  enum class Turn : std::uint8_t { kNone, kSwitchedOff, kLetInAgain };

  struct Count {
    std::uint32_t failures = 0;  // costly ones in a row
    std::uint32_t put_off = 0;   // events since the last of them

    // Whether the criterion is not to be evaluated for the next event.
    [[nodiscard]] bool puts_off() const {
      if (failures < kLimit) return false;
      const std::uint32_t doublings = std::min<std::uint32_t>(failures - kLimit, 7);
      return put_off < std::min(1U << doublings, kMaxPutOff);
    }
    // Whether kWithinLimits is worth noting.
    [[nodiscard]] bool has_failures() const { return failures != 0; }
    void note(Finding finding) {
      if (finding == Finding::kPutOff) {
        ++put_off;
        return;
      }
      put_off = 0;
      failures = finding == Finding::kCostly ? failures + 1 : 0;
    }
  };

  [[nodiscard]] Count count() const {
    return {failures_.load(std::memory_order_relaxed), put_off_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] bool is_off() const { return failures_.load(std::memory_order_relaxed) >= kLimit; }
  // After the commit of the event: what this one changed.
  Turn note(Finding finding) {
    if (finding == Finding::kPutOff) {
      put_off_.fetch_add(1, std::memory_order_relaxed);
      return Turn::kNone;
    }
    put_off_.store(0, std::memory_order_relaxed);
    if (finding == Finding::kCostly) {
      const bool is_last = failures_.fetch_add(1, std::memory_order_relaxed) + 1 == kLimit;
      return is_last ? Turn::kSwitchedOff : Turn::kNone;
    }
    return failures_.exchange(0, std::memory_order_relaxed) >= kLimit ? Turn::kLetInAgain : Turn::kNone;
  }

 private:
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<std::uint32_t> put_off_{0};
};

}  // namespace embergate::topic
