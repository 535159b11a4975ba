// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/job_queue.hpp"

#include <gtest/gtest.h>

#include <future>

namespace embergate::store::sqlite {
namespace {

constexpr core::Milliseconds kLong{3'600'000};

core::Result<void> push_write(JobQueue& queue) {
  WriteJob job;
  return queue.push(job);
}
core::Result<void> push_settlement(JobQueue& queue) {
  SettleJob job;
  return queue.push(job);
}

TEST(JobQueue, GivesAllThatWaitsUpToTheLimitOfAGroup) {
  JobQueue queue({3, 10, kLong});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(push_write(queue));
  ASSERT_TRUE(push_settlement(queue));
  Group first;
  ASSERT_TRUE(queue.take(first));
  EXPECT_EQ(first.writes.size(), 3u);
  EXPECT_EQ(first.settlements.size(), 1u);
  Group second;
  ASSERT_TRUE(queue.take(second));
  EXPECT_EQ(second.writes.size(), 1u);
  EXPECT_EQ(second.settlements.size(), 0u);
}

TEST(JobQueue, BeginsTheNextGroupWithWhatTheLastOneHadNoTimeFor) {
  JobQueue queue({3, 4, kLong});
  std::string done;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    WriteJob job;
    job.done = [&done, name](const core::Result<CommitReceipt>&) { done += name; };
    ASSERT_TRUE(queue.push(job));
  }
  Group first;
  ASSERT_TRUE(queue.take(first));
  queue.give_back(first.writes, 1);
  Group second;
  ASSERT_TRUE(queue.take(second));
  for (const Group* group : {&first, &second}) {
    for (const WriteJob& job : group->writes) job.done(CommitReceipt{});
  }
  EXPECT_EQ(done, "abcd");
  EXPECT_EQ(first.writes.size(), 1u);
}

TEST(JobQueue, LetsSettlementsAloneWaitForTheIntervalButNotForAWrite) {
  JobQueue queue({3, 10, kLong});
  ASSERT_TRUE(push_settlement(queue));
  Group first;
  ASSERT_TRUE(queue.take(first));
  EXPECT_EQ(first.settlements.size(), 1u) << "the first one goes at once";

  ASSERT_TRUE(push_settlement(queue));
  ASSERT_TRUE(push_settlement(queue));
  auto taken = std::async(std::launch::async, [&] {
    Group second;
    EXPECT_TRUE(queue.take(second));
    return second;
  });
  ASSERT_TRUE(push_write(queue));
  const Group second = taken.get();
  EXPECT_EQ(second.writes.size(), 1u);
  EXPECT_EQ(second.settlements.size(), 2u);
}

TEST(JobQueue, RefusesMoreThanMayWait) {
  JobQueue queue({3, 2, kLong});
  ASSERT_TRUE(push_write(queue));
  ASSERT_TRUE(push_write(queue));
  const auto refused = push_write(queue);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::kThrottled);
  EXPECT_TRUE(refused.error().retriable);
  EXPECT_TRUE(push_settlement(queue)) << "settlements have room of their own";
}

TEST(JobQueue, LeavesARefusedJobWithItsOwner) {
  JobQueue queue({3, 0, kLong});
  bool answered = false;
  WriteJob job;
  job.done = [&](const core::Result<CommitReceipt>&) { answered = true; };
  ASSERT_FALSE(queue.push(job));
  ASSERT_TRUE(job.done);
  job.done(CommitReceipt{});
  EXPECT_TRUE(answered);
}

TEST(JobQueue, GivesWhatWaitsBeforeItEnds) {
  JobQueue queue({3, 10, kLong});
  ASSERT_TRUE(push_settlement(queue));
  Group first;
  ASSERT_TRUE(queue.take(first));
  ASSERT_TRUE(push_write(queue));
  ASSERT_TRUE(push_settlement(queue));
  queue.stop();
  EXPECT_EQ(push_write(queue).error().code, core::ErrorCode::kUnavailable);
  Group last;
  ASSERT_TRUE(queue.take(last));
  EXPECT_EQ(last.writes.size(), 1u);
  EXPECT_EQ(last.settlements.size(), 1u);
  Group none;
  EXPECT_FALSE(queue.take(none));
}

TEST(JobQueue, WakesTheWriterWhenItEnds) {
  JobQueue queue({3, 10, kLong});
  auto ended = std::async(std::launch::async, [&] {
    Group none;
    return !queue.take(none);
  });
  queue.stop();
  EXPECT_TRUE(ended.get());
}

}  // namespace
}  // namespace embergate::store::sqlite
