// SPDX-License-Identifier: Apache-2.0
#include "delivery/size_limit.hpp"

#include <gtest/gtest.h>

namespace embergate::delivery {
namespace {

using Choice = SizeLimit::Choice;

class LearnedSize : public ::testing::Test {
 protected:
  SizeLimit sizes{{core::Milliseconds(1'000), core::Milliseconds(60'000)}};
  core::SteadyTime now{std::chrono::hours(1)};
};

TEST_F(LearnedSize, StartsWithoutALimit) {
  EXPECT_EQ(sizes.rules().record, 0U);
  EXPECT_EQ(sizes.rules().together, 0U);
  EXPECT_LE(sizes.next_probe(), now);
}

TEST_F(LearnedSize, OnlyARecordThatWasRefusedAloneLimitsRecords) {
  sizes.refused_together(40'000, now);
  EXPECT_EQ(sizes.rules().record, 0U) << "each of them may be short";
  EXPECT_EQ(sizes.rules().together, 20'000U);
  sizes.refused_alone(25'000, now);
  EXPECT_EQ(sizes.rules().record, 25'000U);
  sizes.refused_alone(30'000, now);
  EXPECT_EQ(sizes.rules().record, 25'000U) << "the shortest one counts";
}

TEST_F(LearnedSize, ARecordThatWasRefusedAloneBoundsBatchesToo) {
  sizes.refused_alone(25'000, now);
  EXPECT_LT(sizes.rules().together, 25'000U);
  EXPECT_GT(sizes.rules().together, 0U);
}

TEST_F(LearnedSize, ARecordThatFillsABatchByItselfLeavesOthersAlone) {
  sizes.refused_alone(SizeLimit::kBatchBytes + 1, now);
  EXPECT_EQ(sizes.rules().together, 0U);
}

TEST_F(LearnedSize, HalvesUntilOneRecordTravelsAloneAndGrowsAgainAfterAWhile) {
  for (std::size_t bytes = 40'000; bytes > 1; bytes /= 2) sizes.refused_together(bytes, now);
  EXPECT_EQ(sizes.rules().together, 1U);
  sizes.grow(now + SizeLimit::kGrowAfter - core::Milliseconds(1));
  EXPECT_EQ(sizes.rules().together, 1U);
  for (int i = 0; i < 40; ++i) sizes.grow(now += SizeLimit::kGrowAfter);
  EXPECT_EQ(sizes.rules().together, 0U) << "any";
}

TEST_F(LearnedSize, DoesNotGrowToWhatASingleRecordWasRefusedFor) {
  sizes.refused_alone(25'000, now);
  for (int i = 0; i < 40; ++i) sizes.grow(now += SizeLimit::kGrowAfter);
  EXPECT_LT(sizes.rules().together, 25'000U);
  EXPECT_GT(sizes.rules().together, 0U);
}

TEST_F(LearnedSize, ProbesInGrowingPausesAndForgetsWhenOneIsTaken) {
  core::Milliseconds last{0};
  for (int i = 0; i < 10; ++i) {
    sizes.refused_alone(25'000, now);
    const auto pause = std::chrono::duration_cast<core::Milliseconds>(sizes.next_probe() - now);
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, core::Milliseconds(60'000));
    last = pause;
  }
  EXPECT_EQ(last, core::Milliseconds(60'000));
  EXPECT_TRUE(sizes.accepted_alone(25'000, now));
  EXPECT_EQ(sizes.rules().record, 0U);
  EXPECT_EQ(sizes.proven(), 25'000U);
  EXPECT_LE(sizes.next_probe(), now) << "the next at once";
  EXPECT_EQ(sizes.choice(), Choice::kLongest);
}

TEST_F(LearnedSize, AShortRecordThatIsTakenSaysNothingOfLongOnes) {
  sizes.refused_alone(25'000, now);
  EXPECT_FALSE(sizes.accepted_alone(300, now));
  EXPECT_EQ(sizes.rules().record, 25'000U);
  EXPECT_GT(sizes.next_probe(), now);
}

TEST_F(LearnedSize, TriesTheShortestAndTheLeastTriedByTurns) {
  sizes.refused_alone(25'000, now);
  EXPECT_EQ(sizes.choice(), Choice::kShortest);
  sizes.refused_alone(25'000, now);
  EXPECT_EQ(sizes.choice(), Choice::kLeastTried);
}

TEST_F(LearnedSize, ALimitThatWasLoweredIsLearnedAgain) {
  sizes.refused_alone(25'000, now);
  ASSERT_TRUE(sizes.accepted_alone(25'000, now));
  sizes.refused_alone(9'000, now);
  EXPECT_EQ(sizes.rules().record, 9'000U);
  EXPECT_EQ(sizes.proven(), 0U);
}

}  // namespace
}  // namespace embergate::delivery
