// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/temporal_fields.hpp"

namespace embergate::fhirpath {

int days_in_month(int year, int month) {
  static constexpr std::uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month == 2 && std::chrono::year(year).is_leap()) return 29;
  return kDays[month - 1];
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

}  // namespace embergate::fhirpath
