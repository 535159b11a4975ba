// SPDX-License-Identifier: Apache-2.0
#include "vault/file_state.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

constexpr Timing kTiming{30s, 100ms, 5s, 0ms, 2s};

class FileStateTest : public ::testing::Test {
 protected:
  static Observation content(std::string bytes, std::uint64_t inode) {
    Observation seen;
    seen.kind = Observation::Kind::kContent;
    seen.bytes = std::move(bytes);
    // Long ago, so that no entry is racy unless a test wants it so.
    seen.identity = {1, inode, static_cast<std::int64_t>(seen.bytes.size()), 1'000'000'000, 1'000'000'000};
    return seen;
  }
  Effect see(Observation seen) {
    seen.began = clock_.steady_now();
    return state_.apply(std::move(seen), clock_.steady_now(), clock_.system_now());
  }
  Effect see(std::string bytes, std::uint64_t inode) { return see(content(std::move(bytes), inode)); }
  Effect refuse(std::string_view why) {
    Observation seen;
    seen.reason = why;
    return see(std::move(seen));
  }
  void settle(const std::string& bytes, std::uint64_t inode) {
    see(bytes, inode);
    clock_.advance(100ms);
    see(bytes, inode);
  }
  std::string value(Use use = Use::kInbound) const { return text_of(state_.value_for(use, clock_.steady_now())); }
  static std::string text_of(const std::shared_ptr<const Value>& value) {
    return value ? value->secret.with_plaintext([](std::string_view text) { return std::string(text); }) : "(none)";
  }
  State state() const { return state_.state(clock_.steady_now()); }
  bool must_read() const { return !state_.known_identity(clock_.steady_now()); }

  test::FakeClock clock_;
  FileState state_{ContentKind::kSingleLine, false, kTiming};
};

TEST_F(FileStateTest, AcceptsTheFirstValueOnlyWhenItHasSettled) {
  EXPECT_EQ(state(), State::kMissing);
  EXPECT_FALSE(see("half", 1).generation);
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(state_.reason(), reason::kChanging);
  clock_.advance(50ms);
  EXPECT_FALSE(see("half and half", 1).generation);
  clock_.advance(99ms);
  EXPECT_FALSE(see("half and half", 1).generation);
  clock_.advance(1ms);
  EXPECT_TRUE(see("half and half", 1).generation);
  EXPECT_EQ(value(), "half and half");
  EXPECT_EQ(state(), State::kOk);
  EXPECT_EQ(state_.generation(), 1U);
}

TEST_F(FileStateTest, TakesTheTimeOfASecondSightFromItsBeginning) {
  see("value", 1);
  auto late = content("value", 1);
  late.began = clock_.steady_now() + 10ms;  // began early, came back late
  clock_.advance(200ms);
  EXPECT_FALSE(state_.apply(std::move(late), clock_.steady_now(), clock_.system_now()).generation);
  EXPECT_TRUE(see("value", 1).generation);
}

TEST_F(FileStateTest, RestartsTheQuietTimeWhenTheIdentityChangesUnderTheSameValue) {
  settle("V1", 1);
  see("V2", 2);
  clock_.advance(100ms);
  EXPECT_FALSE(see("V2", 3).generation);
  clock_.advance(100ms);
  EXPECT_TRUE(see("V2", 3).generation);
}

TEST_F(FileStateTest, RM08_NeverAcceptsAHalfWrittenValue) {
  settle("V1", 1);
  see("sec", 1);
  clock_.advance(30ms);
  see("second", 1);
  EXPECT_EQ(value(), "V1");
  clock_.advance(100ms);
  see("second", 1);
  EXPECT_EQ(value(), "second");
  EXPECT_EQ(state_.generation(), 2U);
}

