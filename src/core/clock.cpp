// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/clock.hpp"

namespace embergate::core {
namespace {

class MachineClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  SystemTime system_now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

const Clock& system_clock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace embergate::core
