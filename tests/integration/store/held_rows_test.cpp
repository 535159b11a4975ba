// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

using ::testing::ElementsAre;

class QueueWithHeldRows : public QueueTest {};

TEST_F(QueueWithHeldRows, ListsHeldRowsByNumberAndState) {
  write_events(6);
  HeldRow refused = held(3, HeldRow::State::kWaiting, "p3");
  refused.code = "too-large";
  refused.since = core::SystemTime(std::chrono::seconds(1'700'000'000));
  ASSERT_TRUE(settle(*store_, {slot_,
                               {},
                               {held(1, HeldRow::State::kSuperseded, "p1"), refused,
                                held(4, HeldRow::State::kWaiting, "p4"), held(9, HeldRow::State::kWaiting, "unknown")},
                               0,
                               0}));
  const auto all = store_->outbox().held_rows(slot_, {});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u) << "a row that is not in the queue is not held";
  EXPECT_EQ(all->at(0).event_number, 1);
  EXPECT_EQ(all->at(1).code, "too-large");
  EXPECT_EQ(all->at(1).since, refused.since);
  EXPECT_EQ(all->at(1).version_id, current("Patient", "p3")->version_id);
  const auto first = store_->outbox().held_rows(slot_, {HeldRow::State::kWaiting, 0, 1});
  ASSERT_EQ(first->size(), 1u);
  EXPECT_EQ(first->at(0).event_number, 3);
  const auto next = store_->outbox().held_rows(slot_, {HeldRow::State::kWaiting, 3, 1});
  ASSERT_EQ(next->size(), 1u);
  EXPECT_EQ(next->at(0).event_number, 4);
}

TEST_F(QueueWithHeldRows, KeepsTheTimeOfTheFirstRefusal) {
  write_events(1);
  HeldRow row = held(1, HeldRow::State::kWaiting, "p1");
  row.since = core::SystemTime(std::chrono::seconds(10));
  ASSERT_TRUE(settle(*store_, {slot_, {}, {row}, 0, 1}));
  row.since = core::SystemTime(std::chrono::seconds(20));
  row.attempts = 4;
  ASSERT_TRUE(settle(*store_, {slot_, {}, {row}, 0, 1}));
  const auto rows = store_->outbox().held_rows(slot_, {});
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).since, core::SystemTime(std::chrono::seconds(10)));
  EXPECT_EQ(rows->at(0).attempts, 4u);
}

TEST_F(QueueWithHeldRows, CountsHeldRowsByStateAlsoAfterARestart) {
  write_events(6);
  ASSERT_TRUE(settle(*store_, {slot_,
                               {},
                               {held(1, HeldRow::State::kSuperseded, "p1"), held(2, HeldRow::State::kWaiting, "p2"),
                                held(3, HeldRow::State::kWaiting, "p3"), held(4, HeldRow::State::kUndecided, "p4")},
                               0,
                               0}));
  for (int pass = 0; pass < 2; ++pass) {
    const SlotCounters now = counters(slot_);
    EXPECT_EQ(now.queued, 5u);
    EXPECT_EQ(now.waiting, 2u);
    EXPECT_EQ(now.superseded, 1u);
    EXPECT_EQ(now.undecided, 1u);
    must_open();
  }
}

