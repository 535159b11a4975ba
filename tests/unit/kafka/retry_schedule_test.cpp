// SPDX-License-Identifier: Apache-2.0
#include "kafka/retry_schedule.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/fake_clock.hpp"

namespace embergate::kafka {
namespace {

using namespace std::chrono_literals;

struct Schedule : ::testing::Test {
  test::FakeClock clock;
  core::Milliseconds next(RetrySchedule& schedule) {
    const auto delay = schedule.next(clock.steady_now());
    clock.advance(delay);
    return delay;
  }
};

TEST_F(Schedule, TriesAfterOneTwoFourAndThenEveryFiveSecondsForTenMinutes) {
  RetrySchedule schedule([] { return 0.0; });
  EXPECT_EQ(next(schedule), 1s);
  EXPECT_EQ(next(schedule), 2s);
  EXPECT_EQ(next(schedule), 4s);
  const auto begin = clock.steady_now() - 7s;
  while (clock.steady_now() - begin < 10min) EXPECT_EQ(next(schedule), 5s);
  EXPECT_EQ(next(schedule), 10s);
  EXPECT_EQ(next(schedule), 20s);
  EXPECT_EQ(next(schedule), 40s);
  EXPECT_EQ(next(schedule), 60s);
  EXPECT_EQ(next(schedule), 60s);
}

TEST_F(Schedule, BeginsAgainAfterAReset) {
  RetrySchedule schedule([] { return 0.0; });
  for (int i = 0; i < 5; ++i) next(schedule);
  schedule.reset();
  EXPECT_EQ(next(schedule), 1s);
}

TEST_F(Schedule, ShortensByATenthAtMost) {
  RetrySchedule half([] { return 0.5; });
  EXPECT_EQ(half.next(clock.steady_now()), 950ms);
  RetrySchedule chance;
  for (int i = 0; i < 1'000; ++i) {
    chance.reset();
    const auto delay = chance.next(clock.steady_now());
    EXPECT_GE(delay, 900ms);
    EXPECT_LE(delay, 1s);
  }
}

}  // namespace
}  // namespace embergate::kafka
