// SPDX-License-Identifier: Apache-2.0
// The known name that is most like one that is not known: "did you mean ...?".
// Thread: one search, one thread. Failure: none; an empty name when nothing is near.
#pragma once

#include <cstddef>
#include <string_view>

namespace embergate::fhirpath {

// How many letters to change, add or take away; at most `limit` + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

class Nearest {
 public:
  // Names further away than `most` are not offered back.
  Nearest(std::string_view wanted, std::size_t most) : wanted_(wanted), most_(most) {}
  void offer(std::string_view known);
  [[nodiscard]] std::string_view name() const { return best_; }

 private:
  std::string_view wanted_;
  std::string_view best_;
  std::size_t most_;
};

}  // namespace embergate::fhirpath
