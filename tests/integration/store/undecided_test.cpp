// SPDX-License-Identifier: Apache-2.0
// Rows whose topic could not decide within the write.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UndecidedRows : public StoreTest {
 protected:
  void SetUp() override {
    must_open();
    slot_ = open_slot("d1");
    topic_ = write("AidboxSubscriptionTopic", "costly", "{}");
  }
  core::Result<CommitReceipt> write_undecided(DestinationSlot slot, std::string_view id, bool fail = false) {
    return commit(*store_, [=, this](Transaction& transaction) -> core::Result<void> {
      EG_TRY(const VersionId version, put(transaction, "Patient", id, "{}"));
      EG_CHECK(transaction.append_undecided(version, {std::span(&slot, 1), topic_, "Patient", id, "too much"}, "c1"));
      if (fail) return core::make_error(core::ErrorCode::kInvalid, "no");
      return {};
    });
  }
  bool decide(EventNumber number, Verdict verdict) {
    bool changed = false;
    EXPECT_TRUE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_TRY(changed, transaction.decide(slot_, number, verdict, "still too much"));
      return {};
    }));
    return changed;
  }
  // "3u": the number of a row, `u` undecided, `+` and `-` with a verdict, `b` behind such a one, `w` waiting.
  std::vector<std::string> rows() {
    std::vector<std::string> seen;
    EXPECT_TRUE(store_->outbox().read(slot_, 0, 100, 1'000'000, [&](const OutboxEvent& event) {
      std::string text = std::to_string(event.event_number);
      if (event.wanted) text += '+';
      if (event.unwanted) text += '-';
      if (event.undecided && !event.wanted && !event.unwanted) text += 'u';
      if (event.behind_undecided && !event.undecided) text += 'b';
      if (event.waiting) text += 'w';
      seen.push_back(text);
      return true;
    }));
    return seen;
  }
  std::vector<EventNumber> pending(DestinationSlot after = {}) {
    std::vector<EventNumber> numbers;
    const auto found = store_->outbox().undecided_rows(after, 10);
    EXPECT_TRUE(found) << found.error().diagnostics;
    for (const UndecidedRow& row : *found) numbers.push_back(row.event_number);
    return numbers;
  }

  DestinationSlot slot_;
  VersionId topic_ = 0;
};

TEST_F(UndecidedRows, AreStoredWithTheirWriteAndHoldBackTheirResource) {
  const auto receipt = write_undecided(slot_, "p1");
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->undecided);
  EXPECT_THAT(receipt->slots, ElementsAre(slot_));
  ASSERT_TRUE(write_event(slot_, "p2", "{}"));
  const auto decided = write_event(slot_, "p1", "{}");
  EXPECT_FALSE(decided->undecided);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(rows(), ElementsAre("1u", "2", "3b"));
    EXPECT_EQ(counters(slot_).undecided, 1u);
    EXPECT_EQ(counters(slot_).queued, 3u);
    const auto held = store_->outbox().held_rows(slot_, {HeldRow::State::kUndecided, 0, 10});
    ASSERT_EQ(held->size(), 1u);
    EXPECT_EQ(held->at(0).reason, "too much");
    EXPECT_EQ(held->at(0).code, "undecided");
    EXPECT_EQ(held->at(0).since, clock_.system_now());
    const auto undecided = store_->outbox().undecided_rows({}, 10);
    ASSERT_EQ(undecided->size(), 1u);
    EXPECT_EQ(undecided->at(0).slot, slot_);
    EXPECT_EQ(undecided->at(0).type, "Patient");
    EXPECT_EQ(undecided->at(0).id, "p1");
    EXPECT_EQ(undecided->at(0).topic_version, topic_);
    EXPECT_EQ(undecided->at(0).topic_id, "costly");
    must_open();
  }
}

TEST_F(UndecidedRows, OfAWriteThatIsRolledBackDoNotExist) {
  ASSERT_FALSE(write_undecided(slot_, "p1", true));
  EXPECT_THAT(rows(), IsEmpty());
  EXPECT_EQ(counters(slot_).undecided, 0u);
  EXPECT_THAT(pending(), IsEmpty());
  ASSERT_TRUE(write_event(slot_, "p1", "{}"));
  EXPECT_THAT(rows(), ElementsAre("1"));
}

TEST_F(UndecidedRows, StayInTheirPlaceForTheirRelayWhenTheyAreWanted) {
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  ASSERT_TRUE(write_event(slot_, "p1", "{}"));
  EXPECT_TRUE(decide(1, Verdict::kWanted));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(rows(), ElementsAre("1+", "2b"));
    EXPECT_EQ(counters(slot_).undecided, 0u);
    EXPECT_EQ(counters(slot_).waiting, 0u) << "it is on its way like any other";
    EXPECT_THAT(*store_->outbox().held_rows(slot_, {}), IsEmpty());
    EXPECT_THAT(pending(), IsEmpty());
    must_open();
  }
  EXPECT_FALSE(decide(1, Verdict::kUnwanted)) << "what is decided stays so";
  EXPECT_THAT(rows(), ElementsAre("1+", "2b"));
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 1}}, {}, 1, 0}));
  EXPECT_THAT(rows(), ElementsAre("2"));
  EXPECT_EQ(counters(slot_).waiting, 0u);
}

