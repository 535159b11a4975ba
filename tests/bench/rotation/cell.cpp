// SPDX-License-Identifier: Apache-2.0
#include "bench/rotation/cell.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "support/cut_connections.hpp"
#include "support/eventually.hpp"
#include "support/kafka_consumer.hpp"
#include "support/load.hpp"

namespace embergate::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::eventually;

constexpr auto kPatience = 60s;
constexpr int kPollMilliseconds = 5'000;  // of a gateway with default settings
const std::string kDestination = "events";

using Versions = std::map<std::string, std::vector<std::int64_t>>;

void pass(std::chrono::milliseconds time) {
  eventually([] { return false; }, time);
}

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

class Run {
 public:
  explicit Run(const Cell& cell)
      : cell_(cell),
        mechanism_(cell.mechanism->make()),
        method_(cell.delivery->make(world_.directory().path() / "delivered")) {}

  Outcome outcome(int rotations) {
    if (!start()) return outcome_;
    for (int version = 1; version <= rotations && outcome_.fault.empty(); ++version) rotate(version);
    finish();
    return outcome_;
  }

 private:
  bool fail(const std::string& fault) {
    if (outcome_.fault.empty()) outcome_.fault = fault;
    return false;
  }

  bool start() {
    mechanism_->prepare(world_);
    method_->write(mechanism_->files(0));
    for (const auto& [key, content] : mechanism_->files(0))
      world_.add_delivered_secret(key, method_->path(key), "AidboxTopicDestination", kDestination);
    lane_.destination.id = kDestination;
    lane_.destination.jaas_secret = "jaas";
    lane_.destination.kafka_topic =
        world_.kafka().create_topic("rotation", 4, {{"message.timestamp.type", "LogAppendTime"}});
    mechanism_->describe(lane_.destination);
    if (const auto started = world_.start(); !started) return fail(started.message());
    if (const auto made = world_.create_topic_and_destination(lane_); made.status() != 201)
      return fail("the destination was refused: " + made.diagnostics());
    if (!in_use(1)) return fail("the first credential was not taken: " + status());
    test::LoadOptions options;
    options.writers = 4;
    options.writes_per_second = 100;
    options.patients_per_writer = 25;
    load_ = std::make_unique<test::Load>(
        options, [this] { return world_.root(); }, [this] { return world_.gateway().port(); });
    return eventually([this] { return load_->accepted() >= 100; }, kPatience) || fail("writes are refused");
  }

  bool in_use(int generation) {
    return eventually([&] { return world_.secret_part(kDestination, "generation") >= generation; }, kPatience, 20ms);
  }
  std::string status() { return world_.status(kDestination).dump(); }

  // A client that was cut before may be between two connections.
  bool cut() {
    const std::uint16_t port = port_of(lane_.destination.bootstrap);
    return eventually([&] { return test::cut_connections(world_.gateway().pid(), port) > 0; }, 10s);
  }