TEST_F(FileStateTest, RM11_RM12_RM24_CountsAGenerationOnlyWhenTheValueChanges) {
  settle("V1", 1);
  for (const auto* same : {"V1", "V1\n", "V1\r\n"}) {
    EXPECT_FALSE(see(same, 2).generation);
    EXPECT_FALSE(see(same, 3).state);
  }
  EXPECT_EQ(state_.generation(), 1U);
  EXPECT_FALSE(state_.settling());
}

TEST_F(FileStateTest, RM21_ForgetsACandidateThatWentBack) {
  settle("V1", 1);
  see("V2", 2);
  EXPECT_TRUE(state_.settling());
  see("V1", 3);
  EXPECT_FALSE(state_.settling());
  clock_.advance(100ms);
  see("V1", 3);
  EXPECT_EQ(state_.generation(), 1U);
}

TEST_F(FileStateTest, RM22_MaySkipAValueThatDidNotLast) {
  settle("V1", 1);
  see("V2", 2);
  clock_.advance(40ms);
  settle("V3", 3);
  EXPECT_EQ(value(), "V3");
  EXPECT_EQ(state_.generation(), 2U);
}

TEST_F(FileStateTest, CommitsTheIdentityOfAcceptedValuesOnly) {
  settle("V1", 1);
  EXPECT_EQ(state_.known_identity(clock_.steady_now())->inode, 1U);
  see("V2", 2);
  EXPECT_TRUE(must_read());  // while a candidate waits
  refuse(reason::kEmpty);
  see("V1", 3);
  EXPECT_EQ(state_.known_identity(clock_.steady_now())->inode, 3U);
}

TEST_F(FileStateTest, ReadsAgainEveryTtlWhateverTheIdentitySays) {
  settle("V1", 1);
  EXPECT_FALSE(must_read());
  clock_.advance(29'999ms);
  EXPECT_FALSE(must_read());
  clock_.advance(1ms);
  EXPECT_TRUE(must_read());
  see("V1", 1);
  EXPECT_FALSE(must_read());
}

TEST_F(FileStateTest, DoesNotTrustAnIdentityThatIsYoungOrFromTheFuture) {
  const auto now_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.system_now().time_since_epoch()).count();
  const auto with_times = [&](std::chrono::nanoseconds mtime, std::chrono::nanoseconds ctime) {
    auto seen = content("V1", 1);
    seen.identity.mtime_ns = now_ns + mtime.count();
    seen.identity.ctime_ns = now_ns + ctime.count();
    state_ = FileState(ContentKind::kSingleLine, false, kTiming);
    auto again = content("V1", 1);
    again.identity = seen.identity;
    see(std::move(seen));
    clock_.advance(100ms);
    clock_.step_system(-100ms);
    see(std::move(again));
    EXPECT_EQ(state(), State::kOk);
    return must_read();
  };
  EXPECT_FALSE(with_times(-3s, -3s));
  EXPECT_TRUE(with_times(-1s, -3s));
  EXPECT_TRUE(with_times(-3s, -1s));
  EXPECT_TRUE(with_times(24h, -3s));
  EXPECT_TRUE(with_times(-3s, 24h));
}

TEST_F(FileStateTest,
       KeepsTheLastGoodValueForTheGraceTimeAndForRunningClientsLonger) {  // RM-07, RM-09
  settle("V1", 1);
  EXPECT_TRUE(refuse(reason::kEmpty).state);
  EXPECT_EQ(state(), State::kStale);
  EXPECT_EQ(state_.reason(), "empty");
  clock_.advance(5s);
  EXPECT_FALSE(refuse(reason::kEmpty).state);
  EXPECT_EQ(value(Use::kInbound), "V1");
  EXPECT_EQ(value(Use::kOutboundAttempt), "V1");
  clock_.advance(1ms);
  EXPECT_EQ(value(Use::kInbound), "(none)");
  EXPECT_EQ(value(Use::kOutboundAttempt), "(none)");
  EXPECT_EQ(value(Use::kOutboundRunning), "V1");
  EXPECT_EQ(state(), State::kInvalid);
  state_.note_running_use();
  EXPECT_EQ(state(), State::kStale);
  settle("V2", 2);
  EXPECT_EQ(value(), "V2");
  EXPECT_EQ(state(), State::kOk);
  EXPECT_EQ(state_.reason(), "");
}

