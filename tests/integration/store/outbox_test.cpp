// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <numeric>
#include <thread>

#include "integration/store/store_fixture.hpp"

namespace embergate::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxOfTheStore : public QueueTest {
 protected:
  // Reads one resource's rows.
  std::vector<EventNumber> rows_of(std::string_view id, EventNumber from, std::size_t max_rows = 100) {
    std::vector<Event> events;
    const auto read = store_->outbox().read_resource(slot_, from, "Patient", id, max_rows, collect(events));
    EXPECT_TRUE(read) << read.error().diagnostics;
    if (read) {
      EXPECT_EQ(*read, events.size());
    }
    std::vector<EventNumber> numbers;
    for (const auto& event : events) {
      EXPECT_EQ(event.id, id);
      numbers.push_back(event.number);
    }
    return numbers;
  }
};

TEST_F(OutboxOfTheStore, HandsOutRowsWithTheVersionTheyPointAt) {
  const auto outcome = write_event(slot_, "p1", "one", "batch-17");
  ASSERT_TRUE(outcome);
  EXPECT_THAT(outcome->slots, ElementsAre(slot_));
  ASSERT_TRUE(write_event(slot_, "p1", "two"));
  const auto events = queue(slot_);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].number, 1);
  EXPECT_EQ(events[0].interaction, Interaction::kCreate);
  EXPECT_EQ(events[0].type, "Patient");
  EXPECT_EQ(events[0].id, "p1");
  EXPECT_EQ(events[0].body, "one");
  EXPECT_EQ(events[0].correlation_id, "batch-17");
  EXPECT_EQ(events[1].number, 2);
  EXPECT_EQ(events[1].interaction, Interaction::kUpdate);
  EXPECT_EQ(events[1].body, "two");
  EXPECT_EQ(events[1].correlation_id, "");
  EXPECT_EQ(events[1].version, current("Patient", "p1")->version_id);
}

TEST_F(OutboxOfTheStore, ReadsAPartAfterANumberWithinRowsAndBytes) {
  write_events(9);
  std::vector<Event> events;
  ASSERT_TRUE(store_->outbox().read(slot_, 3, 2, 1'000, collect(events)));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].number, 4);
  EXPECT_EQ(events[1].number, 5);

  events.clear();
  ASSERT_TRUE(store_->outbox().read(slot_, 0, 100, 3, collect(events)));
  EXPECT_EQ(events.size(), 3u) << "three bodies of one byte reach the limit";
  events.clear();
  ASSERT_TRUE(store_->outbox().read(slot_, 0, 100, 0, collect(events)));
  EXPECT_EQ(events.size(), 1u) << "a row larger than the limit must still go";

  int seen = 0;
  const auto read = store_->outbox().read(slot_, 0, 100, 1'000, [&](const OutboxEvent&) { return ++seen < 4; });
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, 3u) << "the refused row does not count";
}

TEST_F(OutboxOfTheStore, NumbersEventsWithoutGapsOverFailedBodies) {
  for (int i = 0; i < 30; ++i) {
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_TRY(const VersionId version, put(transaction, "Patient", "p" + std::to_string(i), "{}"));
      EG_CHECK(transaction.append_events(version, std::span(&slot_, 1), {}));
      if (i % 3 == 1) return core::make_error(core::ErrorCode::kInvalid, "no");
      return {};
    });
    EXPECT_EQ(static_cast<bool>(outcome), i % 3 != 1);
  }
  std::vector<EventNumber> expected(20);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(numbers(slot_), expected);
  EXPECT_EQ(counters(slot_).queued, 20u);
  EXPECT_EQ(counters(slot_).last_event_number, 20);
}

TEST_F(OutboxOfTheStore, NumbersEventsInTheOrderOfTheirVersions) {
  ASSERT_TRUE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    EG_TRY(const VersionId first, put(transaction, "Patient", "p1", "{}"));
    EG_TRY(const VersionId second, put(transaction, "Patient", "p2", "{}"));
    EG_CHECK(transaction.append_events(second, std::span(&slot_, 1), {}));
    return transaction.append_events(first, std::span(&slot_, 1), {});
  }));
  const auto events = queue(slot_);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].id, "p1");
  EXPECT_EQ(events[1].id, "p2");
}

TEST_F(OutboxOfTheStore, NumbersEachSlotByItself) {
  const DestinationSlot other = open_slot("d2");
  const std::vector<DestinationSlot> both{other, slot_};
  write_events(2);
  const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    EG_TRY(const VersionId version, put(transaction, "Patient", "shared", "{}"));
    return transaction.append_events(version, both, "c");
  });
  ASSERT_TRUE(outcome);
  EXPECT_THAT(outcome->slots, ::testing::UnorderedElementsAre(slot_, other));
  EXPECT_THAT(numbers(slot_), ElementsAre(1, 2, 3));
  EXPECT_THAT(numbers(other), ElementsAre(1));
}

