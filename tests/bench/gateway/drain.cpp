// SPDX-License-Identifier: Apache-2.0
// A queue that was filled while the destination's secret was absent, delivered once it is there, against librdkafka's
// own load program with records of the same size on the same listener. Each turn drains a copy of the same database.
#include <fmt/format.h>

#include <filesystem>

#include "bench/gateway/http_load.hpp"
#include "bench/gateway/measurements.hpp"
#include "bench/gateway/yardsticks.hpp"
#include "support/eventually.hpp"
#include "support/gateway_world.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kDrainLimit{5};

class Drain {
 public:
  explicit Drain(const Settings& settings) : settings_(settings) {}

  std::optional<Line> measure() {
    if (!fill()) return std::nullopt;
    producer_.records = settings_.events;
    fmt::print("    {} events queued, records of {} bytes\n", settings_.events, producer_.record_bytes);
    rdkafka_performance(producer_, world_.directory().path());  // warms the broker
    const auto compared = compare(
        settings_.turns, [this] { return rdkafka_performance(producer_, world_.directory().path()); },
        [this] { return drain_copy(); });
    if (!compared) return std::nullopt;
    fmt::print("    {:.1f} us of CPU for each event, {} turns kept{}\n", median(cpu_us_), compared->kept,
               compared->unsteady ? " (unsteady machine: all used)" : "");
    Line line;
    line.what = fmt::format("drain of {} events", settings_.events);
    line.measured = fmt::format("{:.0f} events/s", compared->subject);
    line.yardstick = fmt::format("{:.0f} records/s", compared->yardstick);
    line.value = compared->ratio();
    line.expected = 0.5;
    line.goal = 0.8;
    line.is_ratio = true;
    return line;
  }

 private:
  bool start() {
    const auto ready = world_.start();
    if (!ready) fmt::print(stderr, "{}\n", ready.message());
    return static_cast<bool>(ready);
  }

  bool fill() {
    lane_ = world_.add_lane("events", false);
    lane_.destination.security_protocol = "SASL_PLAINTEXT";
    lane_.destination.bootstrap = test::KafkaEnvironment::get().sasl_plaintext;
    lane_.destination.ca_file.clear();
    world_.gateway().set("BOX_VAULT_POLL_MS", "100");
    world_.gateway().set("BOX_VAULT_QUIET_MS", "10");
    if (!start()) return false;
    if (world_.create_topic_and_destination(lane_).status() != 201) {
      fmt::print(stderr, "the destination was refused\n");
      return false;
    }
    HttpLoad load;
    load.port = world_.gateway().port();
    load.requests = settings_.events;
    const std::string authorization = "Basic " + test::base64("root:" + world_.root_secret());
    load.write_request = [&](std::string& request, std::uint64_t number) {
      request += patient_request(number, authorization);
    };
    const HttpLoadResult result = run(load);
    if (result.answered != settings_.events || world_.gateway().terminate().value_or(-1) != 0) {
      fmt::print(stderr, "only {} of {} events were queued\n", result.answered, settings_.events);
      return false;
    }
    filled_ = world_.gateway().database_directory();
    producer_.bootstrap = lane_.destination.bootstrap;
    producer_.user = lane_.user;
    producer_.password = lane_.password;
    producer_.topic = world_.kafka().create_topic("yardstick");
    return measure_record_size();
  }

  // One event more, drained alone, tells how large the records are.
  bool measure_record_size() {
    test::GatewayWorld probe;
    test::KafkaLane lane = probe.add_lane();
    if (!probe.start() || probe.create_topic_and_destination(lane).status() != 201) return false;
    HttpLoad load;
    load.port = probe.gateway().port();
    load.connections = 1;
    load.requests = 1;
    const std::string authorization = "Basic " + test::base64("root:" + probe.root_secret());
    load.write_request = [&](std::string& request, std::uint64_t number) {
      request += patient_request(number, authorization);
    };
    run(load);
    const auto records = test::consume_all(lane.destination.kafka_topic, 1);
    if (records.empty()) {
      fmt::print(stderr, "the first record did not arrive\n");
      return false;
    }
    producer_.record_bytes = records.front().value->size() + records.front().key.value_or("").size();
    return true;
  }

  std::optional<double> drain_copy() {
    const fs::path copy = world_.directory().path() / "turn";
    fs::remove_all(copy);
    fs::copy(filled_, copy, fs::copy_options::recursive);
    world_.remove_secret(lane_.destination.jaas_secret);
    world_.gateway().set("BOX_DB_PATH", (copy / "gateway.db").string());
    if (!start()) return std::nullopt;
    const auto rate = deliver_all();
    world_.gateway().kill();
    fs::remove_all(copy);
    return rate;
  }

  double delivered() { return world_.status_number("events", "messagesDelivered"); }

  // From the moment the login is proven, so that the poll of the secret file is not counted.
  std::optional<double> deliver_all() {
    const double all = static_cast<double>(settings_.events);
    const double cpu = cpu_seconds_of(world_.gateway().pid());
    const auto step = std::chrono::milliseconds(10);
    world_.set_file_password(lane_, lane_.password);
    const bool proven =
        test::eventually([&] { return world_.secret_part("events", "generation") == 1 || delivered() > 0; },
                         std::chrono::seconds(60), step);
    const auto begin = Clock::now();
    double last = 0;
    const bool done = proven && test::eventually([&] { return (last = delivered()) >= all; }, kDrainLimit, step);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (!done) {
      fmt::print(stderr, "the drain stopped at {} of {}: {}\n", last, all, world_.status("events").dump());
      return std::nullopt;
    }
    cpu_us_.push_back(1e6 * (cpu_seconds_of(world_.gateway().pid()) - cpu) / all);
    return all / seconds;
  }

  Settings settings_;
  test::GatewayWorld world_;
  test::KafkaLane lane_;
  ProducerRun producer_;
  fs::path filled_;
  std::vector<double> cpu_us_;
};

}  // namespace

Lines measure_drain(const Settings& settings) {
  auto line = Drain(settings).measure();
  if (!line) return std::nullopt;
  return std::vector<Line>{*std::move(line)};
}

}  // namespace embergate::bench