  void rotate(int version) {
    const int generation = version + 1;
    // Right after the last one all would come at the same time of the gateway's poll.
    pass(std::chrono::milliseconds(std::uniform_int_distribution<int>(0, kPollMilliseconds)(random_)));
    switch (cell_.order) {
      case Order::kFileFirst:
        method_->write(mechanism_->files(version));
        // The gateway has seen the file, and so tries it, before the broker takes it.
        eventually([&] { return world_.secret_part(kDestination, "fileGeneration") >= generation; }, 10s, 20ms);
        pass(500ms);
        mechanism_->accept(version);
        break;
      case Order::kBrokerFirst:
        mechanism_->accept(version);
        pass(1s);
        method_->write(mechanism_->files(version));
        break;
      case Order::kTogether: {
        const auto files = mechanism_->files(version);
        std::thread broker([&] { mechanism_->accept(version); });
        method_->write(files);
        broker.join();
        break;
      }
      case Order::kRevoked:
        mechanism_->accept(version);
        mechanism_->revoke(version - 1);
        if (!cut()) fail("no connection was there to be cut");
        method_->write(mechanism_->files(version));
        break;
    }
    const auto began = Clock::now();
    if (!in_use(generation)) {
      fail("rotation " + std::to_string(version) + " was not taken: " + status());
      return;
    }
    outcome_.waits.push_back(std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - began));
    mechanism_->revoke(version - 1);
    const auto before = load_->accepted();
    eventually([&] { return load_->accepted() >= before + 50; }, 10s);
    eventually([&] { return world_.status_number(kDestination, "messagesQueued") < 20; }, 20s, 50ms);
  }

  void finish() {
    load_->stop();
    const Versions written = load_->versions();
    for (const auto& [resource, versions] : written) outcome_.writes += versions.size();
    if (load_->refused() > 0) fail(std::to_string(load_->refused()) + " writes were refused");
    if (const auto empty = world_.drained(kDestination, static_cast<std::int64_t>(outcome_.writes)); !empty)
      fail(empty.message());
    judge(written);
    world_.remember_process();
    if (world_.gateway().terminate() != 0) fail("the gateway did not end with code 0");
    if (const auto leaks = world_.leaks(); !leaks.empty()) fail("a secret leaked: " + leaks.front());
  }

  void judge(const Versions& written) {
    const std::vector<test::ConsumedRecord> records = test::consume_all(lane_.destination.kafka_topic, outcome_.writes);
    const test::EventLog log = test::read_events(records);
    if (!log.faults.empty()) fail(log.faults.front());
    outcome_.duplicated = log.duplicates;
    const Versions arrived = log.versions();
    for (const auto& [resource, versions] : written) {
      const auto found = arrived.find(resource);
      for (const std::int64_t version : versions) {
        const bool there = found != arrived.end() &&
                           std::find(found->second.begin(), found->second.end(), version) != found->second.end();
        outcome_.lost += there ? 0 : 1;
      }
    }
    for (const auto& [resource, versions] : arrived) {
      for (std::size_t i = 1; i < versions.size(); ++i) outcome_.reordered += versions[i] < versions[i - 1] ? 1 : 0;
    }
    outcome_.longest_gap = longest_gap(records);
  }

  static std::chrono::milliseconds longest_gap(const std::vector<test::ConsumedRecord>& records) {
    std::vector<std::int64_t> times;
    times.reserve(records.size());
    for (const test::ConsumedRecord& record : records) times.push_back(record.timestamp_ms);
    std::sort(times.begin(), times.end());
    std::int64_t longest = 0;
    for (std::size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
    return std::chrono::milliseconds(longest);
  }

  const Cell& cell_;
  test::GatewayWorld world_;
  std::unique_ptr<Mechanism> mechanism_;
  std::unique_ptr<test::delivery::Method> method_;
  test::KafkaLane lane_;
  std::unique_ptr<test::Load> load_;
  std::mt19937 random_{std::random_device()()};
  Outcome outcome_;
};

}  // namespace

std::string_view to_string(Order order) {
  switch (order) {
    case Order::kFileFirst:
      return "file first";
    case Order::kBrokerFirst:
      return "broker first";
    case Order::kTogether:
      return "together";
    case Order::kRevoked:
      return "revoked at once";
  }
  return "";
}

std::chrono::milliseconds Outcome::wait(std::size_t percent) const {
  if (waits.empty()) return {};
  std::vector<std::chrono::milliseconds> sorted = waits;
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

std::string impossible(const Cell& cell) {
  if (!cell.mechanism->impossible.empty()) return std::string(cell.mechanism->impossible);
  if (!cell.delivery->promise.rotates) return std::string(cell.delivery->why);
  if (cell.delivery->promise.in_process) return "simulated in the reader's process; the integration tests have it";
  if (const std::string obstacle = test::delivery::obstacle(*cell.delivery); !obstacle.empty()) return obstacle;
  return cell.order == Order::kRevoked ? test::cutting_obstacle() : std::string();
}

Outcome run(const Cell& cell, int rotations) {
  Outcome outcome;
  outcome.impossible = impossible(cell);
  return outcome.impossible.empty() ? Run(cell).outcome(rotations) : outcome;
}

}  // namespace embergate::bench
