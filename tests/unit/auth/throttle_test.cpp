// SPDX-License-Identifier: Apache-2.0
#include "auth/throttle.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace embergate::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Throttle::Attempt attempt(const std::string& client, const std::string& address) {
  return {keyed_mark(client + "@" + address), keyed_mark(address), keyed_mark(client)};
}

Throttle::Attempt at_site(const std::string& client, const std::string& site, int network) {
  auto result = attempt(client, site + ":" + std::to_string(network));
  result.site = Throttle::Site{keyed_mark(client + "@" + site + "/48"), keyed_mark(site + "/48")};
  return result;
}

class ThrottleTest : public ::testing::Test {
 protected:
  static bool blocked(Throttle& throttle, const Throttle::Attempt& attempt) {
    if (!throttle.reserve(attempt)) return true;
    throttle.give_back(attempt);
    return false;
  }
  // How many of that many wrong guesses were checked at all.
  static int guesses(Throttle& throttle, const Throttle::Attempt& attempt, int tries) {
    int checked = 0;
    for (int i = 0; i < tries; ++i) {
      if (!throttle.reserve(attempt)) continue;
      throttle.failed(attempt);
      ++checked;
    }
    return checked;
  }
  int guesses(const std::string& client, const std::string& address, int tries) {
    return guesses(throttle, attempt(client, address), tries);
  }

  test::FakeClock clock;
  Throttle throttle{{3, 8, 5, 100}, clock};
};

TEST_F(ThrottleTest, AnAttemptCountsBeforeItIsChecked) {
  int checked = 0;
  for (int i = 0; i < 100; ++i) checked += throttle.reserve(attempt("c", "a")) ? 1 : 0;
  EXPECT_EQ(checked, 3) << "none of them has been judged yet";
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

TEST_F(ThrottleTest, AnAddressRegainsItsGuessesTheMoreSlowlyTheMoreFailedWithinTheHour) {
  EXPECT_EQ(guesses("c", "a", 10), 3);
  clock.advance(seconds(39));
  EXPECT_EQ(guesses("c", "a", 10), 0);
  clock.advance(seconds(2));
  EXPECT_EQ(guesses("c", "a", 10), 1) << "after three failures half as fast as by the limit of three a minute";
  int checked = 0;
  for (int minute = 0; minute < 120; ++minute) {
    clock.advance(minutes(1));
    checked += guesses("c", "a", 10);
  }
  EXPECT_LT(checked, 120) << "of 360";
  EXPECT_GT(checked, 30) << "a tenth of the pace is left to it";
}

TEST_F(ThrottleTest, FailuresAreForgottenAfterAnHour) {
  for (int minute = 0; minute < 10; ++minute) {
    guesses("c", "a", 10);
    clock.advance(minutes(1));
  }
  clock.advance(minutes(70));
  EXPECT_FALSE(throttle.is_suspect(attempt("c", "a")));
  EXPECT_EQ(guesses("c", "a", 10), 3);
  clock.advance(seconds(41));
  EXPECT_EQ(guesses("c", "a", 10), 1) << "as at first";
}

TEST_F(ThrottleTest, ARightAttemptIsNotRemembered) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(throttle.reserve(attempt("c", "a")));
    throttle.give_back(attempt("c", "a"));
  }
  EXPECT_FALSE(throttle.is_suspect(attempt("c", "a")));
  EXPECT_EQ(guesses("c", "a", 1), 1);
  EXPECT_TRUE(throttle.is_suspect(attempt("d", "a")));
  EXPECT_FALSE(throttle.is_suspect(attempt("c", "b")));
}

TEST_F(ThrottleTest, FortyAddressesDoNotLockOutAClientElsewhere) {
  Throttle wide({}, clock);
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 40; ++i) guesses(wide, attempt("c", "a" + std::to_string(i)), 1);
    ASSERT_FALSE(blocked(wide, attempt("c", "home"))) << second;
    clock.advance(seconds(1));
  }
}

TEST_F(ThrottleTest, TheNetworksOfOneSiteDoNotLockOutAClientElsewhere) {
  Throttle wide({}, clock);
  int network = 0;
  int checked = 0;
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 20; ++i) checked += guesses(wide, at_site("c", "2001:db8:1", ++network), 1);
    ASSERT_FALSE(blocked(wide, attempt("c", "home"))) << second;
    ASSERT_FALSE(blocked(wide, at_site("c", "2001:db8:2", 1))) << second;
    clock.advance(seconds(1));
  }
  EXPECT_LT(checked, 250) << "of 12,000 networks";
  EXPECT_TRUE(wide.reserve(at_site("d", "2001:db8:1", 1))) << "of another client";
  EXPECT_TRUE(wide.is_suspect(at_site("d", "2001:db8:1", ++network)));
}

