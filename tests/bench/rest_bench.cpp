// SPDX-License-Identifier: Apache-2.0
// What GET /health costs the io thread, with 500 destinations: an answer is a copy of a snapshot (at most 50 us).
#include <benchmark/benchmark.h>

#include <string>

#include "rest/health_page.hpp"

namespace embergate::rest {
namespace {

using observability::HealthResult;
using observability::HealthStatus;

void health_answer(benchmark::State& state) {
  observability::HealthRegistry registry;
  registry.add("uptime", [] { return HealthResult{HealthStatus::kPass, "system", 12, "s", "", ""}; });
  for (int i = 0; i < 500; ++i) {
    registry.add("kafka:destination-" + std::to_string(i), [] {
      return HealthResult{HealthStatus::kWarn, "kafka", 0, "", "not connected: broker.example:9093 refused",
                          "kafka:destinations"};
    });
  }
  observability::HealthMonitor monitor(registry, core::system_clock(), {});
  monitor.start();
  const ApiOptions options;
  HealthPage page(monitor, options);
  const auto reader = static_cast<HealthPage::Reader>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(page.answer(reader).body.size());
}
BENCHMARK(health_answer)->ArgName("administrator")->Arg(0)->Arg(1)->UseRealTime();

}  // namespace
}  // namespace embergate::rest
