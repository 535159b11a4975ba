// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/time_format.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace embergate::core {
namespace {

struct Parts {
  std::tm calendar{};
  long micros = 0;
};

Parts split(SystemTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t stamp = seconds.time_since_epoch().count();
  Parts parts;
  gmtime_r(&stamp, &parts.calendar);
  parts.micros = static_cast<long>((time - seconds).count());
  return parts;
}

std::string date_time(const Parts& parts) {
  const std::tm& c = parts.calendar;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.tm_year + 1900, c.tm_mon + 1, c.tm_mday, c.tm_hour,
                     c.tm_min, c.tm_sec);
}

// Reads exactly `digits` digits at `at`, advances; -1 when something else stands there.
int number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool literal(std::string_view text, std::size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

std::optional<long> fraction_micros(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return 0;
  ++at;
  long micros = 0;
  int digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 6) micros = micros * 10 + (text[at] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::optional<int> offset_minutes(std::string_view text, std::size_t& at) {
  if (literal(text, at, 'Z')) return 0;
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  const int sign = text[at++] == '-' ? -1 : 1;
  const int hours = number(text, at, 2);
  if (hours < 0 || hours > 14 || !literal(text, at, ':')) return std::nullopt;
  const int minutes = number(text, at, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::string format_instant_micros(SystemTime time) {
  const Parts parts = split(time);
  return fmt::format("{}.{:06}Z", date_time(parts), parts.micros);
}

std::string format_instant_millis(SystemTime time) {
  const Parts parts = split(time);
  return fmt::format("{}.{:03}Z", date_time(parts), parts.micros / 1000);
}

std::string format_instant_seconds(SystemTime time) { return date_time(split(time)) + "Z"; }

std::string format_http_date(SystemTime time) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm c = split(time).calendar;
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<std::size_t>(c.tm_wday)),
                     c.tm_mday, kMonths.at(static_cast<std::size_t>(c.tm_mon)), c.tm_year + 1900, c.tm_hour, c.tm_min,
                     c.tm_sec);
}

std::optional<SystemTime> parse_http_date(std::string_view text) {
  const std::string terminated(text);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm calendar{};
    const char* const end = strptime(terminated.c_str(), form, &calendar);
    if (end == terminated.c_str() + terminated.size()) return SystemTime{std::chrono::seconds{timegm(&calendar)}};
  }
  return std::nullopt;
}

std::optional<SystemTime> parse_instant(std::string_view text) {
  std::size_t at = 0;
  const int year = number(text, at, 4);
  if (year < 1 || !literal(text, at, '-')) return std::nullopt;
  const int month = number(text, at, 2);
  if (month < 1 || month > 12 || !literal(text, at, '-')) return std::nullopt;
  const int day = number(text, at, 2);
  if (day < 1 || !literal(text, at, 'T')) return std::nullopt;
  const int hour = number(text, at, 2);
  if (hour < 0 || hour > 23 || !literal(text, at, ':')) return std::nullopt;
  const int minute = number(text, at, 2);
  if (minute < 0 || minute > 59 || !literal(text, at, ':')) return std::nullopt;
  const int second = number(text, at, 2);
  if (second < 0 || second > 60) return std::nullopt;
  const auto micros = fraction_micros(text, at);
  if (!micros) return std::nullopt;
  const auto offset = offset_minutes(text, at);
  if (!offset || at != text.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return SystemTime{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute - *offset} +
         std::chrono::seconds{second} + std::chrono::microseconds{*micros};
}

}  // namespace embergate::core
