// SPDX-License-Identifier: Apache-2.0
// What the program needs while nothing happens, and how soon it answers.
#include <fmt/format.h>

#include "bench/gateway/measurements.hpp"
#include "support/eventually.hpp"
#include "support/gateway_world.hpp"

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDestinations = 10;

double resident_megabytes(int process) {
  const std::string text = test::read_file(fmt::format("/proc/{}/status", process));
  return std::stod(text.substr(text.find("VmRSS:") + 6)) / 1024.0;
}

// Ten destinations, of one user on one broker or of ten.
bool make_destinations(test::GatewayWorld& world, bool one_connection) {
  std::vector<test::KafkaLane> lanes;
  for (std::size_t i = 0; i < kDestinations; ++i) {
    lanes.push_back(world.add_lane("d" + std::to_string(i)));
    if (one_connection && i > 0) lanes.back().destination.jaas_secret = "shared-jaas";
  }
  if (one_connection) {
    world.add_secret("shared-jaas", test::samples::scram_jaas(lanes[0].user, lanes[0].password),
                     "AidboxTopicDestination");
    lanes[0].destination.jaas_secret = "shared-jaas";
  }
  if (const auto ready = world.start(); !ready) {
    fmt::print(stderr, "{}\n", ready.message());
    return false;
  }
  world.root().post("/fhir/AidboxSubscriptionTopic",
                    test::samples::topic(test::samples::kTopicUrl, {test::samples::trigger("Patient")}));
  for (const test::KafkaLane& lane : lanes) {
    const auto made = world.root().post("/fhir/AidboxTopicDestination", lane.destination.json());
    if (made.status() != 201) {
      fmt::print(stderr, "the destination was answered with {}: {}\n", made.status(), made.http.body);
      return false;
    }
  }
  world.root().put("/fhir/Patient/p1", test::samples::full_patient("p1", "One"));
  for (const test::KafkaLane& lane : lanes) {
    if (!world.drained(lane.destination.id, 1)) return false;
  }
  return true;
}

std::optional<Line> memory_line(bool one_connection) {
  test::GatewayWorld world;
  if (!make_destinations(world, one_connection)) return std::nullopt;
  const double value = resident_megabytes(world.gateway().pid());
  Line line;
  line.what =
      one_connection ? "memory, 10 destinations of one connection" : "memory, 10 destinations of 10 connections";
  line.measured = fmt::format("{:.1f} MB resident", value);
  line.yardstick = "-";
  line.value = value;
  line.expected = 80;
  line.goal = 40;
  line.less_is_better = true;
  line.unit = "MB";
  return line;
}

std::optional<double> seconds_to_first_answer(test::GatewayWorld& world) {
  const auto begin = Clock::now();
  world.gateway().launch();
  const auto port = static_cast<std::uint16_t>(std::stoi(world.gateway().environment().at("BOX_WEB_PORT")));
  const bool answered = test::eventually([&] { return test::request(port, "GET", "/health").status == 200; },
                                         std::chrono::seconds(30), std::chrono::milliseconds(1));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!answered) return std::nullopt;
  if (!world.gateway().wait_ready() || world.gateway().terminate().value_or(-1) != 0) return std::nullopt;
  return seconds;
}

}  // namespace

Lines measure_memory(const Settings&) {
  std::vector<Line> lines;
  for (const bool one_connection : {true, false}) {
    auto line = memory_line(one_connection);
    if (!line) return std::nullopt;
    lines.push_back(*std::move(line));
  }
  return lines;
}

Lines measure_start(const Settings& settings) {
  test::GatewayWorld world;
  world.gateway().set("BOX_WEB_PORT", std::to_string(test::free_port()));
  if (!make_destinations(world, true) || world.gateway().terminate().value_or(-1) != 0) return std::nullopt;
  std::vector<double> all;
  for (std::size_t turn = 0; turn < settings.turns; ++turn) {
    const auto seconds = seconds_to_first_answer(world);
    if (!seconds) {
      fmt::print(stderr, "the gateway did not start\n");
      return std::nullopt;
    }
    all.push_back(*seconds);
  }
  Line line;
  line.what = "start to first 200, 10 destinations";
  line.value = median(all);
  line.measured = fmt::format("{:.2f} s", line.value);
  line.yardstick = "-";
  line.expected = 1;
  line.goal = 0.3;
  line.less_is_better = true;
  line.unit = "s";
  return std::vector<Line>{line};
}

}  // namespace embergate::bench
