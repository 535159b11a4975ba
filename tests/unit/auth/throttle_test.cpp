// SPDX-License-Identifier: Apache-2.0
#include "auth/throttle.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace embergate::auth {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Throttle::Attempt attempt(const std::string& client, const std::string& address) {
  return {keyed_mark(client + "@" + address), keyed_mark(address), keyed_mark(client)};
}

class ThrottleTest : public ::testing::Test {
 protected:
  static bool blocked(Throttle& throttle, const Throttle::Attempt& attempt) {
    if (!throttle.reserve(attempt)) return true;
    throttle.give_back(attempt);
    return false;
  }
  // How many of that many wrong guesses were checked at all.
  int guesses(const std::string& client, const std::string& address, int tries) {
    int checked = 0;
    for (int i = 0; i < tries; ++i) checked += throttle.reserve(attempt(client, address)) ? 1 : 0;
    return checked;
  }

  test::FakeClock clock;
  Throttle throttle{{3, 8, 5, 100}, clock};
};

TEST_F(ThrottleTest, AnAttemptCountsBeforeItIsChecked) {
  EXPECT_EQ(guesses("c", "a", 100), 3) << "none of them has been judged yet";
  EXPECT_TRUE(blocked(throttle, attempt("c", "a")));
  EXPECT_FALSE(blocked(throttle, attempt("c", "b"))) << "the client elsewhere is not locked out";
}

TEST_F(ThrottleTest, ARightAttemptIsGivenBack) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(throttle.reserve(attempt("c", "a"))) << i;
    throttle.give_back(attempt("c", "a"));
  }
  EXPECT_EQ(guesses("c", "a", 100), 3);
}

TEST_F(ThrottleTest, FailuresDrainOverAMinute) {
  EXPECT_EQ(guesses("c", "a", 10), 3);
  clock.advance(seconds(20));
  EXPECT_EQ(guesses("c", "a", 10), 1);
  clock.advance(seconds(60));
  EXPECT_EQ(guesses("c", "a", 10), 3);
}

TEST_F(ThrottleTest, AnAddressHasOneLimitForAllClients) {
  int checked = 0;
  for (int i = 0; i < 100; ++i) checked += guesses("c" + std::to_string(i), "a", 1);
  EXPECT_EQ(checked, 8);
  EXPECT_TRUE(blocked(throttle, attempt("another", "a")));
  EXPECT_FALSE(blocked(throttle, attempt("another", "b")));
}

TEST_F(ThrottleTest, AClientHasOneLimitForAllAddressesAndIsNotLockedOut) {
  int checked = 0;
  for (int i = 0; i < 20; ++i) checked += guesses("c", "a" + std::to_string(i), 10);
  EXPECT_EQ(checked, 5 + 18) << "3 and 2 of the first addresses, one of each that comes later";
  EXPECT_FALSE(blocked(throttle, attempt("c", "home"))) << "an address without failures has an attempt";
  for (int i = 0; i < 200; ++i) checked += guesses("c", "b" + std::to_string(i), 10);
  EXPECT_EQ(checked, 50) << "ten times the limit is the end of it";
  EXPECT_TRUE(blocked(throttle, attempt("c", "home")));
  EXPECT_FALSE(blocked(throttle, attempt("d", "home")));
}

TEST_F(ThrottleTest, AnAddressIsFreshOnlyWhenItsFailuresHaveDrainedAsAWhole) {
  for (int i = 0; i < 20; ++i) guesses("c", "a" + std::to_string(i), 10);
  const int first = guesses("c", "late", 1);
  ASSERT_EQ(first, 1);
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(1'000));
    EXPECT_EQ(guesses("c", "late", 1), 0) << i + 1 << " s after a failure that takes 20 s to drain";
  }
  clock.advance(seconds(11));
  EXPECT_EQ(guesses("c", "late", 1), 1);
}

// A right login that came at the same moment must not be refused for the attempt that the first one reserved.
TEST_F(ThrottleTest, AReservedAttemptDoesNotBlockOneThatWaitsForIt) {
  for (int i = 0; i < 20; ++i) guesses("c", "a" + std::to_string(i), 10);
  ASSERT_TRUE(throttle.reserve(attempt("c", "home")));
  EXPECT_TRUE(blocked(throttle, attempt("c", "home")));
  EXPECT_FALSE(throttle.blocked_here(attempt("c", "home")));
}

TEST_F(ThrottleTest, ASecretIsCountedOverAllClientsThatShareIt) {
  const Mac secret = keyed_mark("secret");
  int counted = 0;
  for (int i = 0; i < 20; ++i) {
    const auto guess = attempt("c" + std::to_string(i % 10), "a" + std::to_string(i % 5));
    if (throttle.reserve(guess) && throttle.reserve_secret(secret, guess)) ++counted;
  }
  EXPECT_LE(counted, 10);
  EXPECT_GE(counted, 5);
  throttle.give_back_secret(secret);
  EXPECT_TRUE(throttle.reserve_secret(keyed_mark("other"), attempt("c", "a")));
}

TEST_F(ThrottleTest, RemembersNoMoreThanItsBound) {
  Throttle small({1, 100, 100, 2}, clock);
  for (const char* client : {"a", "b", "c"}) ASSERT_TRUE(small.reserve(attempt(client, "x")));
  EXPECT_FALSE(blocked(small, attempt("a", "x"))) << "touched longest ago";
  EXPECT_TRUE(blocked(small, attempt("c", "x")));
}

TEST(Proven, KnowsACallerForAsLongAsItWasLetInLately) {
  test::FakeClock clock;
  Proven proven(10, hours(24), clock);
  const Mac caller = keyed_mark("caller");
  EXPECT_EQ(proven.state_of(caller), Proven::State::kUnknown);
  proven.granted(caller);
  clock.advance(hours(23));
  EXPECT_EQ(proven.state_of(caller), Proven::State::kProven);
  proven.granted(caller);
  clock.advance(hours(23));
  EXPECT_EQ(proven.state_of(caller), Proven::State::kProven);
  proven.refused(caller);
  EXPECT_EQ(proven.state_of(caller), Proven::State::kRefusedSince);
  proven.granted(caller);
  EXPECT_EQ(proven.state_of(caller), Proven::State::kProven);
  clock.advance(hours(24));
  EXPECT_EQ(proven.state_of(caller), Proven::State::kUnknown);
}

TEST(Proven, ForgetsTheOldestBeyondItsBoundAndLearnsNothingFromRefusals) {
  test::FakeClock clock;
  Proven proven(2, hours(24), clock);
  for (const char* caller : {"a", "b", "c"}) proven.granted(keyed_mark(caller));
  EXPECT_EQ(proven.state_of(keyed_mark("a")), Proven::State::kUnknown);
  EXPECT_EQ(proven.state_of(keyed_mark("c")), Proven::State::kProven);
  proven.refused(keyed_mark("stranger"));
  EXPECT_EQ(proven.state_of(keyed_mark("stranger")), Proven::State::kUnknown);
}

}  // namespace
}  // namespace embergate::auth
