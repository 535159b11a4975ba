// SPDX-License-Identifier: Apache-2.0
// Points in time as the database keeps them: microseconds since 1970 in UTC.
// Thread: pure.
#pragma once

#include <cstdint>

#include "embergate/core/clock.hpp"

namespace embergate::store::sqlite {

inline core::SystemTime time_of(std::int64_t microseconds) {
  return core::SystemTime(std::chrono::microseconds(microseconds));
}
inline std::int64_t stamp_of(core::SystemTime time) { return time.time_since_epoch().count(); }

}  // namespace embergate::store::sqlite
