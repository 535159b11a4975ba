// SPDX-License-Identifier: Apache-2.0
// parameter[] or part[] of a Parameters resource being written. Thread: one. Failure: none.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "embergate/core/time_format.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::rest {

class Parts {
 public:
  void text(std::string_view name, std::string_view value) { add(name, "valueString", fhir::json_string(value)); }
  void integer(std::string_view name, std::uint64_t value) { add(name, "valueInteger", fmt::format("{}", value)); }
  void boolean(std::string_view name, bool value) { add(name, "valueBoolean", value ? "true" : "false"); }
  void decimal(std::string_view name, double value) { add(name, "valueDecimal", fmt::format("{:.1f}", value)); }
  void time(std::string_view name, core::SystemTime value) {
    add(name, "valueDateTime", fmt::format("\"{}\"", core::format_instant_seconds(value)));
  }
  void part(std::string_view name, const Parts& inner) { add(name, "part", fmt::format("[{}]", inner.json_)); }
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  void add(std::string_view name, std::string_view member, std::string_view value) {
    json_ += fmt::format(R"({}{{"name":"{}","{}":{}}})", json_.empty() ? "" : ",", name, member, value);
  }
  std::string json_;
};

// The whole resource; a FHIR array is never empty.
inline std::string parameters_json(const Parts& parts) {
  if (parts.json().empty()) return R"({"resourceType":"Parameters"})";
  return fmt::format(R"({{"resourceType":"Parameters","parameter":[{}]}})", parts.json());
}

// In the words of a destination's parameters. For administrators only (S-13).
Parts target_parts(const vault::NamedTarget& target);

}  // namespace embergate::rest
