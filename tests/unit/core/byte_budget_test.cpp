// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/byte_budget.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace embergate::core {
namespace {

using Hold = ByteBudget::Hold;

TEST(ByteBudget, OneHoldMayTakeAllThatIsFree) {
  const auto budget = std::make_shared<ByteBudget>(100);
  Hold only(budget, "a");
  EXPECT_TRUE(only.take(60));
  EXPECT_TRUE(only.take(40));
  EXPECT_FALSE(only.take(1));
}

// One client with several readers kept all of it, and others got nothing for as long as it liked.
TEST(ByteBudget, AnOwnerThatHoldsSomethingLeavesHalfToOthers) {
  const auto budget = std::make_shared<ByteBudget>(100);
  Hold first(budget, "greedy");
  ASSERT_TRUE(first.take(30));
  Hold second(budget, "greedy");
  EXPECT_TRUE(second.take(20));
  Hold third(budget, "greedy");
  EXPECT_FALSE(third.take(1));
  Hold other(budget, "other");
  EXPECT_TRUE(other.take(50));
}

TEST(ByteBudget, GivesBackWhatAHoldTookWhenItGoes) {
  const auto budget = std::make_shared<ByteBudget>(100);
  std::optional<Hold> first(std::in_place, budget, "a");
  ASSERT_TRUE(first->take(100));
  Hold other(budget, "b");
  EXPECT_FALSE(other.take(1));
  first.reset();
  EXPECT_TRUE(other.take(100));
}

}  // namespace
}  // namespace embergate::core