TEST_F(QueueWithHeldRows, SaysWhichRowsStandBehindAWaitingOneOfTheirResource) {
  for (const char* id : {"p1", "p2", "p1", "p2"}) ASSERT_TRUE(write_event(slot_, id, "{}"));
  ASSERT_TRUE(settle(*store_, {slot_, {}, {held(1, HeldRow::State::kWaiting, "p1")}, 0, 1}));
  std::vector<std::pair<EventNumber, bool>> seen;
  const auto visit = [&](const OutboxEvent& event) {
    seen.emplace_back(event.event_number, event.behind_waiting);
    return true;
  };
  ASSERT_TRUE(store_->outbox().read(slot_, 0, 10, 1'000, visit));
  EXPECT_THAT(seen, ElementsAre(std::pair(1, true), std::pair(2, false), std::pair(3, true), std::pair(4, false)));
  seen.clear();
  ASSERT_TRUE(store_->outbox().read_resource(slot_, 1, "Patient", "p1", 10, visit));
  EXPECT_THAT(seen, ElementsAre(std::pair(1, true), std::pair(3, true)));
}

TEST_F(QueueWithHeldRows, GivesDueRowsTheLongestDueFirstAndOfEachResourceTheFirst) {
  for (const char* id : {"p1", "p2", "p1", "p3"}) ASSERT_TRUE(write_event(slot_, id, "{}"));
  const auto row = [](EventNumber number, const char* id, int second) {
    HeldRow one = held(number, HeldRow::State::kWaiting, id);
    one.next_try = core::SystemTime(std::chrono::seconds(second));
    return one;
  };
  ASSERT_TRUE(
      settle(*store_, {slot_, {}, {row(1, "p1", 30), row(2, "p2", 20), row(3, "p1", 10), row(4, "p3", 90)}, 0, 0}));
  const auto due = [this](int second, std::size_t limit) {
    std::vector<EventNumber> numbers;
    const auto rows = store_->outbox().due_rows(slot_, {core::SystemTime(std::chrono::seconds(second)), limit});
    EXPECT_TRUE(rows);
    for (const HeldRow& one : *rows) numbers.push_back(one.event_number);
    return numbers;
  };
  EXPECT_THAT(due(25, 10), ElementsAre(2)) << "3 is due, but 1 of its resource comes first";
  EXPECT_THAT(due(100, 10), ElementsAre(2, 1, 4));
  EXPECT_THAT(due(100, 2), ElementsAre(2, 1));
}

class HeldRowsOfTheStore : public QueueWithHeldRows {
 protected:
  void SetUp() override {
    QueueWithHeldRows::SetUp();
    write_events(6);
    ASSERT_TRUE(
        settle(*store_, {slot_,
                         {},
                         {held(1, HeldRow::State::kSuperseded, "p1"), held(2, HeldRow::State::kWaiting, "p2"),
                          held(3, HeldRow::State::kSuperseded, "p3"), held(4, HeldRow::State::kUndecided, "p4")},
                         0,
                         0}));
  }
  using Action = core::Result<std::vector<HeldRow>> (Transaction::*)(DestinationSlot, const HeldSelection&);
  std::vector<HeldRow> operate(Action action, const HeldSelection& selection) {
    std::vector<HeldRow> rows;
    EXPECT_TRUE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_TRY(rows, (transaction.*action)(slot_, selection));
      return {};
    }));
    return rows;
  }
  std::vector<HeldRow> release(const HeldSelection& selection) {
    return operate(&Transaction::release_held, selection);
  }
  std::vector<HeldRow> discard(const HeldSelection& selection) {
    return operate(&Transaction::discard_held, selection);
  }
};

TEST_F(HeldRowsOfTheStore, ReleasesASupersededRowWithoutHoldingBackOthers) {
  ASSERT_TRUE(write_event(slot_, "p1", "later"));
  const auto rows = release({{3, 1, 3, 77}, {}, 100});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].event_number, 1);
  EXPECT_EQ(rows[0].state, HeldRow::State::kWaiting);
  EXPECT_TRUE(rows[0].released);
  EXPECT_EQ(rows[0].next_try, clock_.system_now());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(counters(slot_).superseded, 0u);
    EXPECT_EQ(counters(slot_).waiting, 3u);
    EXPECT_EQ(counters(slot_).queued, 7u);
    std::vector<EventNumber> behind;
    ASSERT_TRUE(store_->outbox().read(slot_, 0, 10, 1'000, [&](const OutboxEvent& event) {
      if (event.behind_waiting) behind.push_back(event.event_number);
      return true;
    }));
    EXPECT_THAT(behind, ElementsAre(2)) << "only the row that waits for its order";
    must_open();
  }
  EXPECT_TRUE(store_->outbox().held_rows(slot_, {})->at(0).released);
}

TEST_F(HeldRowsOfTheStore, LetsWaitingAndUndecidedRowsBeTriedAtOnce) {
  const auto rows = release({{2, 4}, {}, 100});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].event_number, 2);
  EXPECT_FALSE(rows[0].released);
  EXPECT_EQ(rows[1].event_number, 4);
  EXPECT_EQ(rows[1].state, HeldRow::State::kUndecided) << "it keeps its place, with its verdict";
  EXPECT_EQ(counters(slot_).waiting, 1u) << "one with a verdict is on its way like any other";
  EXPECT_EQ(store_->outbox().held_rows(slot_, {HeldRow::State::kWaiting, 0, 10})->at(0).next_try, clock_.system_now());
  EXPECT_EQ(counters(slot_).undecided, 0u);
}

