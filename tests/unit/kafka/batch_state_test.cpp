// SPDX-License-Identifier: Apache-2.0
#include "kafka/batch_state.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace embergate::kafka {
namespace {

std::shared_ptr<const RecordBatch> batch_of(std::size_t count) {
  auto batch = std::make_shared<RecordBatch>();
  for (std::size_t i = 0; i < count; ++i) batch->memory.push_back("value-" + std::to_string(i));
  for (const auto& value : batch->memory) batch->records.push_back(Record{{}, value});
  return batch;
}

struct Accounting : ::testing::Test {
  BatchRegistry registry;
  std::optional<BatchReport> report;
  int reports = 0;
  std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);

  BatchState* make(std::size_t count) {
    return new BatchState(
        batch_of(count),
        [this](BatchReport given) {
          report = std::move(given);
          ++reports;
        },
        registry, broken);
  }
};

TEST_F(Accounting, ReportsOnceAfterTheLastRecordWithFailuresByIndex) {
  BatchState* batch = make(4);
  EXPECT_FALSE(batch->failed(RecordFailure{.index = 3, .scope = FailureScope::kRecord, .reason = "too large"}));
  EXPECT_FALSE(batch->delivered(0));
  EXPECT_FALSE(batch->failed(
      RecordFailure{.index = 1, .scope = FailureScope::kTopic, .maybe_persisted = true, .reason = "unknown"}));
  EXPECT_EQ(reports, 0);
  ASSERT_TRUE(batch->delivered(2));
  batch->finish();
  EXPECT_EQ(reports, 1);
  ASSERT_EQ(report->failures.size(), 2U);
  EXPECT_EQ(report->failures[0].index, 1U);
  EXPECT_TRUE(report->failures[0].maybe_persisted);
  EXPECT_EQ(report->failures[1].index, 3U);
  EXPECT_EQ(registry.size(), 0U);
}

TEST_F(Accounting, FindsBatchAndIndexFromTheOpaqueOfAReport) {
  BatchState* batch = make(3);
  std::size_t index = 99;
  EXPECT_EQ(&BatchState::of(batch->opaque_of(2), index), batch);
  EXPECT_EQ(index, 2U);
  batch->failed_from(0, RecordFailure{.reason = "end"});
  batch->finish();
  EXPECT_EQ(report->failures.size(), 3U);
}

TEST_F(Accounting, FailsOnlyTheOpenRecordsFromAPlaceOn) {
  BatchState* batch = make(5);
  batch->delivered(0);
  batch->delivered(1);
  EXPECT_TRUE(batch->failed_from(2, RecordFailure{.reason = "refused"}));
  batch->finish();
  ASSERT_EQ(report->failures.size(), 3U);
  EXPECT_EQ(report->failures.front().index, 2U);
}

TEST_F(Accounting, AbandoningReportsEveryOpenRecordAsPerhapsPersisted) {
  BatchState* batch = make(3);
  batch->delivered(1);
  registry.abandon_all("the program is stopping");
  EXPECT_EQ(reports, 1);
  ASSERT_EQ(report->failures.size(), 2U);
  EXPECT_TRUE(report->failures[0].maybe_persisted);
  EXPECT_EQ(report->failures[1].index, 2U);
  EXPECT_EQ(registry.size(), 0U);
  delete batch;  // the pool leaves it to the library, which may still read the payload
}

TEST_F(Accounting, KeepsTheBytesOfTheBatchAliveUntilTheReport) {
  auto bytes = batch_of(1);
  std::weak_ptr<const RecordBatch> alive = bytes;
  auto* batch = new BatchState(std::move(bytes), [this](BatchReport) { ++reports; }, registry, broken);
  EXPECT_FALSE(alive.expired());
  batch->delivered(0);
  batch->finish();
  EXPECT_TRUE(alive.expired());
}

TEST_F(Accounting, CountsRecordsThatSeveralThreadsSettle) {
  constexpr std::size_t kRecords = 2'000;
  BatchState* batch = make(kRecords);
  std::atomic<int> last{0};
  const auto settle = [&](std::size_t from) {
    for (std::size_t i = from; i < kRecords; i += 2) {
      const bool was_last = i % 7 == 0 ? batch->failed(RecordFailure{.index = i, .reason = "x"}) : batch->delivered(i);
      if (was_last) ++last;
    }
  };
  std::thread even(settle, 0);
  std::thread odd(settle, 1);
  even.join();
  odd.join();
  EXPECT_EQ(last, 1);
  batch->finish();
  EXPECT_EQ(report->failures.size(), (kRecords + 6) / 7);
}

}  // namespace
}  // namespace embergate::kafka
