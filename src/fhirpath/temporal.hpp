// SPDX-License-Identifier: Apache-2.0
// Date, DateTime and Time values with the precision they were written with, and an offset where there is one.
// Thread: plain values. Failure: text that is no such value, or a result outside the years 1 to 9999, gives nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "fhirpath/decimal.hpp"

namespace embergate::fhirpath {

enum class Precision : std::uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond, kMillisecond };
enum class TemporalKind : std::uint8_t { kDate, kDateTime, kTime };
inline constexpr std::int16_t kNoOffset = INT16_MAX;

struct Temporal {  // 16 bytes
  std::int16_t year = 0;
  std::uint8_t month = 1;
  std::uint8_t day = 1;
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
  Precision precision = Precision::kYear;
  std::int16_t offset = kNoOffset;   // minutes east of UTC
  std::uint8_t fraction_digits = 0;  // as written
  std::uint32_t nanoseconds = 0;

  [[nodiscard]] bool has_offset() const { return offset != kNoOffset; }
  [[nodiscard]] bool has_time() const { return precision >= Precision::kHour; }
};

std::optional<Temporal> parse_date(std::string_view text);  // 2015, 2015-02, 2015-02-04
std::optional<Temporal> parse_date_time(
    std::string_view text);                                 // a date, or a date, T and as much of a time as is known
std::optional<Temporal> parse_time(std::string_view text);  // 14, 14:34, 14:34:28.123
std::string to_string(const Temporal& value, TemporalKind kind);
Temporal from_system_time(core::SystemTime time);  // UTC, milliseconds

enum class Order : std::uint8_t { kLess, kEqual, kGreater, kUnknown };
// Step by step from the year down (times: from the hour). kUnknown: equal as far as both go and one goes further, or
// only one has an offset and the zone of the other would matter.
Order compare(const Temporal& left, const Temporal& right, TemporalKind left_kind, TemporalKind right_kind);

enum class CalendarUnit : std::uint8_t { kYear, kMonth, kWeek, kDay, kHour, kMinute, kSecond, kMillisecond };
// `amount` may be negative. Month ends clip; finer units than the precision are converted and truncated; times wrap at
// midnight.
std::optional<Temporal> add(const Temporal& value, TemporalKind kind, const Decimal& amount, CalendarUnit unit);

// Whole periods of `unit` from `from` to `to`, negative when `to` is earlier. nullopt: one is not precise enough, or
// what is missing in one of them would decide.
std::optional<std::int64_t> whole_periods(const Temporal& from, const Temporal& to, TemporalKind kind,
                                          CalendarUnit unit);
// Boundaries of `unit` between the two; weeks begin on Sunday.
std::optional<std::int64_t> boundaries_crossed(const Temporal& from, const Temporal& to, TemporalKind kind,
                                               CalendarUnit unit);

// Text by a format of y M d h H m s S a Z: yyyy-MM-dd, dd.MM.yy HH:mm. nullopt: the text does not fit. `known` is false
// when the format has a letter that is not known.
std::optional<Temporal> parse_formatted(std::string_view text, std::string_view format, bool& known);

// Boundaries: the least or greatest value of `digits` digits (dates 4, 6, 8; DateTime 10, 12, 14, 17 too; Time 2, 4, 6,
// 9).
std::optional<Temporal> boundary(const Temporal& value, TemporalKind kind, int digits, bool high);
int precision_digits(const Temporal& value, TemporalKind kind);

}  // namespace embergate::fhirpath
