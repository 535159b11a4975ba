// SPDX-License-Identifier: Apache-2.0
// Keeps a criterion that exceeds its limits event after event from slowing every write down (S-34). After kLimit costly
// failures in a row it is passed over for one event, then tried again; each further failure doubles the number of
// events passed over, up to kMaxPassedOver. One evaluation within the limits ends it. Thread: any. Ownership: shared
// by the catalogs that hold the topic, so a change elsewhere does not start the count anew. Failure: none.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace embergate::topic {

class CriterionWatch {
 public:
  static constexpr std::uint32_t kLimit = 10;
  static constexpr std::uint32_t kMaxPassedOver = 128;

  // Whether the criterion is not to be evaluated for this event.
  bool pass_over() {
    const std::uint32_t failures = failures_.load(std::memory_order_relaxed);
    if (failures < kLimit) return false;
    const std::uint32_t doublings = std::min<std::uint32_t>(failures - kLimit, 7);
    if (passed_over_.fetch_add(1, std::memory_order_relaxed) < std::min(1U << doublings, kMaxPassedOver)) return true;
    passed_over_.store(0, std::memory_order_relaxed);
    return false;
  }
  // An evaluation failed after much work. True when this one switched the criterion off.
  bool failed() { return failures_.fetch_add(1, std::memory_order_relaxed) + 1 == kLimit; }
  void succeeded() {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_.store(0, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_off() const { return failures_.load(std::memory_order_relaxed) >= kLimit; }

 private:
  std::atomic<std::uint32_t> failures_{0};  // costly ones in a row
  std::atomic<std::uint32_t> passed_over_{0};
};

}  // namespace embergate::topic
