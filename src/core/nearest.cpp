// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/nearest.hpp"

#include <algorithm>
#include <array>

namespace embergate::core {
namespace {

// Changes nothing in the distance, and URLs begin alike.
void skip_common_ends(std::string_view& a, std::string_view& b) {
  const auto begin = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  a.remove_prefix(static_cast<std::size_t>(begin.first - a.begin()));
  b.remove_prefix(static_cast<std::size_t>(begin.second - b.begin()));
  const auto end = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  a.remove_suffix(static_cast<std::size_t>(end.first - a.rbegin()));
  b.remove_suffix(static_cast<std::size_t>(end.second - b.rbegin()));
}

// At most `limit` + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  constexpr std::size_t kLongest = 64;
  skip_common_ends(a, b);
  const std::size_t shorter = std::min(a.size(), b.size());
  if (std::max(a.size(), b.size()) > kLongest || std::max(a.size(), b.size()) - shorter > limit) return limit + 1;
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