TEST_F(UndecidedRows, WaitLikeOthersWhenTheyAreWantedAndRefused) {
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  EXPECT_TRUE(decide(1, Verdict::kWanted));
  HeldRow refused;
  refused.event_number = 1;
  refused.state = HeldRow::State::kWaiting;
  refused.type = "Patient";
  refused.id = "p1";
  refused.since = clock_.system_now() + std::chrono::hours(1);
  const core::SystemTime first = refused.since;
  ASSERT_TRUE(settle(*store_, {slot_, {}, {refused}, 0, 1}));
  refused.since += std::chrono::hours(1);
  ASSERT_TRUE(settle(*store_, {slot_, {}, {refused}, 0, 1}));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(rows(), ElementsAre("1w"));
    const auto held = store_->outbox().held_rows(slot_, {});
    ASSERT_EQ(held->size(), 1u);
    EXPECT_EQ(held->at(0).since, first) << "the time of the first refusal, not of the write";
    EXPECT_EQ(counters(slot_).waiting, 1u);
    EXPECT_EQ(counters(slot_).undecided, 0u);
    must_open();
  }
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 1}}, {}, 1, 0}));
  EXPECT_EQ(counters(slot_).waiting, 0u);
}

TEST_F(UndecidedRows, AreDecidedByAnOperatorOnce) {
  for (const char* id : {"p1", "p2", "p3"}) ASSERT_TRUE(write_undecided(slot_, id));
  const auto operate = [&](auto action, EventNumber number) {
    std::size_t count = 0;
    EXPECT_TRUE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      HeldSelection selection;
      selection.numbers = {number};
      EG_TRY(const auto rows, (transaction.*action)(slot_, selection));
      count = rows.size();
      return {};
    }));
    return count;
  };
  EXPECT_EQ(operate(&Transaction::release_held, 1), 1u);
  EXPECT_EQ(operate(&Transaction::discard_held, 2), 1u);
  EXPECT_THAT(rows(), ElementsAre("1+", "2-", "3u"));
  EXPECT_EQ(operate(&Transaction::discard_held, 1), 0u) << "it is on its way";
  EXPECT_EQ(operate(&Transaction::release_held, 2), 0u);
  EXPECT_THAT(rows(), ElementsAre("1+", "2-", "3u"));
  EXPECT_EQ(counters(slot_).undecided, 1u);
  EXPECT_EQ(counters(slot_).waiting, 0u);
}

TEST_F(UndecidedRows, GoWithTheirNumberWhenTheyAreNotWanted) {
  ASSERT_TRUE(write_event(slot_, "p1", "{}"));
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  EXPECT_TRUE(decide(2, Verdict::kUnwanted));
  EXPECT_THAT(rows(), ElementsAre("1", "2-"));
  EXPECT_EQ(counters(slot_).undecided, 0u);
  ASSERT_TRUE(settle(*store_, {slot_, {{2, 2}}, {}, 0, 0}));
  EXPECT_EQ(counters(slot_).delivered, 0u);
  must_open();
  ASSERT_TRUE(write_event(slot_, "p1", "{}"));
  EXPECT_THAT(rows(), ElementsAre("1", "3")) << "the number is not used again, also not after a restart";
  EXPECT_FALSE(decide(2, Verdict::kWanted));
}

TEST_F(UndecidedRows, ThatNoOneCanDecideStayAndAreNotLookedAtAgain) {
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  EXPECT_TRUE(decide(1, Verdict::kUnknown));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(rows(), ElementsAre("1u"));
    EXPECT_EQ(counters(slot_).undecided, 1u);
    EXPECT_THAT(pending(), IsEmpty());
    EXPECT_EQ(store_->outbox().held_rows(slot_, {})->at(0).reason, "still too much");
    must_open();
  }
}

TEST_F(UndecidedRows, AreReadSlotBySlot) {
  const auto other = open_slot("d2");
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  ASSERT_TRUE(write_undecided(slot_, "p2"));
  ASSERT_TRUE(write_undecided(other, "p1"));
  EXPECT_THAT(pending(), ElementsAre(1, 2));
  EXPECT_THAT(pending(slot_), ElementsAre(1));
  EXPECT_THAT(pending(other), IsEmpty());
}

TEST_F(UndecidedRows, GoWithTheirDestination) {
  ASSERT_TRUE(write_undecided(slot_, "p1"));
  ASSERT_TRUE(commit(*store_, [&](Transaction& transaction) { return transaction.close_slot(slot_); }));
  EXPECT_THAT(pending(), IsEmpty());
  EXPECT_FALSE(decide(1, Verdict::kWanted));
}

// A reader may see a commit before the writer has said so to the rest of the program.
TEST_F(UndecidedRows, AreMarkedFromTheMomentThatTheyCanBeSeen) {
  constexpr int kRows = 400;
  std::atomic<bool> over{false};
  std::atomic<int> unmarked{0};
  std::thread reader([&] {
    while (!over) {
      const auto read = store_->outbox().read(slot_, 0, 10, 1'000'000, [&](const OutboxEvent& event) {
        if (!event.undecided) ++unmarked;
        return true;
      });
      EXPECT_TRUE(read);
    }
  });
  for (EventNumber number = 1; number <= kRows; ++number) {
    ASSERT_TRUE(write_undecided(slot_, "p1"));
    ASSERT_TRUE(settle(*store_, {slot_, {{number, number}}, {}, 0, 0}));
  }
  over = true;
  reader.join();
  EXPECT_EQ(unmarked, 0);
}

}  // namespace
}  // namespace embergate::store
