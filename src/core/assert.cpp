// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace embergate::core {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "assertion failed: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace embergate::core
