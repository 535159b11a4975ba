// SPDX-License-Identifier: Apache-2.0
// The text of one log event: a JSON object without line ends, valid UTF-8 whatever comes in (contract 6.2).
// Thread: pure functions. Failure: none; bytes that are not UTF-8 become U+FFFD, long values are cut and end in "...".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::observability::log {

inline constexpr std::size_t kMaxValueBytes = 8192;

// `"key":` before `raw_json` when that is not empty; `fields` before it.
struct Event {
  std::string_view box_id;
  core::SystemTime time;
  Level level;
  std::string_view ev;
  std::string_view message;
  std::span<const Field> fields;
  std::string_view raw_key;
  std::string_view raw_json;
};
std::string line_of(const Event& event);

// The inside of a JSON string.
void append_text(std::string& out, std::string_view text);

}  // namespace embergate::observability::log
