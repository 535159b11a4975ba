// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <vector>

#include "kafka/control_threads.hpp"
#include "kafka/event_pump.hpp"
#include "support/eventually.hpp"

namespace embergate::kafka {
namespace {

using namespace std::chrono_literals;
using test::eventually;

TEST(ControlThreads, RunTasksWhenTheyAreDueAndDropTheRestAtTheEnd) {
  ControlThreads threads(2);
  std::atomic<int> ran{0};
  std::atomic<bool> late{false};
  threads.post([&] { ++ran; });
  threads.post_after(10ms, [&] { ++ran; });
  threads.post_after(1h, [&] { late = true; });
  EXPECT_TRUE(eventually([&] { return ran == 2; }));
  threads.stop();
  threads.post([&] { ++ran; });
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(late);
}

TEST(Strand, RunsItsTasksInOrderAndOneAtATime) {
  ControlThreads threads(4);
  auto strand = std::make_shared<Strand>(threads);
  std::vector<int> order;  // written without a lock: the sanitizers would tell
  std::atomic<bool> done{false};
  for (int i = 0; i < 200; ++i) strand->post([&order, i] { order.push_back(i); });
  strand->post([&] { done = true; });
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  threads.stop();
  ASSERT_EQ(order.size(), 200U);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(Strand, LetsGoOfTasksThatTheThreadsNeverRan) {
  ControlThreads threads(1);
  auto strand = std::make_shared<Strand>(threads);
  auto owned = std::make_shared<int>(1);
  threads.stop();
  strand->post([owned, strand] { ++*owned; });
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(strand.use_count(), 1);
}

// Tasks that hold their threads until the gate opens.
class Gate {
 public:
  ~Gate() { open(); }
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    {
      std::lock_guard lock(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  std::size_t inside() {
    std::lock_guard lock(mutex_);
    return inside_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::size_t inside_ = 0;
  bool open_ = false;
};

TEST(ControlThreads, TasksThatWaitForSilentPeersKeepNoOtherTaskWaiting) {
  ControlThreads threads(2, 64);
  Gate gate;
  std::vector<std::shared_ptr<Strand>> silent;
  for (int i = 0; i < 24; ++i) {
    silent.push_back(std::make_shared<Strand>(threads));
    silent.back()->post([&] { gate.pass(); });
  }
  std::atomic<bool> ran{false};
  std::atomic<bool> timer{false};
  auto healthy = std::make_shared<Strand>(threads);
  healthy->post([&] { ran = true; });
  healthy->post_after(20ms, [&] { timer = true; });
  EXPECT_TRUE(eventually([&] { return ran && timer; }, 5s));
  EXPECT_TRUE(eventually([&] { return gate.inside() == 24; })) << "each has a thread";
  EXPECT_LE(threads.threads(), 24U + 8U) << "one that has not begun yet is not seen as free";
  gate.open();
  threads.stop();
}

TEST(ControlThreads, AreNeverMoreThanTheBound) {
  ControlThreads threads(2, 6);
  Gate gate;
  std::atomic<int> ran{0};
  for (int i = 0; i < 20; ++i) {
    threads.post([&] {
      gate.pass();
      ++ran;
    });
  }
  EXPECT_TRUE(eventually([&] { return gate.inside() == 6; }));
  EXPECT_EQ(threads.threads(), 6U);
  gate.open();
  EXPECT_TRUE(eventually([&] { return ran == 20; }));
  threads.stop();
}

TEST(ControlThreads, StrandsThatHeldAThreadForLongLeaveSomeForTheOthers) {
  ControlThreads threads(2, 6);
  Gate gate;
  std::atomic<int> known{0};
  std::vector<std::shared_ptr<Strand>> silent;
  for (int i = 0; i < 12; ++i) {
    silent.push_back(std::make_shared<Strand>(threads));
    silent.back()->post([&] {
      eventually([] { return false; }, 300ms);  // as a peer that does not answer
      ++known;
    });
  }
  ASSERT_TRUE(eventually([&] { return known == 12; }));
  for (const auto& strand : silent) strand->post([&] { gate.pass(); });
  ASSERT_TRUE(eventually([&] { return gate.inside() == 4; })) << "all that they may have";
  std::atomic<bool> ran{false};
  auto healthy = std::make_shared<Strand>(threads);
  healthy->post([&] { ran = true; });
  EXPECT_TRUE(eventually([&] { return ran.load(); }, 5s));
  EXPECT_EQ(gate.inside(), 4U);
  gate.open();
  EXPECT_TRUE(eventually([&] { return gate.inside() == 12; })) << "each has its turn";
  threads.stop();
}

class FakeSource final : public EventSource {
 public:
  FakeSource() : FakeSource(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  explicit FakeSource(int descriptor) : descriptor_(descriptor) {}
  ~FakeSource() override { close(descriptor_); }
  int descriptor() const override { return descriptor_; }
  bool serve(std::size_t budget) override {
    clear(descriptor_);
    const std::size_t now = std::min(budget, waiting.load());
    waiting -= now;
    served += now;
    ++turns;
    return waiting > 0;
  }
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> served{0};
  std::atomic<int> turns{0};

 private:
  int descriptor_;
};

TEST(EventPump, ServesASourceThatRingsUntilNothingIsLeft) {
  EventPump pump;
  auto source = std::make_shared<FakeSource>();
  source->waiting = 3 * EventPump::kBudget;  // came before the pump knew the source
  pump.add(source);
  EXPECT_TRUE(eventually([&] { return source->served == 3 * EventPump::kBudget; }));
  source->waiting = 5;
  ring(source->descriptor());
  EXPECT_TRUE(eventually([&] { return source->served == 3 * EventPump::kBudget + 5; }));
}

// It has the descriptor of a file, and those cannot be watched.
TEST(EventPump, ServesASourceThatTheSystemDoesNotWatch) {
  EventPump pump;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  ASSERT_NE(file, nullptr);
  const auto source = std::make_shared<FakeSource>(dup(fileno(file.get())));
  source->waiting = 2 * EventPump::kBudget;
  pump.add(source);
  EXPECT_TRUE(eventually([&] { return source->served == 2 * EventPump::kBudget; }));
  source->waiting = 5;
  EXPECT_TRUE(eventually([&] { return source->served == 2 * EventPump::kBudget + 5; }));
  pump.remove(*source);
  EXPECT_EQ(source.use_count(), 1);
}

TEST(EventPump, LetsGoOfARemovedSource) {
  EventPump pump;
  auto source = std::make_shared<FakeSource>();
  pump.add(source);
  ASSERT_TRUE(eventually([&] { return source->turns > 0; }));
  pump.remove(*source);
  const int turns = source->turns;
  ring(source->descriptor());
  std::atomic<bool> passed{false};
  pump.post([&] { passed = true; });
  ASSERT_TRUE(eventually([&] { return passed.load(); }));
  EXPECT_EQ(source->turns, turns);
  EXPECT_EQ(source.use_count(), 1);
}

TEST(EventPump, RunsPostedTasksOnItsThreadAndAfterItsEndAtOnce) {
  EventPump pump;
  std::atomic<bool> on_pump{false};
  pump.post([&] { on_pump = pump.on_pump_thread(); });
  EXPECT_TRUE(eventually([&] { return on_pump.load(); }));
  pump.stop();
  bool ran = false;
  pump.post([&] { ran = true; });
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace embergate::kafka
