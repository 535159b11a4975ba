// SPDX-License-Identifier: Apache-2.0
// A storm of rotations: a file with another user each second, so that each takes another client of Kafka, under 1,000
// writes a second, against the same writes without rotations.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "bench/gateway/measurements.hpp"
#include "bench/gateway/paced_writes.hpp"
#include "support/eventually.hpp"

namespace embergate::bench {
namespace {

using namespace std::chrono_literals;

constexpr Pace kWarmUp{.per_second = 1'000, .seconds = 20, .senders = 16};

// Two users in turn; polled often, so that no file is passed over.
class Storm {
 public:
  Storm() {
    writes_.world().gateway().set("BOX_VAULT_POLL_MS", "100");
    writes_.world().gateway().set("BOX_VAULT_QUIET_MS", "20");
  }

  std::optional<std::vector<Line>> measure(std::size_t seconds) {
    if (!start()) return std::nullopt;
    const Pace pace{.per_second = kWarmUp.per_second, .seconds = seconds, .senders = kWarmUp.senders};
    if (!writes_.run(kWarmUp)) return std::nullopt;
    const auto quiet = writes_.run(pace);
    if (!quiet) return std::nullopt;
    print("without rotations", *quiet);
    const int before = generation();
    const auto stormy = run_in_storm(pace);
    if (!stormy) return std::nullopt;
    print(fmt::format("{} files, {} rotations", written_, generation() - before), *stormy);
    return std::vector<Line>{throughput_line(*stormy, *quiet), latency_line(*stormy, *quiet)};
  }

 private:
  bool start() {
    if (!writes_.start()) return false;
    other_ = writes_.lane();
    other_.user = test::KafkaAdmin::random_name("gw");
    writes_.world().set_broker_password(other_, writes_.world().password("other"));
    return true;
  }

  std::optional<PacedResult> run_in_storm(const Pace& pace) {
    std::atomic<bool> over{false};
    std::thread rotator([&] {
      while (!test::eventually([&] { return over.load(); }, 1s, 10ms)) {
        const test::KafkaLane& next = ++written_ % 2 == 1 ? other_ : writes_.lane();
        writes_.world().set_file_password(next, next.password);
      }
    });
    auto result = writes_.run(pace);
    over = true;
    rotator.join();
    return result;
  }

  int generation() { return writes_.world().secret_part("events", "generation").get<int>(); }

  static void print(const std::string& what, const PacedResult& result) {
    fmt::print(
        "    {}: {:.0f} delivered/s, to the consumer p50 {:.2f} ms, p99 {:.2f} ms; to the answer p99 {:.2f} ms\n", what,
        result.delivered_per_second, result.to_consumer.p50, result.to_consumer.p99, result.to_answer.p99);
  }

  static Line throughput_line(const PacedResult& stormy, const PacedResult& quiet) {
    Line line;
    line.what = "storm: delivered, a rotation each second";
    line.measured = fmt::format("{:.0f} events/s", stormy.delivered_per_second);
    line.yardstick = fmt::format("{:.0f} events/s", quiet.delivered_per_second);
    line.value = stormy.delivered_per_second / quiet.delivered_per_second;
    line.expected = 0.95;
    line.goal = 0.99;
    line.is_ratio = true;
    return line;
  }

  static Line latency_line(const PacedResult& stormy, const PacedResult& quiet) {
    Line line;
    line.what = "storm: write to consumer, p99";
    line.measured = fmt::format("{:.1f} ms", stormy.to_consumer.p99);
    line.yardstick = fmt::format("{:.1f} ms", quiet.to_consumer.p99);
    line.value = stormy.to_consumer.p99 / quiet.to_consumer.p99;
    line.expected = 5;
    line.goal = 2;
    line.less_is_better = true;
    line.is_ratio = true;
    return line;
  }

  PacedWrites writes_;
  test::KafkaLane other_;
  int written_ = 0;
};

}  // namespace

Lines measure_storm(const Settings& settings) { return Storm().measure(settings.storm_seconds); }

}  // namespace embergate::bench
