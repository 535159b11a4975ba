// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/nearest.hpp"

#include <algorithm>
#include <array>

namespace embergate::core {
namespace {

// At most `limit` + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  constexpr std::size_t kLongest = 64;
  if (a.size() > kLongest || b.size() > kLongest) return limit + 1;
  std::array<std::size_t, kLongest + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return std::min(row[b.size()], limit + 1);
}

}  // namespace

void Nearest::offer(std::string_view known) {
  if (most_ == 0 && !best_.empty()) return;
  const std::size_t limit = best_.empty() ? most_ : most_ - 1;
  const std::size_t here = edit_distance(wanted_, known, limit);
  if (here > limit) return;
  most_ = here;
  best_ = known;
}

}  // namespace embergate::core
