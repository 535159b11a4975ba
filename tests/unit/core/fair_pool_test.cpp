// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fair_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>

#include "support/eventually.hpp"

namespace embergate::core {
namespace {

constexpr std::chrono::seconds kLong{60};

TEST(FairPool, TheManyJobsOfOneCallerKeepAnothersSingleOneBehindOneForEachThread) {
  constexpr int kThreads = 2;
  std::counting_semaphore<> may_end(0);
  std::atomic<int> begun{0};
  std::promise<int> others;
  FairPool pool(kThreads);
  for (int i = 0; i < 40; ++i) {
    pool.post("busy", [&] {
      ++begun;
      may_end.acquire();
    });
  }
  pool.post("other", [&] { others.set_value(begun); });
  auto begun_before = others.get_future();
  may_end.release(2 * kThreads - 1);
  const bool served = begun_before.wait_for(kLong) == std::future_status::ready;
  may_end.release(40);
  ASSERT_TRUE(served);
  EXPECT_LE(begun_before.get(), 2 * kThreads) << "those that ran when it came, and one more for each thread";
}

TEST(FairPool, JoinWaitsForAllJobs) {
  std::atomic<int> done{0};
  FairPool pool(2);
  for (int i = 0; i < 100; ++i) pool.post(i % 2 == 0 ? "a" : "b", [&] { ++done; });
  pool.join();
  EXPECT_EQ(done, 100);
}

// The one that runs waits until those behind it are gone.
void expect_to_drop_what_waits(const std::function<void(std::unique_ptr<FairPool>&)>& end) {
  auto kept = std::make_shared<int>();
  const std::weak_ptr<int> watched = kept;
  std::promise<void> begun;
  std::atomic<bool> dropped_before_its_turn{false};
  std::atomic<bool> ran{false};
  auto pool = std::make_unique<FairPool>(1);
  pool->post("a", [&] {
    begun.set_value();
    dropped_before_its_turn = test::eventually([&] { return watched.expired(); }, kLong);
  });
  begun.get_future().wait();
  pool->post("a", [&ran, kept = std::move(kept)] { ran = true; });
  end(pool);
  EXPECT_TRUE(dropped_before_its_turn);
  EXPECT_FALSE(ran);
}

TEST(FairPool, TheEndDropsJobsThatHaveNotBegun) {
  expect_to_drop_what_waits([](std::unique_ptr<FairPool>& pool) { pool.reset(); });
}

TEST(FairPool, StopDropsJobsThatHaveNotBegunAndTakesNoMore) {
  std::atomic<bool> ran{false};
  expect_to_drop_what_waits([&](std::unique_ptr<FairPool>& pool) {
    pool->stop();
    pool->post("late", [&] { ran = true; });
    pool->join();
  });
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace embergate::core
