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
  for (const char* job : {"a1", "a2", "a3", "b1", "c1", "c2"}) EXPECT_FALSE(queue.push({std::string(1, job[0])}, job));
  EXPECT_EQ(drained(queue), "a1 b1 c1 a2 c2 a3 ");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FairQueue, BoundsEachSource) {
  Queue queue(10, 2);
  EXPECT_FALSE(queue.push({"a"}, "a1"));
  EXPECT_FALSE(queue.push({"a"}, "a2"));
  EXPECT_EQ(queue.push({"a"}, "a3"), "a3");
  EXPECT_FALSE(queue.push({"b"}, "b1"));
  EXPECT_EQ(drained(queue), "a1 b1 a2 ");
}

TEST(FairQueue, ALongLineGivesUpAPlaceToAShortOne) {
  Queue queue(4, 4);
  for (const char* job : {"a1", "a2", "a3", "a4"}) EXPECT_FALSE(queue.push({"a"}, job));
  EXPECT_EQ(queue.push({"b"}, "b1"), "a4");
  EXPECT_EQ(queue.push({"b"}, "b2"), "a3");
  EXPECT_EQ(queue.push({"b"}, "b3"), "b3") << "the lines are equal now";
  EXPECT_EQ(queue.push({"c"}, "c1"), "b2") << "of equal lines the last in turn gives up a place";
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(drained(queue), "a1 b1 c1 a2 ");
}

TEST(FairQueue, ANewcomerIsNotShutOutByAsManyAddressesOfGuessesAsThereArePlaces) {
  Queue queue(64, 4);
  for (int i = 0; i < 64; ++i) {
    const std::string guess = "guess" + std::to_string(i);
    ASSERT_FALSE(queue.push({guess, true}, guess));
  }
  EXPECT_EQ(queue.push({"home"}, "login"), "guess63") << "the last in turn";
  EXPECT_EQ(queue.push({"guess64", true}, "guess64"), "guess64") << "a guess displaces nothing";
  EXPECT_EQ(queue.size(), 64U);
  EXPECT_NE(drained(queue).find("login"), std::string::npos);
}

TEST(FairQueue, ALineOfLoginsIsNotShortenedWhileThereAreGuesses) {
  Queue queue(4, 4);
  for (const char* job : {"a1", "a2", "a3"}) EXPECT_FALSE(queue.push({"a"}, job));
  EXPECT_FALSE(queue.push({"g", true}, "g1"));
  EXPECT_EQ(queue.push({"b"}, "b1"), "g1");
  EXPECT_EQ(queue.push({"c"}, "c1"), "a3") << "no guess is left";
  EXPECT_EQ(drained(queue), "a1 b1 c1 a2 ");
}

TEST(FairQueue, AProvenCallerTakesThePlaceOfAGuessOfItsOwnAddress) {
  Queue queue(10, 2);
  EXPECT_FALSE(queue.push({"a", true}, "guess1"));
  EXPECT_FALSE(queue.push({"a", true}, "guess2"));
  EXPECT_EQ(queue.push({"a"}, "proven1"), "guess2");
  EXPECT_EQ(queue.push({"a"}, "proven2"), "guess1");
  EXPECT_EQ(queue.push({"a"}, "proven3"), "proven3");
  EXPECT_EQ(queue.push({"a", true}, "guess3"), "guess3");
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(drained(queue), "proven1 proven2 ");
}

TEST(FairQueue, WithoutPlacesTakesNothing) {
  Queue queue(0, 4);
  EXPECT_EQ(queue.push({"a"}, "a1"), "a1");
  EXPECT_FALSE(queue.pop());
}

}  // namespace
}  // namespace embergate::core
