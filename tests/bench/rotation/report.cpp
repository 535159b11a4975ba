// SPDX-License-Identifier: Apache-2.0
#include "bench/rotation/report.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace embergate::bench {
namespace {

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

// That of the broker which scripts/bench started.
std::string kafka_version() {
  const char* version = std::getenv("EG_KAFKA_VERSION");
  return version == nullptr ? "of unknown version" : version;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text.substr(0, 300);
}

std::string row(const Cell& cell, const Outcome& outcome) {
  const std::string head =
      fmt::format("| {} | {} | {} ", cell.mechanism->name, to_string(cell.order), cell.delivery->name);
  if (!outcome.impossible.empty())
    return head + fmt::format("| – | – | – | – | – | – | – | {} |\n", outcome.impossible);
  return head + fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", outcome.writes, outcome.lost,
                            outcome.reordered, outcome.duplicated, outcome.longest_gap.count(),
                            outcome.wait(50).count(), outcome.wait(99).count(),
                            outcome.fault.empty() ? "" : "**fault**: " + escaped(outcome.fault));
}

}  // namespace

std::string in_words(const Cell& cell, const Outcome& outcome) {
  const std::string head =
      fmt::format("{:<26} {:<16} {:<22}", cell.mechanism->name, to_string(cell.order), cell.delivery->name);
  if (!outcome.impossible.empty()) return head + " impossible: " + outcome.impossible;
  return head +
         fmt::format(
             " {:>6} writes, {} lost, {} reordered, {} duplicated, gap {:>5} ms, in use after {:>5} to {:>5} ms{}",
             outcome.writes, outcome.lost, outcome.reordered, outcome.duplicated, outcome.longest_gap.count(),
             outcome.wait(50).count(), outcome.wait(99).count(),
             outcome.fault.empty() ? "" : "  FAULT: " + outcome.fault);
}

std::string as_markdown(const std::vector<Section>& sections, const std::string& command, std::size_t parallel,
                        std::chrono::seconds took) {
  std::size_t measured = 0;
  std::size_t impossible = 0;
  std::size_t faults = 0;
  std::size_t writes = 0;
  std::size_t wrong = 0;
  std::size_t duplicated = 0;
  for (const Section& section : sections) {
    for (const Outcome& outcome : section.outcomes) {
      (outcome.impossible.empty() ? measured : impossible) += 1;
      faults += outcome.fault.empty() ? 0 : 1;
      writes += outcome.writes;
      wrong += outcome.lost + outcome.reordered;
      duplicated += outcome.duplicated;
    }
  }
  std::string out = fmt::format(
      "# Rotation: results\n\nMade by `{}` in {} min {:02} s; do not edit. Each cell is a gateway of its own with "
      "default settings, on a real Kafka {}, written "
      "to 100 times a second by four clients while its credential is rotated at random moments.\n\n"
      "**{} cells measured, {} writes: {} lost or reordered, {} duplicated, {} cells with a fault; {} cells are "
      "impossible and say why.**\n\nMachine: {} x {}, cells at a time: {}.\n\n"
      "- *lost*: a version whose write was answered, and which is not on the topic. *reordered*: a version of a "
      "resource "
      "behind a later one. *duplicated*: a further record of the same event.\n"
      "- *longest gap*: the longest time between two records in the broker's log, ms; without a rotation it is that of "
      "a "
      "busy machine, some tens of ms.\n"
      "- *in use after*: from the later of file and broker to the first proven login with the new credential, ms; "
      "the default poll of 5 s is most of it. Half of the rotations (p50) and 99 of 100 (p99, the slowest of so "
      "few).\n",
      command, took.count() / 60, took.count() % 60, kafka_version(), measured, writes, wrong, duplicated, faults,
      impossible, std::thread::hardware_concurrency(), processor(), parallel);
  for (const Section& section : sections) {
    out += fmt::format("\n## {}\n\n{} {} rotations each.\n\n", section.title, section.text, section.rotations);
    out +=
        "| mechanism | order | delivery | writes | lost | reordered | duplicated | longest gap | in use after, p50 | "
        "p99 "
        "| note |\n";
    out += "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";
    for (std::size_t i = 0; i < section.cells.size(); ++i) out += row(section.cells[i], section.outcomes[i]);
  }
  return out;
}

}  // namespace embergate::bench
