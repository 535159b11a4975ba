// SPDX-License-Identifier: Apache-2.0
#include "kafka/lane.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace embergate::kafka {
namespace {

// Takes as many records as it has room for and refuses those whose value is "bad".
class FakeSink final : public RecordSink {
 public:
  Verdict take(const Record& record, void* opaque, RecordFailure& failure) override {
    if (record.value == "bad") {
      failure.scope = FailureScope::kRecord;
      failure.reason = "bad";
      return Verdict::kRefused;
    }
    if (room == 0) return Verdict::kFull;
    --room;
    taken.emplace_back(record.value);
    opaques.push_back(opaque);
    return Verdict::kTaken;
  }
  std::size_t room = 1'000;
  std::vector<std::string> taken;
  std::vector<void*> opaques;
};

struct LaneTest : ::testing::Test {
  BatchRegistry registry;
  Lane lane;
  std::shared_ptr<FakeSink> sink = std::make_shared<FakeSink>();
  std::map<int, std::size_t> failures;  // by number of the batch
  bool must_wait = false;

  BatchState* batch(int number, const std::vector<std::string>& values) {
    auto bytes = std::make_shared<RecordBatch>();
    bytes->memory = values;
    for (const auto& value : bytes->memory) bytes->records.push_back(Record{{}, value});
    return new BatchState(
        std::move(bytes), [this, number](BatchReport report) { failures[number] = report.failures.size(); }, registry,
        lane.broken());
  }
  static void finish(const Lane::Finished& finished) {
    for (BatchState* one : finished) one->finish();
  }
  void acknowledge_all() {
    for (void* opaque : sink->opaques) {
      std::size_t index = 0;
      BatchState& owner = BatchState::of(opaque, index);
      if (owner.delivered(index)) owner.finish();
    }
    sink->opaques.clear();
  }
};

TEST_F(LaneTest, HandsRecordsOverInOrder) {
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a", "b"}), must_wait));
  finish(lane.send(batch(2, {"c"}), must_wait));
  EXPECT_EQ(sink->taken, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_FALSE(must_wait);
  acknowledge_all();
  EXPECT_EQ(failures, (std::map<int, std::size_t>{{1, 0}, {2, 0}}));
}

TEST_F(LaneTest, HoldsBackLaterBatchesWhileAnEarlierOneWaitsForRoom) {
  sink->room = 3;
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a", "b", "c", "d"}), must_wait));
  EXPECT_TRUE(must_wait);
  sink->room = 1;
  finish(lane.send(batch(2, {"e"}), must_wait));
  EXPECT_EQ(sink->taken.size(), 3U);  // "e" must not overtake "d"
  EXPECT_FALSE(lane.idle());
  sink->room = 10;
  finish(lane.proceed(must_wait));
  EXPECT_FALSE(must_wait);
  EXPECT_TRUE(lane.idle());
  EXPECT_EQ(sink->taken, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  acknowledge_all();
}

TEST_F(LaneTest, HoldsWithoutASinkAndGoesOnWhenItOpens) {
  finish(lane.send(batch(1, {"a"}), must_wait));
  EXPECT_TRUE(failures.empty());
  finish(lane.open(sink, must_wait));
  EXPECT_EQ(sink->taken, (std::vector<std::string>{"a"}));
  lane.hold();
  finish(lane.send(batch(2, {"b"}), must_wait));
  EXPECT_EQ(sink->taken.size(), 1U);
  finish(lane.open(sink, must_wait));
  EXPECT_EQ(sink->taken.size(), 2U);
  acknowledge_all();
}

TEST_F(LaneTest, RefusesWhatWaitsAndWhatComes) {
  finish(lane.send(batch(1, {"a", "b"}), must_wait));
  finish(lane.refuse("no credential"));
  finish(lane.send(batch(2, {"c"}), must_wait));
  EXPECT_EQ(failures, (std::map<int, std::size_t>{{1, 2}, {2, 1}}));
}

TEST_F(LaneTest, ReportsABatchOnlyWhenItsHandedOverRecordsCameBackToo) {
  sink->room = 1;
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a", "b", "c"}), must_wait));
  finish(lane.refuse("replaced"));
  EXPECT_TRUE(failures.empty());
  acknowledge_all();
  EXPECT_EQ(failures[1], 2U);
}

TEST_F(LaneTest, FailsARefusedRecordAloneAndTheBatchAtOnceWhenAllAreRefused) {
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a", "bad", "c"}), must_wait));
  acknowledge_all();
  EXPECT_EQ(failures[1], 1U);
  finish(lane.send(batch(2, {"bad", "bad"}), must_wait));
  EXPECT_EQ(failures[2], 2U);
}

TEST_F(LaneTest, FinishesAnEmptyBatchAtOnce) {
  finish(lane.send(batch(1, {}), must_wait));
  EXPECT_EQ(failures.count(1), 1U);
}

TEST_F(LaneTest, TakesNothingAfterAFailureUntilItsOwnerHasSeenIt) {
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a", "b"}), must_wait));
  std::size_t index = 0;
  BatchState::of(sink->opaques[0], index).failed({.index = 0, .scope = FailureScope::kConnection, .reason = "cut"});
  sink->opaques.erase(sink->opaques.begin());
  finish(lane.send(batch(2, {"a again"}), must_wait));
  EXPECT_EQ(failures[2], 1U) << "it would overtake what came back";
  acknowledge_all();
  EXPECT_EQ(failures[1], 1U);
  lane.resume();
  finish(lane.send(batch(3, {"a"}), must_wait));
  acknowledge_all();
  EXPECT_EQ(failures[3], 0U);
}

TEST_F(LaneTest, FailsWhatWaitedWhenAnEarlierRecordCameBack) {
  sink->room = 1;
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a"}), must_wait));
  finish(lane.send(batch(2, {"b"}), must_wait));
  EXPECT_TRUE(must_wait);
  std::size_t index = 0;
  BatchState& first = BatchState::of(sink->opaques[0], index);
  if (first.failed({.index = 0, .scope = FailureScope::kTopic, .reason = "unknown"})) first.finish();
  sink->room = 10;
  finish(lane.proceed(must_wait));
  EXPECT_EQ(failures, (std::map<int, std::size_t>{{1, 1}, {2, 1}}));
  EXPECT_EQ(sink->taken.size(), 1U);
}

TEST_F(LaneTest, GoesOnAfterARecordThatFailedForItself) {
  lane.open(sink, must_wait);
  finish(lane.send(batch(1, {"a"}), must_wait));
  std::size_t index = 0;
  BatchState& first = BatchState::of(sink->opaques[0], index);
  if (first.failed({.index = 0, .scope = FailureScope::kRecord, .reason = "too large"})) first.finish();
  sink->opaques.clear();
  finish(lane.send(batch(2, {"b"}), must_wait));
  acknowledge_all();
  EXPECT_EQ(failures, (std::map<int, std::size_t>{{1, 1}, {2, 0}}));
}

TEST_F(LaneTest, RefusesMoreBatchesThanItMayKeep) {
  for (std::size_t i = 0; i < Lane::kMaxWaiting; ++i) finish(lane.send(batch(static_cast<int>(i), {"x"}), must_wait));
  EXPECT_TRUE(failures.empty());
  finish(lane.send(batch(1'000, {"x"}), must_wait));
  EXPECT_EQ(failures[1'000], 1U);
  finish(lane.fail_waiting("end"));
  EXPECT_EQ(failures.size(), Lane::kMaxWaiting + 1);
}

}  // namespace
}  // namespace embergate::kafka