TEST_F(FileStateTest, DoesNotStartTheGraceTimeAgainWhenTheReasonChanges) {
  settle("V1", 1);
  refuse(reason::kEmpty);
  clock_.advance(3s);
  EXPECT_TRUE(refuse(reason::kMissing).state);
  clock_.advance(2'001ms);
  refuse(reason::kEmpty);
  EXPECT_EQ(value(), "(none)");
  see("V2", 2);  // a candidate is no cure yet
  EXPECT_EQ(value(), "(none)");
}

TEST_F(FileStateTest, CountsTheGraceTimeFromWhenTheFileWasLastSeenGoodNotFromTheFirstLookThatMissedIt) {
  settle("V1", 1);
  clock_.advance(4s);
  Observation same;
  same.kind = Observation::Kind::kUnchanged;
  same.identity = *state_.identity();
  see(std::move(same));
  clock_.advance(5s);
  refuse(reason::kMissing);
  EXPECT_EQ(value(), "V1");
  clock_.advance(1ms);
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(value(Use::kOutboundAttempt), "(none)");
  EXPECT_EQ(value(Use::kOutboundRunning), "V1");
  see("V1", 2);  // it is back
  EXPECT_EQ(value(), "V1");
  clock_.advance(1h);
  refuse(reason::kEmpty);
  EXPECT_EQ(value(), "(none)") << "nobody has looked for an hour: nobody knows how long it has been gone";
}

TEST_F(FileStateTest, ServesNoOldValueForLongBesideACandidateThatNobodySettles) {
  settle("V1", 1);
  see("V2", 2);
  EXPECT_EQ(value(), "V1");  // an ordinary rotation
  clock_.advance(5'001ms);
  EXPECT_EQ(value(), "(none)");
  EXPECT_EQ(value(Use::kOutboundRunning), "V1");
}

TEST_F(FileStateTest, FA12_MeasuresGraceByTheSteadyClock) {
  settle("V1", 1);
  refuse(reason::kMissing);
  clock_.step_system(-1h);
  clock_.advance(4s);
  EXPECT_EQ(value(), "V1");
  clock_.step_system(2h);
  EXPECT_EQ(value(), "V1");
  clock_.advance(1'001ms);
  EXPECT_EQ(value(), "(none)");
}

TEST_F(FileStateTest, BI12_NeverMakesInvalidContentACandidate) {
  settle("V1", 1);
  const std::string broken[] = {"", "\n", "a\nb", std::string("a\0b", 3), "\xFF\xFE", "<no value>"};
  for (const auto& bytes : broken) {
    see(bytes, 9);
    EXPECT_FALSE(state_.settling());
    EXPECT_EQ(value(), "V1");
  }
}

TEST_F(FileStateTest, LetsInvalidContentNotDisturbAWaitingCandidate) {
  settle("V1", 1);
  see("V2", 2);
  clock_.advance(50ms);
  refuse(reason::kIoError);
  clock_.advance(50ms);
  EXPECT_TRUE(see("V2", 2).generation);
}

TEST_F(FileStateTest, SaysThatAFileKeepsChanging) {
  settle("V1", 1);
  for (std::uint64_t inode = 2; inode < 9; ++inode) {
    see("V" + std::to_string(inode), inode);
    clock_.advance(60ms);
  }
  EXPECT_EQ(state(), State::kStale);
  EXPECT_EQ(state_.reason(), "changing");
  EXPECT_EQ(value(), "V1");
  clock_.advance(5s);
  see("V99", 99);
  EXPECT_EQ(value(), "(none)");
}

TEST_F(FileStateTest, WaitsLongerOnANetworkFileSystem) {
  auto remote = content("V1", 1);
  remote.remote = true;
  see(std::move(remote));
  EXPECT_EQ(state_.quiet(), 1s);
  clock_.advance(999ms);
  auto again = content("V1", 1);
  again.remote = true;
  EXPECT_FALSE(see(std::move(again)).generation);
  clock_.advance(1ms);
  auto third = content("V1", 1);
  third.remote = true;
  EXPECT_TRUE(see(std::move(third)).generation);
}

TEST_F(FileStateTest, KeepsNoPreviousValueUnlessToldTo) {
  settle("V1", 1);
  settle("V2", 2);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "(none)");
}

TEST_F(FileStateTest, KeepsOnePreviousValueForItsTime) {
  auto timing = kTiming;
  timing.previous_grace = 10s;
  state_ = FileState(ContentKind::kSingleLine, false, timing);
  settle("V1", 1);
  settle("V2", 2);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "V1");
  settle("V3", 3);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "V2");
  clock_.advance(10s);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "(none)");
}

