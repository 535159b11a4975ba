// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/temporal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace embergate::fhirpath {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr int kEarliestOffset = 14 * 60;  // minutes east: the zone where a local time comes first
constexpr int kLatestOffset = -12 * 60;

int days_in_month(int year, int month) {
  static constexpr std::uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month == 2 && std::chrono::year(year).is_leap()) return 29;
  return kDays[month - 1];
}

// Takes `count` digits off the front of `text`; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, Temporal& value) {
  const int year = take_digits(text, 4);
  if (year < 1) return false;
  value.year = static_cast<std::int16_t>(year);
  value.precision = Precision::kYear;
  if (!take(text, '-')) return true;
  const int month = take_digits(text, 2);
  if (month < 1 || month > 12) return false;
  value.month = static_cast<std::uint8_t>(month);
  value.precision = Precision::kMonth;
  if (!take(text, '-')) return true;
  const int day = take_digits(text, 2);
  if (day < 1 || day > days_in_month(year, month)) return false;
  value.day = static_cast<std::uint8_t>(day);
  value.precision = Precision::kDay;
  return true;
}

bool take_fraction(std::string_view& text, Temporal& value) {
  std::uint32_t nanos = 0;
  std::uint32_t unit = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    nanos += unit * static_cast<std::uint32_t>(text.front() - '0');
    unit /= 10;
    ++digits;
    text.remove_prefix(1);
  }
  value.nanoseconds = nanos;
  value.fraction_digits = static_cast<std::uint8_t>(std::min<std::size_t>(digits, 9));
  value.precision = Precision::kMillisecond;
  return digits > 0;
}

bool take_time(std::string_view& text, Temporal& value) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23) return false;
  value.hour = static_cast<std::uint8_t>(hour);
  value.precision = Precision::kHour;
  if (!take(text, ':')) return true;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) return false;
  value.minute = static_cast<std::uint8_t>(minute);
  value.precision = Precision::kMinute;
  if (!take(text, ':')) return true;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return false;  // 60: a leap second
  value.second = static_cast<std::uint8_t>(second);
  value.precision = Precision::kSecond;
  return !take(text, '.') || take_fraction(text, value);
}

bool take_offset(std::string_view& text, Temporal& value) {
  if (take(text, 'Z')) {
    value.offset = 0;
    return true;
  }
  if (text.empty()) return true;
  const int sign = text.front() == '+' ? 1 : (text.front() == '-' ? -1 : 0);
  if (sign == 0) return false;
  text.remove_prefix(1);
  const int hours = take_digits(text, 2);
  if (hours < 0 || hours > 14 || !take(text, ':')) return false;
  const int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return false;
  value.offset = static_cast<std::int16_t>(sign * (hours * 60 + minutes));
  return true;
}

std::int64_t day_number(const Temporal& value) {
  const std::chrono::year_month_day date{std::chrono::year(value.year), std::chrono::month(value.month),
                                         std::chrono::day(value.day)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool set_day_number(Temporal& value, std::int64_t days) {
  constexpr std::int64_t kFirst = -719'162;  // 0001-01-01
  constexpr std::int64_t kLast = 2'932'896;  // 9999-12-31
  if (days < kFirst || days > kLast) return false;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  value.year = static_cast<std::int16_t>(static_cast<int>(date.year()));
  value.month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
  value.day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
  return true;
}

std::int64_t second_of_day(const Temporal& value) { return value.hour * 3600LL + value.minute * 60LL + value.second; }

void set_second_of_day(Temporal& value, std::int64_t seconds) {
  value.hour = static_cast<std::uint8_t>(seconds / 3600);
  value.minute = static_cast<std::uint8_t>(seconds / 60 % 60);
  value.second = static_cast<std::uint8_t>(seconds % 60);
}

// Seconds since 1970 as if the local fields were UTC.
std::int64_t local_seconds(const Temporal& value) { return day_number(value) * kSecondsPerDay + second_of_day(value); }

bool shift_seconds(Temporal& value, TemporalKind kind, std::int64_t seconds) {
  const std::int64_t total = second_of_day(value) + seconds;
  std::int64_t days = total / kSecondsPerDay;
  std::int64_t rest = total % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  set_second_of_day(value, rest);
  if (kind == TemporalKind::kTime || days == 0) return true;
  return set_day_number(value, day_number(value) + days);
}

Temporal to_utc(Temporal value) {
  if (value.has_offset() && value.offset != 0 && value.has_time()) {
    if (shift_seconds(value, TemporalKind::kDateTime, -60LL * value.offset)) value.offset = 0;
  }
  return value;
}

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

Precision precision_of(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::kYear:
      return Precision::kYear;
    case CalendarUnit::kMonth:
      return Precision::kMonth;
    case CalendarUnit::kWeek:
    case CalendarUnit::kDay:
      return Precision::kDay;
    case CalendarUnit::kHour:
      return Precision::kHour;
    case CalendarUnit::kMinute:
      return Precision::kMinute;
    case CalendarUnit::kSecond:
    case CalendarUnit::kMillisecond:
      return Precision::kSecond;
  }
  return Precision::kSecond;
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

std::optional<Temporal> parse_date(std::string_view text) {
  Temporal value;
  if (!take_date(text, value) || !text.empty()) return std::nullopt;
  return value;
}

std::optional<Temporal> parse_date_time(std::string_view text) {
  Temporal value;
  if (!take_date(text, value)) return std::nullopt;
  if (take(text, 'T') && !text.empty()) {
    if (value.precision != Precision::kDay || !take_time(text, value) || !take_offset(text, value)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return value;
}

std::optional<Temporal> parse_time(std::string_view text) {
  Temporal value;
  if (!take_time(text, value) || !text.empty()) return std::nullopt;
  return value;
}

std::string to_string(const Temporal& value, TemporalKind kind) {
  std::string out;
  if (kind != TemporalKind::kTime) {
    fmt::format_to(std::back_inserter(out), "{:04}", value.year);
    if (value.precision >= Precision::kMonth) fmt::format_to(std::back_inserter(out), "-{:02}", value.month);
    if (value.precision >= Precision::kDay) fmt::format_to(std::back_inserter(out), "-{:02}", value.day);
    if (value.has_time()) out.push_back('T');
  }
  if (value.precision >= Precision::kHour) fmt::format_to(std::back_inserter(out), "{:02}", value.hour);
  if (value.precision >= Precision::kMinute) fmt::format_to(std::back_inserter(out), ":{:02}", value.minute);
  if (value.precision >= Precision::kSecond) fmt::format_to(std::back_inserter(out), ":{:02}", value.second);
  if (value.precision >= Precision::kMillisecond) {
    out += '.' + fmt::format("{:09}", value.nanoseconds).substr(0, std::max<std::size_t>(1, value.fraction_digits));
  }
  if (value.has_offset()) {
    const int minutes = std::abs(value.offset);
    if (minutes == 0) {
      out.push_back('Z');
    } else {
      fmt::format_to(std::back_inserter(out), "{}{:02}:{:02}", value.offset < 0 ? '-' : '+', minutes / 60,
                     minutes % 60);
    }
  }
  return out;
}

Temporal from_system_time(core::SystemTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time - day).count();
  Temporal value;
  set_day_number(value, day.time_since_epoch().count());
  set_second_of_day(value, millis / 1000);
  value.nanoseconds = static_cast<std::uint32_t>(millis % 1000) * 1'000'000;
  value.fraction_digits = 3;
  value.precision = Precision::kMillisecond;
  value.offset = 0;
  return value;
}

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
