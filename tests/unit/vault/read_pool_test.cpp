// SPDX-License-Identifier: Apache-2.0
#include "vault/read_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "support/eventually.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

// Jobs that hang until the test lets them go.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    opened_.wait(lock, [&] { return open_; });
    --waiting_;
  }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  int waiting() {
    std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

class ReadPoolTest : public ::testing::Test {
 protected:
  ReadPoolTest() {
    limits_.threads = 16;
    limits_.per_lane = 4;
    limits_.stuck_after = 1ms;
    limits_.hung_after = 20ms;
  }
  ~ReadPoolTest() override { gate_.open(); }
  ReadPool& pool() {
    if (!pool_) pool_.emplace(limits_);
    return *pool_;
  }
  void hang(const std::string& lane) {
    ASSERT_TRUE(pool().submit(lane, [this] { gate_.wait(); }));
  }
  bool runs(const std::string& lane) {
    const auto done = std::make_shared<std::atomic<bool>>(false);
    EXPECT_TRUE(pool().submit(lane, [done] { *done = true; }));
    return relieved([&] { return done->load(); });
  }
  bool relieved(const std::function<bool()>& condition) {
    return test::eventually([&] {
      pool().relieve();
      return condition();
    });
  }

  Gate gate_;
  ReadPool::Limits limits_;
  std::optional<ReadPool> pool_;
};

TEST_F(ReadPoolTest, OneThreadWorksWhileWorkGetsDone) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(runs("a"));
  EXPECT_LE(pool().readers(), 2U);
}

TEST_F(ReadPoolTest, ALaneThatHangsKeepsItsShareOfThreadsAndNoMore) {
  for (int i = 0; i < 100; ++i) hang("hung");
  EXPECT_TRUE(relieved([&] { return gate_.waiting() == 4; }));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(runs("healthy" + std::to_string(i % 5)));
  EXPECT_EQ(gate_.waiting(), 4);
  EXPECT_TRUE(test::eventually([&] { return pool().is_hung("hung"); }));
  EXPECT_FALSE(pool().is_hung("healthy0"));
}

TEST_F(ReadPoolTest, LanesThatHangLeaveThreadsForOthersHoweverManyTheyAre) {
  limits_.threads = 24;
  for (int lane = 0; lane < 10; ++lane) {
    for (int i = 0; i < 10; ++i) hang("hung" + std::to_string(lane));
  }
  // Half of the threads are for first jobs of a lane only.
  EXPECT_TRUE(relieved([&] { return gate_.waiting() >= 10; }));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(runs("healthy" + std::to_string(i % 5)));
  EXPECT_LE(pool().readers(), 24U);
}

TEST_F(ReadPoolTest, OfAnExhaustedPoolEverybodyIsToldAtOnce) {
  for (int lane = 0; lane < 16; ++lane) hang("hung" + std::to_string(lane));
  EXPECT_TRUE(relieved([&] { return gate_.waiting() == 16; }));
  ASSERT_TRUE(pool().submit("healthy", [] {}));
  EXPECT_TRUE(test::eventually([&] { return pool().is_hung("healthy"); }));
  EXPECT_EQ(pool().readers(), 16U);
}

TEST_F(ReadPoolTest, WhatWaitedRunsWhenTheLaneAnswersAgain) {
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pool().submit("hung", [&] {
      gate_.wait();
      ++done;
    }));
  }
  EXPECT_TRUE(relieved([&] { return gate_.waiting() == 4; }));
  gate_.open();
  EXPECT_TRUE(relieved([&] { return done == 50; }));
  EXPECT_TRUE(test::eventually([&] { return !pool().is_hung("hung"); }));
}

TEST_F(ReadPoolTest, WithoutAThreadAJobIsNotTakenAndMayBeBroughtAgain) {
  const auto threads_left = std::make_shared<std::atomic<int>>(0);
  limits_.start_thread = [threads_left](std::function<void()> body) {
    if (threads_left->fetch_sub(1) <= 0) throw std::system_error(EAGAIN, std::generic_category());
    return std::thread(std::move(body));
  };
  EXPECT_FALSE(pool().submit("a", [] {}));
  EXPECT_FALSE(pool().is_hung("a"));
  EXPECT_EQ(pool().readers(), 0U);
  *threads_left = 1;
  EXPECT_TRUE(runs("a"));
}

TEST_F(ReadPoolTest, SparesThatTheSystemRefusesComeWhenItGivesThemAgain) {
  const auto threads_left = std::make_shared<std::atomic<int>>(1);
  limits_.start_thread = [threads_left](std::function<void()> body) {
    if (threads_left->fetch_sub(1) <= 0) throw std::system_error(EAGAIN, std::generic_category());
    return std::thread(std::move(body));
  };
  hang("hung");
  ASSERT_TRUE(relieved([&] { return gate_.waiting() == 1; }));
  const auto done = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(pool().submit("healthy", [done] { *done = true; }));
  // All are stuck by now: each of these asks for a thread.
  const auto asked = [&] { return threads_left->load() < -5; };
  ASSERT_TRUE(relieved(asked));
  EXPECT_FALSE(done->load());
  *threads_left = 1;
  EXPECT_TRUE(relieved([&] { return done->load(); }));
}

TEST_F(ReadPoolTest, StopLetsAThreadGoThatHangs) {
  limits_.stop_timeout = 10ms;
  auto gate = std::make_shared<Gate>();
  ASSERT_TRUE(pool().submit("hung", [gate] { gate->wait(); }));
  ASSERT_TRUE(test::eventually([&] { return gate->waiting() == 1; }));
  pool().stop();
  EXPECT_FALSE(pool().submit("hung", [] {}));
  gate->open();
  EXPECT_TRUE(test::eventually([&] { return gate->waiting() == 0; }));
}

}  // namespace
}  // namespace embergate::vault
