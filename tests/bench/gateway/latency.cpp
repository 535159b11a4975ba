// SPDX-License-Identifier: Apache-2.0
// From the call of a write to the record in a consumer's hands, at 500 writes a second over SASL_SSL.
#include <fmt/format.h>

#include "bench/gateway/measurements.hpp"
#include "bench/gateway/paced_writes.hpp"

namespace embergate::bench {
namespace {

constexpr std::size_t kWarmUps = 3;  // until the broker has compiled what it runs most
constexpr std::size_t kRuns = kWarmUps + 5;

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
  PacedWrites writes;
  if (!writes.start()) return std::nullopt;
  std::vector<double> p50;
  std::vector<double> p99;
  for (std::size_t i = 0; i < kRuns; ++i) {
    const auto result = writes.run({});
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
