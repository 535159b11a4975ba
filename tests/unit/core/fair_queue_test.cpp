// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fair_queue.hpp"

#include <gtest/gtest.h>

namespace embergate::core {
namespace {

using Queue = FairQueue<std::string>;

std::string drained(Queue& queue) {
  std::string order;
  while (auto job = queue.pop()) order += *job + " ";
  return order;
}

TEST(FairQueue, ServesEachSourceInTurnAndEachSourceInItsOrder) {
  Queue queue(10, 10);
  for (const char* job : {"a1", "a2", "a3", "b1", "c1", "c2"}) EXPECT_FALSE(queue.push(std::string(1, job[0]), job));
  EXPECT_EQ(drained(queue), "a1 b1 c1 a2 c2 a3 ");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FairQueue, BoundsEachSource) {
  Queue queue(10, 2);
  EXPECT_FALSE(queue.push("a", "a1"));
  EXPECT_FALSE(queue.push("a", "a2"));
  EXPECT_EQ(queue.push("a", "a3"), "a3");
  EXPECT_FALSE(queue.push("b", "b1"));
  EXPECT_EQ(drained(queue), "a1 b1 a2 ");
}

TEST(FairQueue, ALongLineGivesUpAPlaceToAShortOne) {
  Queue queue(4, 4);
  for (const char* job : {"a1", "a2", "a3", "a4"}) EXPECT_FALSE(queue.push("a", job));
  EXPECT_EQ(queue.push("b", "b1"), "a4");
  EXPECT_EQ(queue.push("b", "b2"), "a3");
  EXPECT_EQ(queue.push("b", "b3"), "b3") << "the lines are equal now";
  EXPECT_EQ(queue.push("c", "c1"), "a2");
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(drained(queue), "a1 b1 c1 b2 ");
}

TEST(FairQueue, WithoutPlacesTakesNothing) {
  Queue queue(0, 4);
  EXPECT_EQ(queue.push("a", "a1"), "a1");
  EXPECT_FALSE(queue.pop());
}

}  // namespace
}  // namespace embergate::core
