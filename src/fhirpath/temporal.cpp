// SPDX-License-Identifier: Apache-2.0
// Dates and times as text.
#include "fhirpath/temporal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "fhirpath/temporal_fields.hpp"

namespace embergate::fhirpath {
namespace {

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

}  // namespace embergate::fhirpath
