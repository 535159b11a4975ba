// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
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

class FakeSource final : public EventSource {
 public:
  FakeSource() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
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
