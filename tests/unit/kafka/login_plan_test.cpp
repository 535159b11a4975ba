// SPDX-License-Identifier: Apache-2.0
#include "kafka/login_plan.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/fake_clock.hpp"

namespace embergate::kafka {
namespace {

using namespace std::chrono_literals;
using Kind = LoginPlan::Step::Kind;

struct Plan : ::testing::Test {
  test::FakeClock clock;
  LoginPlan plan{[] { return 0.0; }};

  [[nodiscard]] core::SteadyTime now() const { return clock.steady_now(); }
  // Waits as the plan says; 0 when it wants nothing, or only waits.
  std::uint64_t next_try() {
    for (int waits = 0; waits < 10; ++waits) {
      const auto step = plan.next(now());
      if (step.kind != Kind::kWait) return step.generation;
      clock.advance(step.wait);
    }
    return 0;
  }
  std::uint64_t refuse_next() {
    const std::uint64_t generation = next_try();
    plan.refused(generation, now(), vault::Refused::kLogin);
    return generation;
  }
  void accept(std::uint64_t generation) {
    plan.found(generation);
    ASSERT_EQ(next_try(), generation);
    plan.adopted(generation, now());
  }
};

TEST_F(Plan, TriesTheNewestAndTheLastAcceptedLoginInTurnsWhileTheClientIsRefused) {
  accept(1);
  plan.found(2);
  EXPECT_EQ(refuse_next(), 2U);
  plan.client_refused(now(), false);
  const auto begin = now();
  std::vector<std::uint64_t> tried;
  for (int i = 0; i < 6; ++i) tried.push_back(refuse_next());
  EXPECT_EQ(tried, (std::vector<std::uint64_t>{2, 1, 2, 1, 2, 1}));
  EXPECT_EQ(now() - begin, 1s + 2s + 4s + 5s + 5s + 5s) << "two values knock no more often than one";
}

TEST_F(Plan, ARefusedClientDoesNotPutOffTheTurnOfTheNewestLogin) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_refused(now(), false);
  ASSERT_EQ(refuse_next(), 2U);
  ASSERT_EQ(next_try(), 1U);
  plan.adopted(1, now());
  for (int i = 0; i < 3; ++i) refuse_next();
  clock.advance(4s);
  plan.client_refused(now(), false);
  EXPECT_EQ(plan.next(now()).wait, 1s);
}

TEST_F(Plan, TakesTheLastAcceptedLoginAgainAndGoesOnWithTheNewest) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_refused(now(), false);
  EXPECT_EQ(refuse_next(), 2U);
  ASSERT_EQ(next_try(), 1U);
  EXPECT_FALSE(plan.is_new(1));
  plan.adopted(1, now());
  EXPECT_EQ(refuse_next(), 2U);
  EXPECT_EQ(refuse_next(), 2U) << "the old one is at work and needs no proof";
}

TEST_F(Plan, TriesNothingWhenTheNewestLoginIsAtWork) {
  accept(1);
  EXPECT_EQ(plan.next(now()).kind, Kind::kNothing);
  clock.advance(1h);
  EXPECT_EQ(plan.next(now()).kind, Kind::kNothing);
}

TEST_F(Plan, NeverTriesALoginThatANewerAcceptedOneHasReplaced) {
  accept(1);
  accept(2);
  plan.found(3);
  refuse_next();
  plan.client_lost(now());
  for (int i = 0; i < 20; ++i) EXPECT_NE(refuse_next(), 1U);
}

TEST_F(Plan, AnUnchangedValueWaitsForItsTurnHoweverOftenSomebodyAsks) {
  accept(1);
  plan.found(2);
  refuse_next();
  for (int i = 0; i < 9; ++i) {
    plan.found(2);
    EXPECT_EQ(plan.next(now()).kind, Kind::kWait);
    clock.advance(100ms);
  }
}

TEST_F(Plan, ANewValueIsTriedAtOnce) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_refused(now(), false);
  refuse_next();
  plan.found(3);
  const auto step = plan.next(now());
  EXPECT_EQ(step.kind, Kind::kTry);
  EXPECT_EQ(step.generation, 3U);
}

TEST_F(Plan, AFileThatChangesAllTheTimeDoesNotKeepTheAcceptedLoginFromItsTurn) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_refused(now(), false);
  bool tried = false;
  for (std::uint64_t generation = 3; generation < 20 && !tried; ++generation) {
    plan.found(generation);
    for (int i = 0; i < 2; ++i) {
      const auto step = plan.next(now());
      if (step.kind != Kind::kTry) continue;
      tried = tried || step.generation == 1;
      plan.refused(step.generation, now(), vault::Refused::kLogin);
    }
    clock.advance(500ms);
  }
  EXPECT_TRUE(tried);
}