TEST_F(FileStateTest, KeepsNoPreviousValueAcrossADeletion) {
  auto timing = kTiming;
  timing.previous_grace = 10s;
  state_ = FileState(ContentKind::kSingleLine, false, timing);
  settle("V1", 1);
  settle("V2", 2);
  refuse(reason::kMissing);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "(none)");
  settle("V3", 3);
  EXPECT_EQ(text_of(state_.previous(clock_.steady_now())), "(none)");
}

TEST_F(FileStateTest, AL20_LetsGoOfThePreviousValueWhenItsTimeIsOver) {
  auto timing = kTiming;
  timing.previous_grace = 1s;
  state_ = FileState(ContentKind::kSingleLine, false, timing);
  settle("V1", 1);
  const std::weak_ptr<const Value> old = state_.current();
  settle("V2", 2);
  EXPECT_FALSE(old.expired());
  clock_.advance(1s);
  see("V2", 2);
  EXPECT_TRUE(old.expired());
}

TEST_F(FileStateTest, RM16_ReportsAPinnedFileOnceAndKeepsUsingIt) {
  settle("V1", 1);
  auto pinned = content("V1", 1);
  pinned.pinned_deleted = true;
  EXPECT_TRUE(see(std::move(pinned)).pinned_deleted);
  auto again = content("V1", 1);
  again.pinned_deleted = true;
  EXPECT_FALSE(see(std::move(again)).pinned_deleted);
  EXPECT_EQ(state(), State::kOk);
  EXPECT_EQ(state_.reason(), "pinned-deleted");
  EXPECT_EQ(value(), "V1");
}

TEST_F(FileStateTest, WarnsOnceAboutAFileThatEverybodyCanRead) {
  auto open = content("V1", 1);
  open.readable_by_others = true;
  EXPECT_TRUE(see(std::move(open)).readable_by_others);
  auto again = content("V1", 1);
  again.readable_by_others = true;
  EXPECT_FALSE(see(std::move(again)).readable_by_others);
}

TEST_F(FileStateTest, TreatsALookWithoutAnswerAsAFaultOfTheMachine) {
  settle("V1", 1);
  EXPECT_TRUE(state_.timed_out(clock_.system_now()).state);
  EXPECT_EQ(state_.reason(), "io-error");
  EXPECT_EQ(value(), "V1");
  see("V1", 1);
  EXPECT_EQ(state(), State::kOk);
}

TEST_F(FileStateTest, TellsWhenTheStateBeganAndWhenTheFileWasLastRead) {
  const auto start = clock_.system_now();
  settle("V1", 1);
  EXPECT_EQ(state_.since(), start + 100ms);
  EXPECT_EQ(state_.last_read(), start + 100ms);
  clock_.advance(1s);
  see("V1", 1);
  EXPECT_EQ(state_.since(), start + 100ms);
  EXPECT_EQ(state_.last_read(), start + 1'100ms);
  refuse(reason::kMissing);
  EXPECT_EQ(state_.since(), start + 1'100ms);
}

}  // namespace
}  // namespace embergate::vault
