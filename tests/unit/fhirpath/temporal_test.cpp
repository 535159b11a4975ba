// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/temporal.hpp"

#include <gtest/gtest.h>

namespace embergate::fhirpath {
namespace {

constexpr auto kDate = TemporalKind::kDate;
constexpr auto kDateTime = TemporalKind::kDateTime;
constexpr auto kTime = TemporalKind::kTime;

Temporal moment(std::string_view text) { return parse_date_time(text).value(); }
Order order(std::string_view left, std::string_view right) {
  return compare(moment(left), moment(right), kDateTime, kDateTime);
}

std::string shifted(std::string_view text, TemporalKind kind, const char* amount, CalendarUnit unit) {
  const Temporal value = kind == kTime ? parse_time(text).value() : moment(text);
  const auto result = add(value, kind, Decimal::parse(amount).value(), unit);
  return result ? to_string(*result, kind) : "none";
}

TEST(Temporal, WritesWhatItRead) {
  for (const char* text :
       {"2015", "2015-02", "2015-02-28", "2016-02-29", "2015-02-04T14:34:28Z", "2015-02-04T14:34:28.123+10:00"}) {
    EXPECT_EQ(to_string(moment(text), kDateTime), text);
  }
  EXPECT_EQ(to_string(parse_time("14:34:28.120").value(), kTime), "14:34:28.120");
}

TEST(Temporal, RefusesDaysAndTimesThatDoNotExist) {
  for (const char* text : {"0000", "2015-13", "2015-02-29", "2015-02-30", "2015-02-04T24:00:00", "2015-02-04T14:60",
                           "2015-2-4", "20150204", "2015-02T14"}) {
    EXPECT_FALSE(parse_date_time(text)) << text;
  }
  EXPECT_FALSE(parse_time("14:34Z"));
}

TEST(Temporal, ComparesStepByStepAndSaysUnknownWhenPrecisionRunsOut) {
  EXPECT_EQ(order("2017", "2018-03"), Order::kLess);
  EXPECT_EQ(order("2018", "2018-03"), Order::kUnknown);
  EXPECT_EQ(order("2018-03-01T10:30:00", "2018-03-01T10:30:00.0"), Order::kEqual);
  EXPECT_EQ(order("2018-03-01T10:30:00.1", "2018-03-01T10:30:00"), Order::kGreater);
}

TEST(Temporal, ComparesOffsetsAsInstants) {
  EXPECT_EQ(order("2012-04-15T15:00:00+02:00", "2012-04-15T16:00:00+03:00"), Order::kEqual);
  EXPECT_EQ(order("2017-11-05T01:30:00-04:00", "2017-11-05T01:15:00-05:00"), Order::kLess);
  EXPECT_EQ(order("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00Z"), Order::kEqual);
}

TEST(Temporal, AssumesNoZoneWhereNoneIsGiven) {
  EXPECT_EQ(order("2012-04-15T15:00:00Z", "2012-04-15T10:00:00"), Order::kUnknown);
  EXPECT_EQ(order("2012-04-15T15:00:00Z", "2012-04-17T10:00:00"), Order::kLess);
  EXPECT_EQ(order("2012-04-15T10:00:00", "2012-04-13T15:00:00Z"), Order::kGreater);
}

struct Shift {
  const char* from;
  TemporalKind kind;
  const char* amount;
  CalendarUnit unit;
  const char* to;
};

TEST(Temporal, AddsCalendarUnits) {
  using enum CalendarUnit;
  const Shift rows[] = {
      {"2015-01-31", kDate, "1", kMonth, "2015-02-28"},
      {"2016-02-29", kDate, "1", kYear, "2017-02-28"},
      {"2016-02-29", kDate, "-4", kYear, "2012-02-29"},
      {"1973-12-25", kDate, "7.7", kDay, "1974-01-01"},
      {"2014", kDate, "23", kMonth, "2015"},
      {"2014", kDate, "365", kDay, "2015"},
      {"2014-03", kDate, "30", kDay, "2014-04"},
      {"2015-01-01", kDate, "2", kHour, "2015-01-01"},
      {"2015-01-01", kDate, "49", kHour, "2015-01-03"},
      {"2026-01-01T00:30:00Z", kDateTime, "-30", kMinute, "2026-01-01T00:00:00Z"},
      {"2026-01-01T00:00:00+02:00", kDateTime, "-1", kSecond, "2025-12-31T23:59:59+02:00"},
      {"2026-01-01T00:00:00.000Z", kDateTime, "0.1", kSecond, "2026-01-01T00:00:00.100Z"},
      {"2026-01-01T00:00:00.999Z", kDateTime, "1", kMillisecond, "2026-01-01T00:00:01.000Z"},
      {"23:30", kTime, "45", kMinute, "00:15"},
      {"9999-12-31", kDate, "1", kDay, "none"},
      {"0001-01-01", kDate, "-1", kMonth, "none"},
      {"2015-01-01", kDate, "99999999999999999999", kYear, "none"},
  };
  for (const Shift& row : rows)
    EXPECT_EQ(shifted(row.from, row.kind, row.amount, row.unit), row.to) << row.from << " + " << row.amount;
}

TEST(Temporal, FindsBoundaries) {
  EXPECT_EQ(to_string(boundary(moment("2014"), kDate, 6, false).value(), kDate), "2014-01");
  EXPECT_EQ(to_string(boundary(moment("2016-02"), kDate, 8, true).value(), kDate), "2016-02-29");
  EXPECT_EQ(to_string(boundary(moment("2014-01-01T08"), kDateTime, 17, false).value(), kDateTime),
            "2014-01-01T08:00:00.000+14:00");
  EXPECT_FALSE(boundary(moment("2014"), kDate, 5, true));
}

}  // namespace
}  // namespace embergate::fhirpath
