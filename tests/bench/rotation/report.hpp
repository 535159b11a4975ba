// SPDX-License-Identifier: Apache-2.0
// The outcome of the matrix as docs/rotation-results.md. Thread: one. Failure: an empty file name prints only.
#pragma once

#include <string>
#include <vector>

#include "bench/rotation/cell.hpp"

namespace embergate::bench {

struct Section {
  std::string title;
  std::string text;  // one paragraph
  int rotations;     // of each cell
  std::vector<Cell> cells;
  std::vector<Outcome> outcomes;  // of the same index
};

[[nodiscard]] std::string as_markdown(const std::vector<Section>& sections, const std::string& command,
                                      std::size_t parallel, std::chrono::seconds took);
// One line for the terminal.
[[nodiscard]] std::string in_words(const Cell& cell, const Outcome& outcome);

}  // namespace embergate::bench
