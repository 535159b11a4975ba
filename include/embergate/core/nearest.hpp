// SPDX-License-Identifier: Apache-2.0
// The known name that is most like one that is not known: "did you mean ...?". Of equally near ones the first offered.
// Thread: one search, one thread. Ownership: names are borrowed until name() was read. Failure: none; an empty name
// when nothing is near. Bounds: names that differ over more than 64 bytes are like nothing.
#pragma once

#include <cstddef>
#include <string_view>

namespace embergate::core {

class Nearest {
 public:
  // Names with more than `most` letters to change, add or take away are not given back.
  Nearest(std::string_view wanted, std::size_t most) : wanted_(wanted), most_(most) {}
  void offer(std::string_view known);
  [[nodiscard]] std::string_view name() const { return best_; }

 private:
  std::string_view wanted_;
  std::string_view best_;
  std::size_t most_;
};

}  // namespace embergate::core
