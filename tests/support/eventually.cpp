// SPDX-License-Identifier: Apache-2.0
#include "support/eventually.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace embergate::test {

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline,
                std::chrono::milliseconds step) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::mutex mutex;
  std::condition_variable never_notified;
  while (!condition()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) return condition();
    std::unique_lock lock(mutex);
    never_notified.wait_until(lock, std::min(end, now + step));
  }
  return true;
}

}  // namespace embergate::test
