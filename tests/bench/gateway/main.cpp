// SPDX-License-Identifier: Apache-2.0
// gateway_bench [write] [drain] [latency] [memory] [start] [wiping] [storm] [guesses]: the whole program under measure,
// ratios against yardsticks of the same minutes. Without names all but the last three. EG_BENCH_TURNS (5),
// EG_BENCH_SECONDS (3), EG_BENCH_EVENTS (500000) and EG_BENCH_STORM_SECONDS (600) make it shorter or longer. Exit code
// 0 unless something could not be measured.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "bench/gateway/measurements.hpp"

namespace {

using namespace embergate::bench;

struct Measurement {
  std::string_view name;
  Lines (*measure)(const Settings&);
  bool by_name_only = false;
};

constexpr Measurement kAll[] = {{"write", measure_write},       {"drain", measure_drain},
                                {"latency", measure_latency},   {"memory", measure_memory},
                                {"start", measure_start},       {"wiping", measure_wiping, true},
                                {"storm", measure_storm, true}, {"guesses", measure_guesses, true}};

void read_number(const char* name, std::size_t& target) {
  const char* text = std::getenv(name);
  if (text != nullptr && std::strtoul(text, nullptr, 10) > 0) target = std::strtoul(text, nullptr, 10);
}

bool wanted(const Measurement& one, int argc, char** argv) {
  if (argc == 1) return !one.by_name_only;
  return std::any_of(argv + 1, argv + argc, [&](const char* word) { return word == one.name; });
}

bool known(std::string_view word) {
  return std::any_of(std::begin(kAll), std::end(kAll), [&](const Measurement& one) { return one.name == word; });
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  for (int i = 1; i < argc; ++i) {
    if (known(argv[i])) continue;
    fmt::print(stderr, "unknown measurement {}; known: write drain latency memory start wiping storm guesses\n",
               argv[i]);
    return 2;
  }
  Settings settings;
  read_number("EG_BENCH_TURNS", settings.turns);
  read_number("EG_BENCH_SECONDS", settings.seconds);
  read_number("EG_BENCH_EVENTS", settings.events);
  read_number("EG_BENCH_STORM_SECONDS", settings.storm_seconds);
  std::vector<Line> lines;
  bool all_measured = true;
  for (const Measurement& one : kAll) {
    if (!wanted(one, argc, argv)) continue;
    fmt::print("  {} ...\n", one.name);
    const Lines result = one.measure(settings);
    if (!result) {
      fmt::print("  {}: could not be measured\n", one.name);
      all_measured = false;
      continue;
    }
    lines.insert(lines.end(), result->begin(), result->end());
  }
  print_table(lines);
  return all_measured ? 0 : 1;
}
