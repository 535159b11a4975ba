// SPDX-License-Identifier: Apache-2.0
// parameter[] or part[] of a Parameters resource being written.
// Thread: one. Failure: none. `name` is a word of ours and is not escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"

namespace embergate::delivery {

class ParametersJson {
 public:
  void decimal(std::string_view name, std::uint64_t value);
  void integer(std::string_view name, std::uint64_t value);
  void seconds(std::string_view name, double value);
  void text(std::string_view name, std::string_view value);
  void code(std::string_view name, std::string_view value);
  void boolean(std::string_view name, bool value);
  void time(std::string_view name, core::SystemTime value);
  void parts(std::string_view name, const ParametersJson& inner) { add(name, "part", inner.list()); }
  [[nodiscard]] std::string list() const;
  [[nodiscard]] std::string resource() const;  // {"resourceType":"Parameters",…}

 private:
  void add(std::string_view name, std::string_view member, std::string_view json);
  std::string body_;
};

}  // namespace embergate::delivery
