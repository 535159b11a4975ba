// SPDX-License-Identifier: Apache-2.0
#include "delivery/parameters_json.hpp"

#include <fmt/format.h>

#include "embergate/core/time_format.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::delivery {

void ParametersJson::decimal(std::string_view name, std::uint64_t value) {
  add(name, "valueDecimal", fmt::format("{}", value));
}
void ParametersJson::integer(std::string_view name, std::uint64_t value) {
  add(name, "valueInteger", fmt::format("{}", value));
}
void ParametersJson::seconds(std::string_view name, double value) {
  add(name, "valueDecimal", fmt::format("{:.3f}", value));
}
void ParametersJson::text(std::string_view name, std::string_view value) {
  add(name, "valueString", fhir::json_string(value));
}
void ParametersJson::code(std::string_view name, std::string_view value) {
  add(name, "valueCode", fhir::json_string(value));
}
void ParametersJson::boolean(std::string_view name, bool value) { add(name, "valueBoolean", value ? "true" : "false"); }
void ParametersJson::time(std::string_view name, core::SystemTime value) {
  add(name, "valueDateTime", fmt::format("\"{}\"", core::format_instant_seconds(value)));
}

std::string ParametersJson::list() const { return fmt::format("[{}]", body_); }
std::string ParametersJson::resource() const {
  return fmt::format(R"({{"resourceType":"Parameters","parameter":{}}})", list());
}

void ParametersJson::add(std::string_view name, std::string_view member, std::string_view json) {
  body_ += fmt::format(R"({}{{"name":"{}","{}":{}}})", body_.empty() ? "" : ",", name, member, json);
}

}  // namespace embergate::delivery
