// SPDX-License-Identifier: Apache-2.0
// From the call of a write to the record in a consumer's hands, at 500 writes a second over SASL_SSL.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "bench/gateway/measurements.hpp"
#include "bench/gateway/topic_tail.hpp"
#include "support/eventually.hpp"
#include "support/gateway_world.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPerSecond = 500;
constexpr std::size_t kSenders = 4;
constexpr std::size_t kRunSeconds = 10;
constexpr std::size_t kWarmUps = 3;  // until the broker has compiled what it runs most
constexpr std::size_t kRuns = kWarmUps + 5;
constexpr std::size_t kWrites = kPerSecond * kRunSeconds;

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
};

struct Measured {
  Percentiles to_consumer;
  Percentiles to_answer;
};

Percentiles percentiles_of(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms[ms.size() * 99 / 100]};
}

class Latency {
 public:
  bool start() {
    lane_ = world_.add_lane();
    if (const auto ready = world_.start(); !ready) {
      fmt::print(stderr, "{}\n", ready.message());
      return false;
    }
    const auto made = world_.create_topic_and_destination(lane_);
    if (made.status() != 201) return false;
    world_.root().put("/fhir/Patient/warm", test::samples::full_patient("warm", "Up"));
    return static_cast<bool>(world_.drained("events", 1));
  }

  std::optional<Measured> run() {
    sent_.assign(kWrites, {});
    answered_.assign(kWrites, {});
    arrived_.assign(kWrites, {});
    count_ = 0;
    ++run_;
    const std::string prefix = fmt::format("r{}-", run_);
    TopicTail tail(test::KafkaEnvironment::get().plaintext, lane_.destination.kafka_topic,
                   [&](std::string_view key, std::string_view) {
                     const auto now = Clock::now();
                     if (!key.starts_with(prefix)) return;
                     arrived_[std::stoul(std::string(key.substr(prefix.size())))] = now;
                     ++count_;
                   });
    send_all(prefix);
    if (!test::eventually([&] { return count_ >= kWrites; })) {
      fmt::print(stderr, "{} of {} records arrived\n", count_.load(), kWrites);
      return std::nullopt;
    }
    return Measured{since_sent(arrived_), since_sent(answered_)};
  }

 private:
  void send_all(const std::string& prefix) {
    const auto begin = Clock::now() + std::chrono::milliseconds(200);
    std::vector<std::thread> senders;
    for (std::size_t sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([this, sender, begin, &prefix] {
        test::RestClient client = world_.root();
        client.keep_connection();
        for (std::size_t i = sender; i < kWrites; i += kSenders) {
          const auto due = begin + std::chrono::microseconds(1'000'000 * i / kPerSecond);
          test::eventually([due] { return Clock::now() >= due; }, std::chrono::minutes(1), until(due));
          const std::string id = prefix + std::to_string(i);
          const auto body = test::samples::full_patient(id, "Quick").dump();
          sent_[i] = Clock::now();
          client.send_text("PUT", "/fhir/Patient/" + id, body);
          answered_[i] = Clock::now();
        }
      });
    }
    for (std::thread& sender : senders) sender.join();
  }

  static std::chrono::milliseconds until(Clock::time_point due) {
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now()));
  }

  [[nodiscard]] Percentiles since_sent(const std::vector<Clock::time_point>& then) const {
    std::vector<double> ms;
    for (std::size_t i = 0; i < kWrites; ++i) {
      ms.push_back(std::chrono::duration<double, std::milli>(then[i] - sent_[i]).count());
    }
    return percentiles_of(std::move(ms));
  }

  test::GatewayWorld world_;
  test::KafkaLane lane_;
  std::vector<Clock::time_point> sent_;
  std::vector<Clock::time_point> answered_;
  std::vector<Clock::time_point> arrived_;
  std::atomic<std::size_t> count_{0};
  int run_ = 0;
};

Line line_of(const char* what, double value, double expected, double goal) {
  Line line;
  line.what = what;
  line.measured = fmt::format("{:.2f} ms", value);
  line.yardstick.push_back('-');
  line.value = value;
  line.expected = expected;
  line.goal = goal;
  line.less_is_better = true;
  line.unit.append("ms");
  return line;
}

}  // namespace

Lines measure_latency(const Settings&) {
  Latency latency;
  if (!latency.start()) return std::nullopt;
  std::vector<double> p50;
  std::vector<double> p99;
  for (std::size_t i = 0; i < kRuns; ++i) {
    const auto result = latency.run();
    if (!result) return std::nullopt;
    fmt::print(
        "    run {}: to the consumer p50 {:.2f} ms, p99 {:.2f} ms; to the answer p50 {:.2f} ms, p99 {:.2f} ms{}\n",
        i + 1, result->to_consumer.p50, result->to_consumer.p99, result->to_answer.p50, result->to_answer.p99,
        i < kWarmUps ? " (warm-up, left out)" : "");
    if (i < kWarmUps) continue;
    p50.push_back(result->to_consumer.p50);
    p99.push_back(result->to_consumer.p99);
  }
  return std::vector<Line>{line_of("latency at 500/s, write to consumer, p50", median(p50), 5, 2),
                           line_of("latency at 500/s, write to consumer, p99", median(p99), 25, 10)};
}

}  // namespace embergate::bench
