// SPDX-License-Identifier: Apache-2.0
// Time as a dependency, so that tests own it. steady_now() is for deadlines and ages, system_now() for stamps that
// people read. Thread: all functions may be called from any thread. Ownership: the one who wires the program owns the
// clock; it outlives its users.
#pragma once

#include <chrono>

namespace embergate::core {

using SteadyTime = std::chrono::steady_clock::time_point;
using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using Milliseconds = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
  [[nodiscard]] virtual SystemTime system_now() const = 0;
};

// The machine's clocks. One object for the process; never destroyed before its users.
const Clock& system_clock();

}  // namespace embergate::core
