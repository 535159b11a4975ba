// SPDX-License-Identifier: Apache-2.0
// Order, shifts and boundaries of dates and times.
#include <algorithm>

#include "fhirpath/temporal_fields.hpp"

namespace embergate::fhirpath {
namespace {

Order order_of(std::int64_t left, std::int64_t right) {
  if (left == right) return Order::kEqual;
  return left < right ? Order::kLess : Order::kGreater;
}

Order compare_fields(const Temporal& a, const Temporal& b, bool times) {
  const auto level = [](Precision p) { return static_cast<int>(std::min(p, Precision::kSecond)); };
  const int last = std::min(level(a.precision), level(b.precision));
  const std::int64_t left[] = {a.year, a.month, a.day, a.hour, a.minute, a.second * kNanosPerSecond + a.nanoseconds};
  const std::int64_t right[] = {b.year, b.month, b.day, b.hour, b.minute, b.second * kNanosPerSecond + b.nanoseconds};
  for (int i = times ? 3 : 0; i <= last; ++i) {
    if (left[i] != right[i]) return order_of(left[i], right[i]);
  }
  return level(a.precision) == level(b.precision) ? Order::kEqual : Order::kUnknown;
}

Order reversed(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  return order == Order::kGreater ? Order::kLess : order;
}

// `local` has no offset: it stands for every instant between its earliest and its latest zone.
Order compare_without_zone(const Temporal& instant, const Temporal& local) {
  const std::int64_t at = local_seconds(instant) - 60LL * instant.offset;
  const std::int64_t here = local_seconds(local);
  if (at < here - 60LL * kEarliestOffset) return Order::kLess;
  const std::int64_t open =
      local.precision == Precision::kHour ? 3599 : (local.precision == Precision::kMinute ? 59 : 0);
  if (at > here + open - 60LL * kLatestOffset) return Order::kGreater;
  return Order::kUnknown;
}

bool add_months(Temporal& value, std::int64_t months) {
  const std::int64_t total = value.year * 12LL + (value.month - 1) + months;
  if (total < 12 || total >= 10'000LL * 12) return false;
  value.year = static_cast<std::int16_t>(total / 12);
  value.month = static_cast<std::uint8_t>(total % 12 + 1);
  value.day = std::min<std::uint8_t>(value.day, static_cast<std::uint8_t>(days_in_month(value.year, value.month)));
  return true;
}

bool add_nanoseconds(Temporal& value, TemporalKind kind, Int128 nanos) {
  const Int128 total = nanos + value.nanoseconds;
  Int128 seconds = total / kNanosPerSecond;
  Int128 rest = total % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    seconds -= 1;
  }
  constexpr Int128 kTooFar = Int128{20'000} * 366 * kSecondsPerDay;
  if (seconds > kTooFar || seconds < -kTooFar) return false;
  value.nanoseconds = static_cast<std::uint32_t>(rest);
  return shift_seconds(value, kind, static_cast<std::int64_t>(seconds));
}

// Whole units of `precision` in `amount` of a finer unit, by the calendar's round numbers (365 and 30 days).
std::int64_t coarsened(std::int64_t amount, CalendarUnit unit, Precision precision) {
  if (unit == CalendarUnit::kMonth) return amount / 12;
  std::int64_t seconds_per = 1;
  switch (unit) {
    case CalendarUnit::kWeek:
      seconds_per = 7 * kSecondsPerDay;
      break;
    case CalendarUnit::kDay:
      seconds_per = kSecondsPerDay;
      break;
    case CalendarUnit::kHour:
      seconds_per = 3600;
      break;
    case CalendarUnit::kMinute:
      seconds_per = 60;
      break;
    case CalendarUnit::kMillisecond:
      amount /= 1000;
      break;
    default:
      break;
  }
  std::int64_t seconds = 0;
  if (__builtin_mul_overflow(amount, seconds_per, &seconds)) return INT32_MAX;
  switch (precision) {
    case Precision::kYear:
      return seconds / (365 * kSecondsPerDay);
    case Precision::kMonth:
      return seconds / (30 * kSecondsPerDay);
    case Precision::kDay:
      return seconds / kSecondsPerDay;
    case Precision::kHour:
      return seconds / 3600;
    case Precision::kMinute:
      return seconds / 60;
    default:
      return seconds;
  }
}

bool add_whole(Temporal& value, TemporalKind kind, std::int64_t amount, Precision unit) {
  constexpr std::int64_t kTooMany = 1'000'000'000'000;
  if (amount > kTooMany || amount < -kTooMany) return false;
  const bool is_time = kind == TemporalKind::kTime;
  switch (unit) {
    case Precision::kYear:
      return !is_time && add_months(value, amount * 12);
    case Precision::kMonth:
      return !is_time && add_months(value, amount);
    case Precision::kDay:
      return !is_time && set_day_number(value, day_number(value) + amount);
    case Precision::kHour:
      return shift_seconds(value, kind, amount * 3600);
    case Precision::kMinute:
      return shift_seconds(value, kind, amount * 60);
    default:
      return shift_seconds(value, kind, amount);
  }
}

std::optional<Precision> precision_of_digits(int digits, TemporalKind kind) {
  if (kind == TemporalKind::kTime) digits += 8;
  switch (digits) {
    case 4:
      return Precision::kYear;
    case 6:
      return Precision::kMonth;
    case 8:
      return kind == TemporalKind::kTime ? std::nullopt : std::optional(Precision::kDay);
    case 10:
      return Precision::kHour;
    case 12:
      return Precision::kMinute;
    case 14:
      return Precision::kSecond;
    case 17:
      return Precision::kMillisecond;
    default:
      return std::nullopt;
  }
}

}  // namespace

Order compare(const Temporal& left, const Temporal& right, TemporalKind left_kind, TemporalKind right_kind) {
  const bool times = left_kind == TemporalKind::kTime;
  if (!times && left.has_time() && right.has_time() && left_kind == right_kind &&
      left.has_offset() != right.has_offset()) {
    return left.has_offset() ? compare_without_zone(left, right) : reversed(compare_without_zone(right, left));
  }
  if (left.has_offset() && right.has_offset() && left.offset != right.offset)
    return compare_fields(to_utc(left), to_utc(right), times);
  return compare_fields(left, right, times);
}

std::optional<Temporal> add(const Temporal& value, TemporalKind kind, const Decimal& amount, CalendarUnit unit) {
  Temporal result = value;
  const bool sub_second = unit == CalendarUnit::kSecond || unit == CalendarUnit::kMillisecond;
  if (sub_second && value.precision >= Precision::kSecond) {
    const auto nanos =
        multiply(amount, Decimal::from_integer(unit == CalendarUnit::kSecond ? kNanosPerSecond : 1'000'000));
    if (!nanos || !add_nanoseconds(result, kind, nanos->truncated().mantissa)) return std::nullopt;
    if (result.nanoseconds != value.nanoseconds && result.fraction_digits < 3) {
      result.fraction_digits = 3;
      result.precision = Precision::kMillisecond;
    }
    return result;
  }
  const auto whole = amount.truncated().to_integer();
  if (!whole) return std::nullopt;
  const Precision wanted = precision_of(unit);
  const Precision have = std::min(value.precision, Precision::kSecond);
  if (wanted > have) {
    if (!add_whole(result, kind, coarsened(*whole, unit, have), have)) return std::nullopt;
    return result;
  }
  std::int64_t count = *whole;
  if (unit == CalendarUnit::kWeek && __builtin_mul_overflow(count, std::int64_t{7}, &count)) return std::nullopt;
  if (!add_whole(result, kind, count, wanted)) return std::nullopt;
  return result;
}

std::optional<Temporal> boundary(const Temporal& value, TemporalKind kind, int digits, bool high) {
  const auto wanted = precision_of_digits(digits, kind);
  if (!wanted || (kind == TemporalKind::kDate && *wanted > Precision::kDay)) return std::nullopt;
  Temporal result = value;
  if (value.precision < Precision::kMonth) result.month = high ? 12 : 1;
  if (value.precision < Precision::kDay && kind != TemporalKind::kTime) {
    result.day = static_cast<std::uint8_t>(high ? days_in_month(result.year, result.month) : 1);
  }
  if (value.precision < Precision::kHour) result.hour = high ? 23 : 0;
  // FHIR has no values of hour precision: an hour alone means its first minute.
  if (value.precision < Precision::kMinute) result.minute = high && value.precision < Precision::kHour ? 59 : 0;
  if (value.precision < Precision::kSecond) result.second = high ? 59 : 0;
  if (value.precision < Precision::kMillisecond) result.nanoseconds = high ? 999'000'000 : 0;
  result.fraction_digits = std::max<std::uint8_t>(value.fraction_digits, 3);
  result.precision = *wanted;
  if (kind == TemporalKind::kDateTime) {
    if (!result.has_time()) {
      result.offset = kNoOffset;
    } else if (!value.has_offset()) {
      result.offset = static_cast<std::int16_t>(high ? kLatestOffset : kEarliestOffset);
    }
  }
  return result;
}

int precision_digits(const Temporal& value, TemporalKind kind) {
  static constexpr int kDigits[] = {4, 6, 8, 10, 12, 14, 17};
  const int digits = kDigits[static_cast<int>(value.precision)];
  return kind == TemporalKind::kTime ? digits - 8 : digits;
}

}  // namespace embergate::fhirpath
