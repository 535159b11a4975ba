// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic on the fields of Date, DateTime and Time values, shared by what reads, compares and shifts them.
// Thread: pure functions. Failure: false for a result outside the years 1 to 9999.
#pragma once

#include <chrono>
#include <cstdint>

#include "fhirpath/temporal.hpp"

namespace embergate::fhirpath {

inline constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr std::int64_t kSecondsPerDay = 86'400;
inline constexpr int kEarliestOffset = 14 * 60;  // minutes east: the zone where a local time comes first
inline constexpr int kLatestOffset = -12 * 60;

int days_in_month(int year, int month);
std::int64_t day_number(const Temporal& value);  // days since 1970-01-01
bool set_day_number(Temporal& value, std::int64_t days);
std::int64_t second_of_day(const Temporal& value);
void set_second_of_day(Temporal& value, std::int64_t seconds);
std::int64_t local_seconds(const Temporal& value);  // seconds since 1970 as if the local fields were UTC
bool shift_seconds(Temporal& value, TemporalKind kind, std::int64_t seconds);
Temporal to_utc(Temporal value);  // unchanged without an offset or without a time
// The finest field that `unit` counts; seconds and milliseconds are one field.
Precision precision_of(CalendarUnit unit);

}  // namespace embergate::fhirpath