TEST_F(OutboxOfTheStore, GoesOnNumberingAfterARestartAlsoWhenAllWasDelivered) {
  write_events(3);
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 3}}, {}, 3, 1}));
  EXPECT_THAT(numbers(slot_), IsEmpty());
  must_open();
  EXPECT_EQ(counters(slot_).last_event_number, 3);
  EXPECT_EQ(counters(slot_).delivered, 3u);
  EXPECT_EQ(counters(slot_).failed_attempts, 1u);
  write_events(2, "q");
  must_open();
  write_events(1, "r");
  EXPECT_THAT(numbers(slot_), ElementsAre(4, 5, 6));
  EXPECT_EQ(counters(slot_).queued, 3u);
}

TEST_F(OutboxOfTheStore, DeletesRangesAndKeepsTheRest) {
  write_events(10);
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 3}, {5, 5}, {7, 8}}, {}, 6, 0}));
  EXPECT_THAT(numbers(slot_), ElementsAre(4, 6, 9, 10));
  EXPECT_EQ(counters(slot_).queued, 4u);
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 10}}, {}, 4, 0}));
  EXPECT_EQ(counters(slot_).queued, 0u);
  EXPECT_EQ(counters(slot_).delivered, 10u);
  EXPECT_FALSE(counters(slot_).oldest_queued);
}

TEST_F(OutboxOfTheStore, KeepsHeldRowsUntilTheyAreSettled) {
  write_events(5);
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 1}, {3, 5}}, {held(2, HeldRow::State::kWaiting, "p2")}, 4, 1}));
  must_open();
  const auto rows = store_->outbox().held_rows(slot_, {});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).event_number, 2);
  EXPECT_EQ(rows->at(0).state, HeldRow::State::kWaiting);
  EXPECT_EQ(rows->at(0).type, "Patient");
  EXPECT_EQ(rows->at(0).id, "p2");
  EXPECT_EQ(rows->at(0).reason, "too large");
  EXPECT_EQ(rows->at(0).attempts, 3u);
  EXPECT_EQ(rows->at(0).next_try, core::SystemTime(std::chrono::seconds(1'800'000'000)));
  EXPECT_THAT(numbers(slot_), ElementsAre(2));
  EXPECT_EQ(counters(slot_).queued, 1u);

  ASSERT_TRUE(settle(*store_, {slot_, {{2, 2}}, {}, 1, 0}));
  EXPECT_THAT(store_->outbox().held_rows(slot_, {}).value(), IsEmpty());
  EXPECT_EQ(counters(slot_).queued, 0u);
}

TEST_F(OutboxOfTheStore, ReadsNoSupersededRows) {
  write_events(4);
  ASSERT_TRUE(write_event(slot_, "p2", "again"));
  ASSERT_TRUE(settle(*store_, {slot_, {}, {held(2, HeldRow::State::kWaiting, "p2")}, 0, 1}));
  EXPECT_THAT(numbers(slot_), ElementsAre(1, 2, 3, 4, 5));
  ASSERT_TRUE(settle(*store_, {slot_, {{5, 5}}, {held(2, HeldRow::State::kSuperseded, "p2")}, 1, 0}));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_THAT(numbers(slot_), ElementsAre(1, 3, 4));
    EXPECT_THAT(rows_of("p2", 1), IsEmpty());
    std::vector<Event> events;
    const auto read = store_->outbox().read_rows(slot_, {4, 2, 9, 1}, collect(events));
    ASSERT_TRUE(read);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].number, 4) << "in the order asked for";
    EXPECT_EQ(events[1].number, 1);
    EXPECT_EQ(counters(slot_).queued, 3u);
    EXPECT_EQ(counters(slot_).superseded, 1u);
    EXPECT_EQ(store_->outbox().held_rows(slot_, {})->at(0).state, HeldRow::State::kSuperseded);
    must_open();
  }
}

TEST_F(OutboxOfTheStore, TellsTheAgeOfTheOldestRowThatWillBeSent) {
  const auto start = clock_.system_now();
  write_events(1);
  clock_.advance(std::chrono::seconds(5));
  write_events(1, "q");
  EXPECT_EQ(counters(slot_).oldest_queued, start);
  ASSERT_TRUE(settle(*store_, {slot_, {}, {held(1, HeldRow::State::kSuperseded, "p1")}, 0, 0}));
  EXPECT_EQ(counters(slot_).oldest_queued, start + std::chrono::seconds(5));
}

