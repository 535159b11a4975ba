// SPDX-License-Identifier: Apache-2.0
// A pause that is itself what a test does to the program: how long a process stands still, what lies between two
// changes. To wait for something, see eventually.hpp. Thread: of the caller.
#pragma once

#include <chrono>

#include "support/eventually.hpp"

namespace embergate::test {

inline void stand_still(std::chrono::milliseconds time) {
  eventually([] { return false; }, time, time);
}

}  // namespace embergate::test