TEST_F(Plan, ARevokedLoginIsTriedRarelyInTheEndHoweverOftenTheFileChanges) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_lost(now());
  std::uint64_t generation = 2;
  int old_ones = 0;
  const auto begin = now();
  while (now() - begin < 1h) {
    if (now() - begin > (generation - 1) * 20s) plan.found(++generation);
    const auto step = plan.next(now());
    if (step.kind == Kind::kTry) {
      if (step.generation == 1 && now() - begin > 30min) ++old_ones;
      plan.refused(step.generation, now(), vault::Refused::kLogin);
    }
    clock.advance(500ms);
  }
  EXPECT_GE(old_ones, 10);
  EXPECT_LE(old_ones, 31) << "one a minute";
}

TEST_F(Plan, TriesTheAcceptedLoginAloneWhenTheFileHoldsNothingThatCanBeUsed) {
  accept(1);
  plan.found(0);
  EXPECT_EQ(plan.next(now()).kind, Kind::kNothing);
  plan.client_lost(now());
  EXPECT_EQ(next_try(), 1U);
}

TEST_F(Plan, WaitsWithoutAnyValueAtAll) {
  plan.found(0);
  EXPECT_EQ(plan.next(now()).wait, 1s);
  clock.advance(1s);
  EXPECT_EQ(plan.next(now()).wait, 2s);
}

TEST_F(Plan, AClientThatIsTooOldIsRenewedWithTheAcceptedLoginWhenTheNewestIsRefused) {
  accept(1);
  plan.found(2);
  refuse_next();
  plan.client_too_old();
  EXPECT_EQ(next_try(), 1U);
  plan.adopted(1, now());
  EXPECT_FALSE(plan.too_old());
  EXPECT_EQ(next_try(), 2U);
}

TEST_F(Plan, ATokenOfTheAcceptedLoginIsRenewedAtOnceAndThenOnTheSchedule) {
  accept(1);
  plan.client_refused(now(), true);
  EXPECT_EQ(plan.next(now()).kind, Kind::kTry);
  plan.adopted(1, now());
  plan.client_refused(now(), true);
  EXPECT_EQ(plan.next(now()).kind, Kind::kWait) << "refused again a moment later";
}

TEST_F(Plan, SaysSinceWhenTheNewestValueIsRefusedUntilItIsAccepted) {
  accept(1);
  EXPECT_FALSE(plan.refusal());
  plan.found(2);
  refuse_next();
  const auto since = now();
  refuse_next();
  ASSERT_TRUE(plan.refusal());
  EXPECT_EQ(plan.refusal()->generation, 2U);
  EXPECT_EQ(plan.refusal()->since, since);
  plan.client_refused(now(), false);
  refuse_next();
  ASSERT_EQ(next_try(), 1U);
  plan.adopted(1, now());
  ASSERT_TRUE(plan.refusal()) << "the old one works, the one in the file does not";
  EXPECT_EQ(plan.refusal()->since, since);
  ASSERT_EQ(next_try(), 2U);
  plan.adopted(2, now());
  EXPECT_FALSE(plan.refusal());
}

TEST_F(Plan, SaysSinceWhenTheClientAtWorkIsRefused) {
  accept(1);
  plan.client_refused(now(), false);
  ASSERT_TRUE(plan.refusal());
  EXPECT_EQ(plan.refusal()->since, now());
  ASSERT_EQ(next_try(), 1U);
  plan.adopted(1, now());
  EXPECT_FALSE(plan.refusal());
}

TEST_F(Plan, SaysOfTheNewestValueWhatIsWrongWithItWhileAnOlderOneIsRefusedForSomethingElse) {
  accept(1);
  plan.found(2);
  ASSERT_EQ(next_try(), 2U);
  plan.refused(2, now(), vault::Refused::kLoginUnusable);
  const auto since = now();
  plan.client_refused(now(), false);
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t generation = next_try();
    plan.refused(generation, now(), generation == 2 ? vault::Refused::kLoginUnusable : vault::Refused::kLogin);
    ASSERT_TRUE(plan.refusal());
    EXPECT_EQ(plan.refusal()->generation, 2U);
    EXPECT_EQ(plan.refusal()->what, vault::Refused::kLoginUnusable);
    EXPECT_EQ(plan.refusal()->since, since);
  }
  plan.found(3);
  ASSERT_EQ(next_try(), 3U);
  plan.refused(3, now(), vault::Refused::kAuthorities);
  EXPECT_EQ(plan.refusal()->what, vault::Refused::kAuthorities);
  EXPECT_EQ(plan.refusal()->since, now());
  plan.found(4);
  ASSERT_EQ(next_try(), 4U);
  plan.adopted(4, now());
  EXPECT_FALSE(plan.refusal());
}

TEST_F(Plan, AnUnreachableBrokerRefusesNothing) {
  accept(1);
  plan.found(2);
  ASSERT_EQ(next_try(), 2U);
  plan.failed(2, now());
  EXPECT_FALSE(plan.refusal());
  EXPECT_EQ(next_try(), 2U);
}

}  // namespace
}  // namespace embergate::kafka