TEST_F(OutboxOfTheStore, FindsTheRowsOfOneResource) {
  std::vector<EventNumber> of_p3;
  EventNumber number = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string id = "p" + std::to_string(i % 7);
    const bool matched = i % 5 != 0;  // some versions never made an event
    if (matched) {
      ASSERT_TRUE(write_event(slot_, id, std::to_string(i)));
      ++number;
      if (id == "p3") of_p3.push_back(number);
    } else {
      write("Patient", id, std::to_string(i));
    }
  }
  EXPECT_EQ(rows_of("p3", 1), of_p3);
  EXPECT_THAT(rows_of("p3", 1, 2), ElementsAre(of_p3[0], of_p3[1]));
  EXPECT_THAT(rows_of("nobody", 1), IsEmpty());

  ASSERT_TRUE(settle(*store_, {slot_, {{20, 60}}, {}, 41, 0}));
  const auto expected_from = [&](EventNumber from) {
    std::vector<EventNumber> expected;
    for (const EventNumber one : of_p3) {
      if (one >= from && (one < 20 || one > 60)) expected.push_back(one);
    }
    return expected;
  };
  for (const EventNumber from : {1, 10, 19, 20, 40, 60, 61, 100, 159, 160, 161}) {
    EXPECT_EQ(rows_of("p3", from), expected_from(from)) << "from " << from;
  }
}

TEST_F(OutboxOfTheStore, DropsTheQueueOfAClosedSlot) {
  write_events(5);
  ASSERT_TRUE(settle(*store_, {slot_, {{1, 1}}, {held(2, HeldRow::State::kWaiting, "p2")}, 1, 1}));
  ASSERT_TRUE(commit(*store_, [&](Transaction& transaction) { return transaction.close_slot(slot_); }));
  EXPECT_THAT(queue(slot_), IsEmpty());
  EXPECT_THAT(store_->outbox().held_rows(slot_, {}).value(), IsEmpty());
  const auto closed = store_->outbox().counters(slot_);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, core::ErrorCode::kNotFound);
  EXPECT_TRUE(settle(*store_, {slot_, {{2, 5}}, {}, 4, 0})) << "a late settlement does no harm";
  EXPECT_FALSE(write_event(slot_, "p9", "{}"));

  const DestinationSlot next = open_slot("d1");
  ASSERT_TRUE(write_event(next, "p9", "{}"));
  EXPECT_THAT(numbers(next), ElementsAre(1));
  EXPECT_EQ(counters(next).delivered, 0u);
}

TEST_F(OutboxOfTheStore, KeepsASlotWhoseClosingFailed) {
  write_events(3);
  EXPECT_FALSE(commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
    EG_CHECK(transaction.close_slot(slot_));
    return core::make_error(core::ErrorCode::kInvalid, "no");
  }));
  EXPECT_THAT(numbers(slot_), ElementsAre(1, 2, 3));
  write_events(1, "q");
  EXPECT_THAT(numbers(slot_), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(counters(slot_).queued, 4u);
}

TEST_F(OutboxOfTheStore, NumbersWithoutGapsUnderManyWritersAndADrain) {
  constexpr int kWriters = 6;
  constexpr int kEach = 100;
  std::atomic<int> failed{0};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
          EG_TRY(const VersionId version, put(transaction, "Patient", "w" + std::to_string(writer), std::to_string(i)));
          EG_CHECK(transaction.append_events(version, std::span(&slot_, 1), {}));
          if (i % 10 == 9) return core::make_error(core::ErrorCode::kInvalid, "no");
          return {};
        });
        if (static_cast<bool>(outcome) != (i % 10 != 9)) ++failed;
      }
    });
  }
  constexpr EventNumber kExpected = kWriters * kEach * 9 / 10;
  EventNumber drained = 0;
  EventNumber last = 0;
  const auto drain_some = [&] {
    const EventNumber before = last;
    const auto read = store_->outbox().read(slot_, last, 50, 1'000'000, [&](const OutboxEvent& event) {
      if (event.event_number != last + 1) ++failed;
      last = event.event_number;
      return true;
    });
    if (!read || *read == 0) return drained == kExpected;
    drained += static_cast<EventNumber>(*read);
    if (!settle(*store_, {slot_, {{before + 1, last}}, {}, *read, 0})) ++failed;
    return drained == kExpected;
  };
  EXPECT_TRUE(test::eventually(drain_some, std::chrono::seconds(60), std::chrono::milliseconds(1)));
  for (auto& thread : writers) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(last, kExpected);
  EXPECT_EQ(counters(slot_).queued, 0u);
  EXPECT_EQ(counters(slot_).delivered, static_cast<std::uint64_t>(kExpected));
}

}  // namespace
}  // namespace embergate::store
