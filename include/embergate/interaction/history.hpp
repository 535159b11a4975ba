// SPDX-License-Identifier: Apache-2.0
// How many versions a history shows (FHIR R4 http, history; contract 5.4). Thread: pure function, any. Failure:
// kMalformed.
#pragma once

#include <cstddef>
#include <string_view>

#include "embergate/core/result.hpp"

namespace embergate::interaction {

inline constexpr std::size_t kDefaultHistoryCount = 100;
inline constexpr std::size_t kMaxHistoryCount = 1000;

// The value of `_count`; larger ones mean the largest.
core::Result<std::size_t> parse_history_count(std::string_view text);

}  // namespace embergate::interaction
