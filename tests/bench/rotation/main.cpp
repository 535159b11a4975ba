// SPDX-License-Identifier: Apache-2.0
// rotation_bench [--full] [--only TEXT] [--parallel N] [--rotations N] [--output FILE]: the matrix of mechanisms,
// orders and ways of delivery on the broker of the run. --only takes the cells whose name holds the text. Exit code 1
// when a record was lost or reordered, or a cell could not be shown to its end.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "bench/rotation/report.hpp"
#include "support/delivery/mounts.hpp"

namespace {

using namespace embergate::bench;
namespace delivery = embergate::test::delivery;

constexpr unsigned kSeed = 20'260'301;
constexpr std::size_t kCrosses = 20;
constexpr int kRotations = 3;
constexpr int kRotationsForTimes = 10;  // where the time of each is of interest

struct Options {
  bool full = false;
  std::string only;
  std::size_t parallel = 4;
  std::optional<int> rotations;  // of each cell, whatever its section has
  std::string output;
  bool understood = true;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (word == "--full") {
      options.full = true;
      continue;
    }
    options.understood = options.understood && value != nullptr;
    if (value == nullptr) break;
    ++i;
    if (word == "--only") {
      options.only = value;
    } else if (word == "--parallel") {
      options.parallel = std::max(1UL, std::strtoul(value, nullptr, 10));
    } else if (word == "--rotations") {
      options.rotations = std::max(1, std::atoi(value));
    } else if (word == "--output") {
      options.output = value;
    } else {
      options.understood = false;
    }
  }
  return options;
}

Section every_mechanism() {
  Section section{"Every mechanism, every order", "Delivered as a kubelet does it.", kRotations, {}, {}};
  for (const MechanismRow& mechanism : mechanisms()) {
    for (const Order order : kOrders) section.cells.push_back({&mechanism, order, &delivery::kind("kubelet")});
  }
  return section;
}

Section every_delivery() {
  Section section{"Every way of delivery", "With SCRAM-SHA-512, the broker first.", kRotationsForTimes, {}, {}};
  for (const delivery::Kind& kind : delivery::kinds())
    section.cells.push_back({&mechanisms().front(), Order::kBrokerFirst, &kind});
  return section;
}

Section everything() {
  Section section{"Every mechanism, order and way of delivery", "The whole product.", kRotations, {}, {}};
  for (const MechanismRow& mechanism : mechanisms()) {
    for (const Order order : kOrders) {
      for (const delivery::Kind& kind : delivery::kinds()) section.cells.push_back({&mechanism, order, &kind});
    }
  }
  return section;
}

Section some_crosses() {
  Section section{fmt::format("{} crosses", kCrosses),
                  "Of what the tables above do not have; drawn at random, the same at each run.",
                  kRotations,
                  {},
                  {}};
  std::vector<Cell> possible;
  for (const Cell& cell : everything().cells) {
    const bool elsewhere = cell.delivery->name == "kubelet" ||
                           (cell.mechanism == &mechanisms().front() && cell.order == Order::kBrokerFirst);
    if (!elsewhere && impossible(cell).empty()) possible.push_back(cell);
  }
  std::shuffle(possible.begin(), possible.end(), std::mt19937(kSeed));
  possible.resize(std::min(possible.size(), kCrosses));
  section.cells = std::move(possible);
  return section;
}

std::string name_of(const Cell& cell) {
  return fmt::format("{} x {} x {}", cell.mechanism->name, to_string(cell.order), cell.delivery->name);
}

void keep_only(Section& section, const std::string& text) {
  std::erase_if(section.cells, [&](const Cell& cell) { return name_of(cell).find(text) == std::string::npos; });
}

void measure(Section& section, const Options& options) {
  section.outcomes.resize(section.cells.size());
  std::atomic<std::size_t> next{0};
  std::mutex printing;
  const auto work = [&] {
    for (std::size_t i = next++; i < section.cells.size(); i = next++) {
      section.outcomes[i] = run(section.cells[i], section.rotations);
      const std::lock_guard lock(printing);
      fmt::print("  {}\n", in_words(section.cells[i], section.outcomes[i]));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < options.parallel; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

bool well(const std::vector<Section>& sections) {
  for (const Section& section : sections) {
    for (const Outcome& outcome : section.outcomes) {
      if (outcome.lost + outcome.reordered > 0 || !outcome.fault.empty()) return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const Options options = read_options(argc, argv);
  if (!options.understood) {
    fmt::print(stderr, "usage: rotation_bench [--full] [--only TEXT] [--parallel N] [--rotations N] [--output FILE]\n");
    return 2;
  }
  // Before there are threads, so that all of them, and the gateways, see the same mounts.
  static_cast<void>(delivery::loop_obstacle());
  std::vector<Section> sections;
  if (options.full) {
    sections.push_back(everything());
  } else {
    sections = {every_mechanism(), every_delivery(), some_crosses()};
  }
  const auto began = std::chrono::steady_clock::now();
  for (Section& section : sections) {
    if (!options.only.empty()) keep_only(section, options.only);
    if (section.cells.empty()) continue;
    section.rotations = options.rotations.value_or(section.rotations);
    fmt::print("{}\n", section.title);
    measure(section, options);
  }
  std::erase_if(sections, [](const Section& section) { return section.cells.empty(); });
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
  const std::string command = options.full ? "scripts/bench rotation --full" : "scripts/bench rotation";
  if (!options.output.empty()) std::ofstream(options.output) << as_markdown(sections, command, options.parallel, took);
  return well(sections) ? 0 : 1;
}
