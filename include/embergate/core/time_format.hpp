// SPDX-License-Identifier: Apache-2.0
// RFC 3339 text of instants, always UTC ("Z"), and the dates of HTTP. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"

namespace embergate::core {

std::string format_instant_micros(SystemTime time);   // 2026-03-01T08:15:30.123456Z (meta.lastUpdated, contract 5.2)
std::string format_instant_millis(SystemTime time);   // 2026-03-01T08:15:30.123Z (logs)
std::string format_instant_seconds(SystemTime time);  // 2026-03-01T08:15:30Z (Bundle.timestamp, contract 2.9.1)
std::string format_http_date(SystemTime time);        // Sun, 01 Mar 2026 08:15:30 GMT (RFC 9110 5.6.7)
// Any of the three forms of RFC 9110 5.6.7; empty when the text is not a date.
std::optional<SystemTime> parse_http_date(std::string_view text);
// Empty when the text is not an RFC 3339 instant with zone.
std::optional<SystemTime> parse_instant(std::string_view text);

}  // namespace embergate::core
