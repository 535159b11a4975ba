// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/time_format.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace embergate::core {
namespace {

TEST(TimeFormat, WritesInstantsInUtcWithTheAskedPrecision) {
  const SystemTime time{std::chrono::microseconds(1'772'352'930'012'345)};
  EXPECT_EQ(format_instant_micros(time), "2026-03-01T08:15:30.012345Z");
  EXPECT_EQ(format_instant_millis(time), "2026-03-01T08:15:30.012Z");
  EXPECT_EQ(format_instant_seconds(time), "2026-03-01T08:15:30Z");
  EXPECT_EQ(format_http_date(time), "Sun, 01 Mar 2026 08:15:30 GMT");
}

TEST(TimeFormat, ReadsBackWhatItWrote) {
  for (const long long micros : {0LL, -1LL, 1'772'352'930'012'345LL, 253'402'300'799'999'999LL}) {
    const SystemTime time{std::chrono::microseconds(micros)};
    const auto parsed = parse_instant(format_instant_micros(time));
    ASSERT_TRUE(parsed) << micros;
    EXPECT_EQ(*parsed, time);
  }
}

TEST(TimeFormat, AppliesTheOffset) {
  EXPECT_EQ(parse_instant("2026-03-01T09:15:30.5+01:00"), parse_instant("2026-03-01T08:15:30.500000Z"));
}

TEST(TimeFormat, ReadsTheThreeFormsOfAnHttpDate) {
  const auto wanted = parse_instant("1994-11-06T08:49:37Z");
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text), wanted) << text;
  }
  for (const char* text :
       {"", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT x"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(TimeFormat, RefusesWhatIsNotAnInstant) {
  for (const char* text :
       {"", "2026", "2026-03-01", "2026-03-01T08:15:30", "2026-02-30T08:15:30Z", "2026-13-01T08:15:30Z",
        "2026-03-01T24:15:30Z", "2026-03-01T08:15:30.Z", "2026-03-01T08:15:30Zx", "2026-03-01T08:15:30+25:00"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
  }
}

}  // namespace
}  // namespace embergate::core
