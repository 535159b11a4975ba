// SPDX-License-Identifier: Apache-2.0
// How much longer work takes under a sanitizer, for bounds on processor time.
#pragma once

namespace embergate::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr double kSanitizerSlowdown = 10;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr double kSanitizerSlowdown = 3;
#else
inline constexpr double kSanitizerSlowdown = 1;
#endif

}  // namespace embergate::test
