// SPDX-License-Identifier: Apache-2.0
// A figure of ours beside a yardstick of the same minutes: they take turns, medians are compared, and a turn during
// which the machine itself changed is left out. Thread: pure, but for the calls it makes. Units: whatever both measure,
// more is better. Failure: nothing left after leaving out: the report says that the machine was unsteady and uses all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace embergate::bench {

double median(std::vector<double> values);

struct Comparison {
  double subject = 0;  // medians
  double yardstick = 0;
  std::size_t kept = 0;  // turns
  std::size_t dropped = 0;
  bool unsteady = false;  // every turn would have been dropped
  [[nodiscard]] double ratio() const { return yardstick > 0 ? subject / yardstick : 0; }
};

// `turns` turns that count, or three times as many on a restless machine. Nothing when one could not be measured.
std::optional<Comparison> compare(std::size_t turns, const std::function<std::optional<double>()>& yardstick,
                                  const std::function<std::optional<double>()>& subject);

// One line of the table at the end.
struct Line {
  std::string what;
  std::string measured;
  std::string yardstick;
  double value = 0;
  double expected = 0;
  double goal = 0;
  bool less_is_better = false;
  bool is_ratio = false;
  std::string unit;
};
void print_table(const std::vector<Line>& lines);

}  // namespace embergate::bench
