// SPDX-License-Identifier: Apache-2.0
// Durable writes over HTTP against single-row commits of SQLite on the same disk, and what wiping freed memory costs
// them.
#include <fmt/format.h>

#include "bench/gateway/http_load.hpp"
#include "bench/gateway/measurements.hpp"
#include "bench/gateway/yardsticks.hpp"
#include "support/gateway_world.hpp"

namespace embergate::bench {
namespace {

constexpr std::size_t kConnections = 64;
constexpr std::size_t kRowBytes = 1'200;
constexpr std::chrono::seconds kBrokerWarmUp{20};  // until it has compiled what it runs most

// A gateway under load, one turn at a time.
class Writes {
 public:
  // `delivering` false: the destination's secret is absent, so events only queue.
  explicit Writes(bool delivering) : delivering_(delivering), lane_(world_.add_lane("events", delivering)) {}

  bool start(std::chrono::seconds turn) {
    if (const auto ready = world_.start(); !ready) {
      fmt::print(stderr, "{}\n", ready.message());
      return false;
    }
    if (const auto made = world_.create_topic_and_destination(lane_); made.status() != 201) {
      fmt::print(stderr, "the destination was answered with {}: {}\n", made.status(), made.http.body);
      return false;
    }
    load_.port = world_.gateway().port();
    load_.connections = kConnections;
    load_.write_request = [this, authorization = "Basic " + test::base64("root:" + world_.root_secret())](
                              std::string& request, std::uint64_t) {
      request += patient_request(++number_, authorization);
    };
    if (delivering_) {
      load_.duration = kBrokerWarmUp;
      run(load_);
    }
    load_.duration = turn;
    return true;
  }

  std::optional<double> per_second() {
    const double before = cpu_seconds_of(world_.gateway().pid());
    const HttpLoadResult result = run(load_);
    if (result.failed > 0 || result.answered == 0) {
      fmt::print(stderr, "{} of {} writes failed\n", result.failed, result.failed + result.answered);
      return std::nullopt;
    }
    p99_.push_back(result.p99_ms);
    const double warm_up = std::chrono::duration<double>(load_.warm_up).count();
    const double spent = cpu_seconds_of(world_.gateway().pid()) - before;
    cpu_us_.push_back(1e6 * spent /
                      (static_cast<double>(result.answered) * (result.seconds + warm_up) / result.seconds));
    return result.per_second();
  }

  [[nodiscard]] test::GatewayWorld& world() { return world_; }
  [[nodiscard]] double p99_ms() const { return median(p99_); }
  [[nodiscard]] double cpu_us() const { return median(cpu_us_); }

 private:
  bool delivering_;
  test::GatewayWorld world_;
  test::KafkaLane lane_;
  HttpLoad load_;
  std::uint64_t number_ = 0;
  std::vector<double> p99_;
  std::vector<double> cpu_us_;
};

std::optional<Line> beside_sqlite(const Settings& settings, bool delivering) {
  Writes writes(delivering);
  if (!writes.start(std::chrono::seconds(settings.seconds))) return std::nullopt;
  const auto yardstick = [&] {
    return sqlite_commits_per_second(writes.world().directory().path(), kRowBytes, std::chrono::milliseconds(1'500));
  };
  const auto compared = compare(settings.turns, yardstick, [&] { return writes.per_second(); });
  if (!compared) return std::nullopt;
  fmt::print("    p99 {:.1f} ms, {:.0f} us of CPU for each write, {} turns kept{}\n", writes.p99_ms(), writes.cpu_us(),
             compared->kept, compared->unsteady ? " (unsteady machine: all used)" : "");
  Line line;
  line.what = delivering ? "write, 64 connections, while delivering" : "write, 64 connections, queueing only";
  line.measured = fmt::format("{:.0f} writes/s", compared->subject);
  line.yardstick = fmt::format("{:.0f} commits/s", compared->yardstick);
  line.value = compared->ratio();
  line.expected = 1.5;
  line.goal = 2.5;
  line.is_ratio = true;
  return line;
}

}  // namespace

Lines measure_write(const Settings& settings) {
  std::vector<Line> lines;
  for (const bool delivering : {false, true}) {
    auto line = beside_sqlite(settings, delivering);
    if (!line) return std::nullopt;
    lines.push_back(*std::move(line));
  }
  return lines;
}

Lines measure_wiping(const Settings& settings) {
  Writes wiping(true);
  Writes leaving(true);
  leaving.world().gateway().set("BOX_VAULT_WIPE_FREED_MEMORY", "false");
  const std::chrono::seconds turn(settings.seconds);
  if (!wiping.start(turn) || !leaving.start(turn)) return std::nullopt;
  const auto compared =
      compare(settings.turns, [&] { return leaving.per_second(); }, [&] { return wiping.per_second(); });
  if (!compared) return std::nullopt;
  Line rate;
  rate.what = "write, with freed memory wiped";
  rate.measured = fmt::format("{:.0f} writes/s", compared->subject);
  rate.yardstick = fmt::format("{:.0f} writes/s", compared->yardstick);
  rate.value = compared->ratio();
  rate.expected = 0.95;
  rate.goal = 0.97;
  rate.is_ratio = true;
  Line cpu;
  cpu.what = "write, CPU with freed memory wiped";
  cpu.measured = fmt::format("{:.1f} us", wiping.cpu_us());
  cpu.yardstick = fmt::format("{:.1f} us", leaving.cpu_us());
  cpu.value = wiping.cpu_us() / leaving.cpu_us();
  cpu.expected = 1.05;
  cpu.goal = 1.03;
  cpu.less_is_better = true;
  cpu.is_ratio = true;
  return std::vector<Line>{rate, cpu};
}

}  // namespace embergate::bench
