// SPDX-License-Identifier: Apache-2.0
// When to try a refused login again (decision 22, R-36): after 1, 2, 4, 5, 5 s ... for ten minutes, then doubling up to
// 60 s; each shortened by up to a tenth, so that many connections with one file do not knock together. Thread:
// one owner. Units: milliseconds. Failure: none.
#pragma once

#include <functional>
#include <optional>

#include "embergate/core/clock.hpp"

namespace embergate::kafka {

class RetrySchedule {
 public:
  using Jitter = std::function<double()>;  // in [0, 1)
  RetrySchedule();
  explicit RetrySchedule(Jitter jitter) : jitter_(std::move(jitter)) {}

  core::Milliseconds next(core::SteadyTime now);
  void reset();

 private:
  Jitter jitter_;
  std::optional<core::SteadyTime> first_;
  core::Milliseconds step_{0};
};

}  // namespace embergate::kafka