TEST_F(HeldRowsOfTheStore, DiscardsTheFirstOfAStateWithTheirEvents) {
  const auto rows = discard({{}, HeldRow::State::kSuperseded, 1});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].event_number, 1);
  EXPECT_EQ(rows[0].id, "p1");
  EXPECT_THAT(numbers(slot_), ElementsAre(2, 4, 5, 6)) << "3 is superseded, 1 is gone";
  ASSERT_EQ(discard({{4, 2, 5}, {}, 100}).size(), 2u) << "5 is not held";
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(counters(slot_).queued, 4u) << "waiting and undecided ones go when their relay has settled them";
    EXPECT_EQ(counters(slot_).superseded, 1u);
    EXPECT_EQ(counters(slot_).waiting, 0u);
    EXPECT_EQ(counters(slot_).undecided, 0u);
    EXPECT_EQ(counters(slot_).delivered, 0u) << "what was discarded was not delivered";
    must_open();
  }
}

TEST_F(HeldRowsOfTheStore, ADiscardedWaitingRowHoldsBackItsResourceUntilItsRelaySettlesIt) {
  ASSERT_TRUE(write_event(slot_, "p2", "later"));
  ASSERT_EQ(discard({{2}, {}, 100}).size(), 1u);
  EXPECT_TRUE(discard({{2}, {}, 100}).empty()) << "once";
  EXPECT_TRUE(release({{2}, {}, 100}).empty()) << "which is final";
  EXPECT_TRUE(store_->outbox().held_rows(slot_, {HeldRow::State::kWaiting, 0, 10})->empty());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(counters(slot_).waiting, 0u);
    std::vector<EventNumber> unwanted;
    std::vector<EventNumber> behind;
    ASSERT_TRUE(store_->outbox().read(slot_, 0, 10, 1'000, [&](const OutboxEvent& event) {
      if (event.unwanted && event.waiting && !event.undecided) unwanted.push_back(event.event_number);
      if (event.behind_waiting) behind.push_back(event.event_number);
      return true;
    }));
    EXPECT_THAT(unwanted, ElementsAre(2));
    EXPECT_THAT(behind, ElementsAre(2, 7));
    const auto for_relay = store_->outbox().held_rows(slot_, {HeldRow::State::kWaiting, 0, 10, true});
    ASSERT_EQ(for_relay->size(), 1u);
    EXPECT_TRUE(for_relay->at(0).discarded);
    ASSERT_EQ(store_->outbox().due_rows(slot_, {clock_.system_now(), 10})->size(), 1u) << "due at once";
    must_open();
  }
  ASSERT_TRUE(settle(*store_, {slot_, {}, {held(2, HeldRow::State::kWaiting, "p2")}, 0, 1}));
  EXPECT_EQ(counters(slot_).waiting, 0u) << "one that was on its way and is refused stays discarded";
  ASSERT_TRUE(settle(*store_, {slot_, {{2, 2}}, {}, 0, 0}));
  EXPECT_EQ(counters(slot_).queued, 4u);
  EXPECT_THAT(numbers(slot_), ElementsAre(4, 5, 6, 7));
}

TEST_F(HeldRowsOfTheStore, ADiscardedRowThatIsOvertakenIsDeleted) {
  ASSERT_EQ(discard({{2}, {}, 100}).size(), 1u);
  ASSERT_TRUE(settle(*store_, {slot_, {}, {held(2, HeldRow::State::kSuperseded, "p2")}, 0, 0}));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(numbers(slot_), ElementsAre(4, 5, 6));
    EXPECT_EQ(counters(slot_).queued, 3u);
    EXPECT_EQ(counters(slot_).superseded, 2u);
    must_open();
  }
}

TEST_F(HeldRowsOfTheStore, CountTheLengthOfTheQueueWithinATransaction) {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  ASSERT_FALSE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    before = transaction.queue_length(slot_);
    EG_TRY(const VersionId version, put(transaction, "Patient", "p9", "{}"));
    EG_CHECK(transaction.append_events(version, std::span(&slot_, 1), {}));
    after = transaction.queue_length(slot_);
    return core::make_error(core::ErrorCode::kInvalid, "no");
  }));
  EXPECT_EQ(before, 6u) << "held rows of every state count";
  EXPECT_EQ(after, 7u);
  ASSERT_TRUE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    after = transaction.queue_length(slot_);
    before = transaction.queue_length(DestinationSlot(999));
    return {};
  }));
  EXPECT_EQ(after, 6u);
  EXPECT_EQ(before, 0u);
}

}  // namespace
}  // namespace embergate::store
