// SPDX-License-Identifier: Apache-2.0
// What is measured of the whole program. Each starts a gateway of its own on the real broker of the run. Thread: the
// caller's; minutes each. Failure: nothing, and the reason on standard error; figures that miss their mark are no
// failure.
#pragma once

#include <optional>
#include <vector>

#include "bench/gateway/pairs.hpp"

namespace embergate::bench {

struct Settings {
  std::size_t turns = 5;            // EG_BENCH_TURNS
  std::size_t seconds = 3;          // of each turn: EG_BENCH_SECONDS
  std::size_t events = 500'000;     // of the queue that is drained: EG_BENCH_EVENTS
  std::size_t storm_seconds = 600;  // with rotations, and as long without: EG_BENCH_STORM_SECONDS
};

using Lines = std::optional<std::vector<Line>>;
Lines measure_write(const Settings& settings);
Lines measure_drain(const Settings& settings);
Lines measure_latency(const Settings& settings);
Lines measure_memory(const Settings& settings);
Lines measure_start(const Settings& settings);
Lines measure_wiping(const Settings& settings);
Lines measure_storm(const Settings& settings);
Lines measure_guesses(const Settings& settings);

// A patient of about 1.2 KiB as a request; `number` makes it different from the others.
std::string patient_request(std::uint64_t number, const std::string& authorization);
double cpu_seconds_of(int process);

}  // namespace embergate::bench
