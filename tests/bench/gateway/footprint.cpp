// SPDX-License-Identifier: Apache-2.0
// What the program needs while nothing happens, and how soon it answers.
#include <fmt/format.h>

#include "bench/gateway/measurements.hpp"
#include "support/eventually.hpp"
#include "support/gateway_world.hpp"

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Destinations of `identities` users of one broker in turn, each with a topic of its own.
struct Fleet {
  std::size_t destinations;
  std::size_t identities;
};

std::string value_of(int process, const std::string& name) {
  const std::string text = test::read_file(fmt::format("/proc/{}/status", process));
  return text.substr(text.find(name + ":") + name.size() + 1);
}

std::vector<test::KafkaLane> lanes_of(test::GatewayWorld& world, const Fleet& fleet) {
  std::vector<test::KafkaLane> lanes;
  for (std::size_t i = 0; i < fleet.identities; ++i) {
    lanes.push_back(world.add_lane("d" + std::to_string(i)));
    lanes.back().destination.jaas_secret = fmt::format("jaas-{}", i);
    world.add_secret(lanes.back().destination.jaas_secret,
                     test::samples::scram_jaas(lanes.back().user, lanes.back().password), "AidboxTopicDestination");
  }
  for (std::size_t i = fleet.identities; i < fleet.destinations; ++i) {
    lanes.push_back(lanes[i % fleet.identities]);
    lanes.back().destination.id = "d" + std::to_string(i);
    lanes.back().destination.kafka_topic = world.kafka().create_topic("footprint", 1);
  }
  return lanes;
}

bool make_destinations(test::GatewayWorld& world, const Fleet& fleet) {
  const std::vector<test::KafkaLane> lanes = lanes_of(world, fleet);
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

std::optional<Line> memory_line(const Fleet& fleet, double expected, double goal) {
  test::GatewayWorld world;
  if (!make_destinations(world, fleet)) return std::nullopt;
  const double value = std::stod(value_of(world.gateway().pid(), "VmRSS")) / 1024.0;
  Line line;
  line.what = fmt::format("memory, {} destinations of {} connection{}", fleet.destinations, fleet.identities,
                          fleet.identities == 1 ? "" : "s");
  line.measured = fmt::format("{:.1f} MB, {} threads", value, std::stoi(value_of(world.gateway().pid(), "Threads")));
  line.yardstick = "-";
  line.value = value;
  line.expected = expected;
  line.goal = goal;
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
  for (const Fleet& fleet : {Fleet{10, 1}, Fleet{10, 10}, Fleet{5, 5}, Fleet{500, 5}}) {
    auto line = memory_line(fleet, fleet.destinations > 10 ? 160 : 80, fleet.destinations > 10 ? 80 : 40);
    if (!line) return std::nullopt;
    lines.push_back(*std::move(line));
  }
  return lines;
}

Lines measure_start(const Settings& settings) {
  test::GatewayWorld world;
  world.gateway().set("BOX_WEB_PORT", std::to_string(test::free_port()));
  if (!make_destinations(world, {10, 1}) || world.gateway().terminate().value_or(-1) != 0) return std::nullopt;
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
