// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace embergate::bench {
namespace {

constexpr double kMoved = 0.2;  // of the yardstick, within one turn

std::string verdict(const Line& line) {
  const auto reaches = [&](double mark) { return line.less_is_better ? line.value <= mark : line.value >= mark; };
  if (reaches(line.goal)) return "goal";
  return reaches(line.expected) ? "as expected" : "BELOW";
}

std::string number(double value, const Line& line) {
  if (line.is_ratio) return fmt::format("{:.2f}x", value);
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : 0, line.unit);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<Comparison> compare(std::size_t turns, const std::function<std::optional<double>()>& yardstick,
                                  const std::function<std::optional<double>()>& subject) {
  std::vector<double> yardsticks;
  std::vector<double> subjects;
  std::vector<double> kept_yardsticks;
  std::vector<double> kept_subjects;
  auto before = yardstick();
  if (!before) return std::nullopt;
  // A restless machine gets more turns, but not for ever.
  while (kept_subjects.size() < turns && subjects.size() < 3 * turns) {
    const auto figure = subject();
    if (!figure) return std::nullopt;
    const auto after = yardstick();
    if (!after) return std::nullopt;
    const bool moved = std::abs(*before - *after) > kMoved * std::max(*before, *after);
    yardsticks.push_back((*before + *after) / 2);
    subjects.push_back(*figure);
    if (!moved) {
      kept_yardsticks.push_back(yardsticks.back());
      kept_subjects.push_back(*figure);
    }
    fmt::print("    turn {}: yardstick {:.0f} and {:.0f}, ours {:.0f}{}\n", subjects.size(), *before, *after, *figure,
               moved ? " (left out)" : "");
    before = after;
  }
  Comparison result;
  result.unsteady = kept_subjects.empty();
  result.kept = kept_subjects.size();
  result.dropped = subjects.size() - result.kept;
  result.subject = median(result.unsteady ? subjects : kept_subjects);
  result.yardstick = median(result.unsteady ? yardsticks : kept_yardsticks);
  return result;
}

void print_table(const std::vector<Line>& lines) {
  fmt::print("\n{:<44} {:>22} {:>22} {:>10} {:>10} {:>10}  {}\n", "measurement", "ours", "yardstick", "result",
             "expected", "goal", "verdict");
  for (const Line& line : lines) {
    fmt::print("{:<44} {:>22} {:>22} {:>10} {:>10} {:>10}  {}\n", line.what, line.measured, line.yardstick,
               number(line.value, line), number(line.expected, line), number(line.goal, line), verdict(line));
  }
}

}  // namespace embergate::bench
