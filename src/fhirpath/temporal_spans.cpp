// SPDX-License-Identifier: Apache-2.0
// How far apart two dates or times are: whole periods, and boundaries between them.
#include "fhirpath/temporal_fields.hpp"

namespace embergate::fhirpath {
namespace {

// Both at the precision that counting `unit` needs, and on one clock where hours and finer are counted.
bool normalize(Temporal& from, Temporal& to, CalendarUnit unit) {
  const Precision least = precision_of(unit);
  if (from.precision < least || to.precision < least) return false;
  if (least < Precision::kHour) return true;
  if (from.has_offset() != to.has_offset()) return false;
  from = to_utc(from);
  to = to_utc(to);
  return true;
}

std::int64_t days_of(const Temporal& value, TemporalKind kind) {
  return kind == TemporalKind::kTime ? 0 : day_number(value);
}

// Seconds; nanoseconds within the second are kept apart, so that nothing overflows.
std::int64_t seconds_of(const Temporal& value, TemporalKind kind) {
  return days_of(value, kind) * kSecondsPerDay + second_of_day(value);
}

bool is_later(const Temporal& left, const Temporal& right, TemporalKind kind) {
  const std::int64_t a = seconds_of(left, kind);
  const std::int64_t b = seconds_of(right, kind);
  return a != b ? a > b : left.nanoseconds > right.nanoseconds;
}

std::int64_t months_between(const Temporal& from, const Temporal& to) {
  std::int64_t months = (to.year - from.year) * 12LL + to.month - from.month;
  const std::int64_t from_rest = from.day * kSecondsPerDay + second_of_day(from);
  const std::int64_t to_rest = to.day * kSecondsPerDay + second_of_day(to);
  if (to_rest < from_rest || (to_rest == from_rest && to.nanoseconds < from.nanoseconds)) --months;
  return months;
}

// `from` is not later than `to`; every field of both counts.
std::int64_t periods_forward(const Temporal& from, const Temporal& to, TemporalKind kind, CalendarUnit unit) {
  if (unit == CalendarUnit::kYear) return months_between(from, to) / 12;
  if (unit == CalendarUnit::kMonth) return months_between(from, to);
  std::int64_t seconds = seconds_of(to, kind) - seconds_of(from, kind);
  std::int64_t nanos = static_cast<std::int64_t>(to.nanoseconds) - from.nanoseconds;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  switch (unit) {
    case CalendarUnit::kWeek:
      return seconds / (7 * kSecondsPerDay);
    case CalendarUnit::kDay:
      return seconds / kSecondsPerDay;
    case CalendarUnit::kHour:
      return seconds / 3600;
    case CalendarUnit::kMinute:
      return seconds / 60;
    case CalendarUnit::kSecond:
      return seconds;
    default:
      return seconds * 1000 + nanos / 1'000'000;
  }
}

std::int64_t periods(const Temporal& from, const Temporal& to, TemporalKind kind, CalendarUnit unit) {
  return is_later(from, to, kind) ? -periods_forward(to, from, kind, unit) : periods_forward(from, to, kind, unit);
}

// The least or greatest moment that a value of less precision may mean.
Temporal completed(Temporal value, TemporalKind kind, bool high) {
  if (value.precision < Precision::kMonth) value.month = high ? 12 : 1;
  if (value.precision < Precision::kDay && kind != TemporalKind::kTime)
    value.day = static_cast<std::uint8_t>(high ? days_in_month(value.year, value.month) : 1);
  if (kind == TemporalKind::kDate || !high) return value;
  if (value.precision < Precision::kHour) value.hour = 23;
  if (value.precision < Precision::kMinute) value.minute = 59;
  if (value.precision < Precision::kSecond) value.second = 59;
  if (value.precision < Precision::kMillisecond) value.nanoseconds = kNanosPerSecond - 1;
  return value;
}

std::int64_t floor_divided(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

// Which period of `unit` a value lies in, counted from a fixed one.
std::int64_t period_number(const Temporal& value, TemporalKind kind, CalendarUnit unit) {
  constexpr std::int64_t kFirstSunday = 4;  // 1970-01-01 was a Thursday
  switch (unit) {
    case CalendarUnit::kYear:
      return value.year;
    case CalendarUnit::kMonth:
      return value.year * 12LL + value.month;
    case CalendarUnit::kWeek:
      return floor_divided(day_number(value) + kFirstSunday, 7);
    case CalendarUnit::kDay:
      return days_of(value, kind);
    case CalendarUnit::kHour:
      return floor_divided(seconds_of(value, kind), 3600);
    case CalendarUnit::kMinute:
      return floor_divided(seconds_of(value, kind), 60);
    case CalendarUnit::kSecond:
      return seconds_of(value, kind);
    default:
      return seconds_of(value, kind) * 1000 + value.nanoseconds / 1'000'000;
  }
}

}  // namespace

std::optional<std::int64_t> whole_periods(const Temporal& from, const Temporal& to, TemporalKind kind,
                                          CalendarUnit unit) {
  Temporal a = from;
  Temporal b = to;
  if (!normalize(a, b, unit)) return std::nullopt;
  if (a.precision == b.precision) return periods(a, b, kind, unit);
  const std::int64_t least = periods(completed(a, kind, true), completed(b, kind, false), kind, unit);
  const std::int64_t most = periods(completed(a, kind, false), completed(b, kind, true), kind, unit);
  return least == most ? std::optional(least) : std::nullopt;
}

std::optional<std::int64_t> boundaries_crossed(const Temporal& from, const Temporal& to, TemporalKind kind,
                                               CalendarUnit unit) {
  Temporal a = from;
  Temporal b = to;
  if (!normalize(a, b, unit)) return std::nullopt;
  return period_number(b, kind, unit) - period_number(a, kind, unit);
}

}  // namespace embergate::fhirpath
