// SPDX-License-Identifier: Apache-2.0
// Durable writes over HTTP against single-row commits of SQLite on the same disk.
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

// `delivering` false: the destination's secret is absent, so events only queue.
std::optional<Line> measure(const Settings& settings, bool delivering) {
  test::GatewayWorld world;
  const test::KafkaLane lane = world.add_lane("events", delivering);
  if (const auto ready = world.start(); !ready) {
    fmt::print(stderr, "{}\n", ready.message());
    return std::nullopt;
  }
  if (const auto made = world.create_topic_and_destination(lane); made.status() != 201) {
    fmt::print(stderr, "the destination was answered with {}: {}\n", made.status(), made.http.body);
    return std::nullopt;
  }
  const std::string authorization = "Basic " + test::base64("root:" + world.root_secret());
  std::uint64_t number = 0;
  HttpLoad load;
  load.port = world.gateway().port();
  load.connections = kConnections;
  load.write_request = [&](std::string& request, std::uint64_t) {
    request += patient_request(++number, authorization);
  };
  if (delivering) {
    load.duration = kBrokerWarmUp;
    run(load);
  }
  load.duration = std::chrono::seconds(settings.seconds);
  std::vector<double> p99;
  std::vector<double> cpu_us;
  const auto subject = [&]() -> std::optional<double> {
    const double before = cpu_seconds_of(world.gateway().pid());
    const HttpLoadResult result = run(load);
    if (result.failed > 0 || result.answered == 0) {
      fmt::print(stderr, "{} of {} writes failed\n", result.failed, result.failed + result.answered);
      return std::nullopt;
    }
    p99.push_back(result.p99_ms);
    const double warm_up = std::chrono::duration<double>(load.warm_up).count();
    const double spent = cpu_seconds_of(world.gateway().pid()) - before;
    cpu_us.push_back(1e6 * spent /
                     (static_cast<double>(result.answered) * (result.seconds + warm_up) / result.seconds));
    return result.per_second();
  };
  const auto yardstick = [&] {
    return sqlite_commits_per_second(world.directory().path(), kRowBytes, std::chrono::milliseconds(1'500));
  };
  const auto compared = compare(settings.turns, yardstick, subject);
  if (!compared) return std::nullopt;
  fmt::print("    p99 {:.1f} ms, {:.0f} us of CPU for each write, {} turns kept{}\n", median(p99), median(cpu_us),
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
    auto line = measure(settings, delivering);
    if (!line) return std::nullopt;
    lines.push_back(*std::move(line));
  }
  return lines;
}

}  // namespace embergate::bench
