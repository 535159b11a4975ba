// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/health.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "support/eventually.hpp"
#include "support/fake_clock.hpp"

namespace embergate::observability {
namespace {

TEST(HealthRegistry, RunsItsChecksByNameUntilTheyAreRemoved) {
  HealthRegistry registry;
  registry.add("uptime", [] { return HealthResult{HealthStatus::kPass, "system", 12, "s", ""}; });
  registry.add("db:responseTime", [] { return HealthResult{HealthStatus::kFail, "database", 0, "ms", "closed"}; });
  auto results = registry.run();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].first, "db:responseTime");
  EXPECT_EQ(results[0].second.status, HealthStatus::kFail);
  EXPECT_EQ(results[1].second.observed_value, 12);
  registry.remove("db:responseTime");
  EXPECT_EQ(registry.run().size(), 1U);
}

TEST(HealthRegistry, LetsACheckUseTheRegistry) {
  HealthRegistry registry;
  registry.add("self", [&registry] {
    registry.remove("self");
    return HealthResult{};
  });
  EXPECT_EQ(registry.run().size(), 1U);
  EXPECT_TRUE(registry.run().empty());
}

// A check that waits until the test lets it go.
class Gate {
 public:
  void close() { set(false); }
  void open() { set(true); }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  void set(bool open) {
    {
      const std::lock_guard lock(mutex_);
      open_ = open;
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
};

TEST(HealthMonitor, AskingRunsNoCheck) {
  HealthRegistry registry;
  std::atomic<int> runs{0};
  registry.add("counted", [&runs] {
    ++runs;
    return HealthResult{};
  });
  const test::FakeClock clock;
  HealthMonitor monitor(registry, clock, {.interval = core::Milliseconds(3'600'000)});
  EXPECT_EQ(monitor.latest(), nullptr);
  monitor.start();
  for (int i = 0; i < 1'000; ++i) ASSERT_NE(monitor.latest(), nullptr);
  EXPECT_EQ(runs, 1);
}

TEST(HealthMonitor, ACheckThatHangsShowsByTheAgeAndHoldsNobodyUp) {
  HealthRegistry registry;
  Gate gate;
  std::atomic<int> runs{0};
  registry.add("stuck", [&] {
    ++runs;
    gate.pass();
    return HealthResult{};
  });
  test::FakeClock clock;
  HealthMonitor monitor(registry, clock, {core::Milliseconds(1), core::Milliseconds(15'000)});
  monitor.start();
  gate.close();
  const int before = runs;
  ASSERT_TRUE(test::eventually([&] { return runs > before; })) << "one may have passed before, this one hangs";
  const int hanging = runs;
  clock.advance(std::chrono::seconds(16));
  const auto seen = monitor.latest();
  ASSERT_NE(seen, nullptr);
  EXPECT_TRUE(monitor.is_stale(*seen));
  EXPECT_GE(monitor.age_of(*seen), core::Milliseconds(16'000));
  EXPECT_LE(runs, hanging + 1);
  gate.open();
  EXPECT_TRUE(test::eventually([&] { return !monitor.is_stale(*monitor.latest()); }));
}

}  // namespace
}  // namespace embergate::observability
