// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fair_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <semaphore>
#include <vector>

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

TEST(FairPool, TheEndDropsJobsThatHaveNotBegun) {
  std::promise<void> begun;
  std::promise<void> may_end;
  std::atomic<bool> ran{false};
  auto pool = std::make_unique<FairPool>(1);
  auto alive = std::make_shared<int>();
  const std::weak_ptr<int> watched = alive;
  pool->post("a", [&] {
    begun.set_value();
    may_end.get_future().wait();
  });
  begun.get_future().wait();
  pool->post("a", [&ran, kept = std::move(alive)] { ran = true; });
  auto ended = std::async(std::launch::async, [&] { pool.reset(); });
  EXPECT_EQ(ended.wait_for(std::chrono::milliseconds(1)), std::future_status::timeout);
  may_end.set_value();
  ended.wait();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace embergate::core
