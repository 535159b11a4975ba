// SPDX-License-Identifier: Apache-2.0
// A clock that moves only when the test says so. Safe to read from other threads while the test moves it.
#pragma once

#include <atomic>

#include "embergate/core/clock.hpp"

namespace embergate::test {

class FakeClock final : public core::Clock {
 public:
  core::SteadyTime steady_now() const override { return core::SteadyTime(std::chrono::nanoseconds(steady_.load())); }
  core::SystemTime system_now() const override { return core::SystemTime(std::chrono::microseconds(system_.load())); }
  void advance(std::chrono::microseconds by) {
    steady_ += std::chrono::nanoseconds(by).count();
    system_ += by.count();
  }
  void step_system(std::chrono::microseconds by) { system_ += by.count(); }  // a clock that somebody set

 private:
  std::atomic<std::int64_t> steady_{1'000'000'000'000};
  std::atomic<std::int64_t> system_{1'772'352'930'000'000};  // 2026-03-01T08:15:30Z
};

}  // namespace embergate::test
