// SPDX-License-Identifier: Apache-2.0
// Brokers that ask for a new login every two seconds, and a file that is ahead of them: whatever a renewal
// meets, delivery does not stand still for longer than the schedule of logins says. EG_REAUTH_RUNS: how often (default
// 3); EG_BUSY_LOOPS: how many threads burn the processor meanwhile (default 0).
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "robustness/robustness_test.hpp"
#include "support/pause.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A refused renewal costs at most three turns of the schedule (1, 2 and 4 s), with a second for the login in each.
constexpr std::chrono::milliseconds kStall = 1s + 2s + 4s + 3 * 1s;
// At least two renewals with the old password beside the wrong file.
constexpr std::chrono::milliseconds kAhead = 5s;

int number_of(const char* variable, int otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? std::atoi(given) : otherwise;
}

class BusyLoops {
 public:
  explicit BusyLoops(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        while (!stopped_.load(std::memory_order_relaxed)) {
        }
      });
    }
  }
  ~BusyLoops() {
    stopped_ = true;
    for (auto& thread : threads_) thread.join();
  }
  BusyLoops(const BusyLoops&) = delete;
  BusyLoops& operator=(const BusyLoops&) = delete;

 private:
  std::atomic<bool> stopped_{false};
  std::vector<std::thread> threads_;
};

class Reauthentication : public RobustnessTest {
 protected:
  // Looks at $status all the time; a stall is a time in which nothing is delivered although events wait.
  void watch(std::chrono::milliseconds time, const std::function<bool(const nlohmann::json& status)>& done) {
    const auto end = Clock::now() + time;
    for (bool over = false; !over && Clock::now() < end; stand_still(20ms)) {
      const nlohmann::json status = world.status("events");
      note_delivery(status);
      over = done(status);
    }
  }
  void note_delivery(const nlohmann::json& status) {
    const double delivered = number(status, "messagesDelivered");
    if (delivered > delivered_ || number(status, "messagesQueued") == 0) moved_at_ = Clock::now();
    delivered_ = std::max(delivered, delivered_);
    const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - moved_at_);
    longest_ = std::max(longest_, gap);
    const bool stalled = gap > kStall;
    if (stalled && !stalled_) {
      ++stalls_;
      ADD_FAILURE() << "nothing was delivered for " << gap.count() << " ms: " << status;
    }
    stalled_ = stalled;
  }
  static nlohmann::json find(const nlohmann::json& list, const std::string& name) {
    for (const auto& one : list) {
      if (one.value("name", "") == name) return one;
    }
    return nlohmann::json::object();
  }
  static double number(const nlohmann::json& status, const std::string& name) {
    return find(status.value("parameter", nlohmann::json::array()), name).value("valueDecimal", 0.0);
  }
  static nlohmann::json secret(const nlohmann::json& status, const std::string& part) {
    const auto parameters = status.value("parameter", nlohmann::json::array());
    return find(find(parameters, "secret").value("part", nlohmann::json::array()), part);
  }
  static bool is_refused(const nlohmann::json& status) {
    return secret(status, "state").value("valueString", "") == "refused" &&
           secret(status, "since").contains("valueDateTime");
  }
  static bool is_in_use(const nlohmann::json& status) {
    return secret(status, "state").value("valueString", "") == "ok" &&
           secret(status, "generation").value("valueInteger", -1) ==
               secret(status, "fileGeneration").value("valueInteger", -2);
  }

  Clock::time_point moved_at_ = Clock::now();
  std::chrono::milliseconds longest_{0};
  double delivered_ = 0;
  int stalls_ = 0;
  bool stalled_ = false;
};

TEST_F(Reauthentication, BesideAWrongNewerFileNeverStopsDelivery) {
  const int runs = number_of("EG_REAUTH_RUNS", 3);
  world.gateway().set("BOX_VAULT_POLL_MS", "200");
  KafkaLane lane = world.add_lane();
  lane.destination.bootstrap = KafkaEnvironment::get().reauth;
  lane.destination.security_protocol = "SASL_PLAINTEXT";
  lane.destination.ca_file.clear();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  ASSERT_TRUE(eventually([&] { return is_in_use(world.status("events")); }, 20s)) << world.status("events");
  LoadOptions options;
  options.writers = 4;
  options.writes_per_second = 100;
  options.patients_per_writer = 100;
  auto load = start_load(options);
  const BusyLoops busy(number_of("EG_BUSY_LOOPS", 0));
  moved_at_ = Clock::now();
  int unseen = 0;
  for (int run = 1; run <= runs && !HasFatalFailure(); ++run) {
    const std::string next = world.password("run-" + std::to_string(run));
    world.set_file_password(lane, next);
    bool refused = false;
    watch(kAhead, [&](const nlohmann::json& status) {
      refused = refused || is_refused(status);
      return false;
    });
    if (!refused) ++unseen;
    world.set_broker_password(lane, next);
    bool in_use = false;
    watch(30s, [&](const nlohmann::json& status) { return in_use = is_in_use(status); });
    ASSERT_TRUE(in_use) << "run " << run << ": " << world.status("events");
  }
  EXPECT_EQ(unseen, 0) << "runs in which the state did not say that the file is refused";
  EXPECT_EQ(stalls_, 0);
  load->stop();
  const auto written = load->versions();
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(total(written))));
  const EventLog log = expect_delivered(lane, written);
  RecordProperty("runs", std::to_string(runs));
  RecordProperty("longest_gap_ms", std::to_string(longest_.count()));
  RecordProperty("stalls", std::to_string(stalls_));
  RecordProperty("writes", std::to_string(total(written)));
  RecordProperty("duplicates", std::to_string(log.duplicates));
}

}  // namespace
}  // namespace embergate::test