TEST_F(ThrottleTest, ASiteHasFourTimesTheLimitOfAnAddress) {
  int checked = 0;
  for (int i = 0; i < 100; ++i) checked += guesses(throttle, at_site("c" + std::to_string(i), "2001:db8:1", i), 1);
  EXPECT_EQ(checked, 32);
  EXPECT_TRUE(blocked(throttle, at_site("another", "2001:db8:1", 200)));
  EXPECT_FALSE(blocked(throttle, at_site("another", "2001:db8:2", 200)));
}

TEST_F(ThrottleTest, AClientAtASiteHasFourTimesTheLimitOfAnAddress) {
  Throttle much_elsewhere({3, 8, 100, 100}, clock);
  int checked = 0;
  for (int i = 0; i < 100; ++i) checked += guesses(much_elsewhere, at_site("c", "2001:db8:1", i), 1);
  EXPECT_EQ(checked, 12);
  EXPECT_FALSE(blocked(much_elsewhere, at_site("c", "2001:db8:2", 1)));
  EXPECT_FALSE(blocked(much_elsewhere, at_site("d", "2001:db8:1", 200)));
}

TEST_F(ThrottleTest, ASiteIsNoFresherThanAnAddressForAllItsNetworks) {
  int checked = 0;
  for (int i = 0; i < 100; ++i) checked += guesses(throttle, at_site("c", "2001:db8:1", i), 1);
  EXPECT_EQ(checked, 5) << "what the client has where no one is fresh";
  EXPECT_FALSE(blocked(throttle, at_site("c", "2001:db8:2", 1)));
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

TEST_F(ThrottleTest, AnAddressIsNotFreshForAnHourAfterAFailure) {
  for (int i = 0; i < 20; ++i) guesses("c", "a" + std::to_string(i), 10);
  const int first = guesses("c", "late", 1);
  ASSERT_EQ(first, 1);
  for (int minute = 0; minute < 59; ++minute) {
    clock.advance(minutes(1));
    for (int i = 0; i < 20; ++i) guesses("c", "b" + std::to_string(20 * minute + i), 1);
    ASSERT_EQ(guesses("c", "late", 1), 0) << minute + 1 << " minutes after a failure";
  }
  clock.advance(minutes(11));
  for (int i = 0; i < 20; ++i) guesses("c", "d" + std::to_string(i), 1);
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

TEST_F(ThrottleTest, SaysHowLongAnAttemptIsRefusedAndThenItIsNot) {
  guesses("c", "a", 10);
  const auto wait = throttle.wait_of(attempt("c", "a"));
  EXPECT_GT(wait, seconds(20)) << "three a minute, and slower after failures";
  EXPECT_LE(wait, minutes(10));
  clock.advance(wait - seconds(2));
  EXPECT_TRUE(blocked(throttle, attempt("c", "a")));
  clock.advance(seconds(2));
  EXPECT_FALSE(blocked(throttle, attempt("c", "a")));
  EXPECT_EQ(throttle.wait_of(attempt("c", "a")), seconds(1)) << "no longer refused";
}

TEST_F(ThrottleTest, SaysHowLongAnAddressIsRefused) {
  for (int i = 0; i < 8; ++i) guesses("c" + std::to_string(i), "a", 1);
  ASSERT_TRUE(throttle.address_blocked(keyed_mark("a")));
  const auto wait = throttle.wait_of_address(keyed_mark("a"));
  clock.advance(wait);
  EXPECT_FALSE(throttle.address_blocked(keyed_mark("a")));
}

TEST_F(ThrottleTest, ARefusalIsNewsOnceAMinute) {
  EXPECT_TRUE(throttle.is_news(keyed_mark("c@a")));
  EXPECT_FALSE(throttle.is_news(keyed_mark("c@a")));
  EXPECT_TRUE(throttle.is_news(keyed_mark("d@a")));
  clock.advance(minutes(1));
  EXPECT_TRUE(throttle.is_news(keyed_mark("c@a")));
}

}  // namespace
}  // namespace embergate::auth
