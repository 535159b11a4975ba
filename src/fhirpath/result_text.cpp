// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/result_text.hpp"

#include <fmt/format.h>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/reference.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

// JSON without the white space between its tokens; everything else stays as written.
std::string on_one_line(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\' && i + 1 < json.size()) {
      out.push_back(c);
      out.push_back(json[++i]);
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) out.push_back(c);
  }
  return out;
}

std::string json_of_quantity(const Quantity& quantity) {
  const std::string_view code = quantity.calendar ? ucum_code_of(*quantity.calendar) : quantity.unit;
  return fmt::format(R"({{"value":{},"unit":{},"code":{},"system":"{}"}})", quantity.value.to_string(),
                     fhir::json_string(quantity.unit), fhir::json_string(code), kUcum);
}

std::string json_of_type(const Values& values, const Item& item) {
  const bool system = item.type_info_tag() != Tag::kElement;
  return fmt::format(R"({{"namespace":"{}","name":"{}"}})", system ? "System" : "FHIR",
                     system ? system_name(item.type_info_tag()) : values.model().name_of(item.type()));
}

}  // namespace

std::string json_of(const Values& values, const Item& item) {
  if (item.is_element()) return item.node() ? on_one_line(item.node().raw()) : "null";
  switch (item.tag()) {
    case Tag::kBoolean:
    case Tag::kInteger:
    case Tag::kLong:
    case Tag::kDecimal:
      return *values.text_of(item);
    case Tag::kQuantity:
      return json_of_quantity(item.as_quantity());
    case Tag::kTypeInfo:
      return json_of_type(values, item);
    default:
      return fhir::json_string(values.text_of(item).value_or(std::string()));
  }
}

// A primitive that has only extensions stands at the place of its `_name`.
std::string path_of(const Item& item) {
  if (!item.is_element() || item.owner()->type().empty()) return {};
  if (item.node()) return fhir::path_of(item.node());
  if (!item.sibling_node()) return {};
  std::string path = fhir::path_of(item.sibling_node());
  const std::size_t underscore = path.rfind("._");
  if (underscore != std::string::npos) path.erase(underscore + 1, 1);
  return path;
}

ResultItem result_of(const Values& values, const Item& item) {
  ResultItem result;
  result.value = json_of(values, item);
  if (item.is_element()) {
    result.type =
        fmt::format("FHIR.{}", item.type() == fhir::kNoType ? "unknown" : values.model().name_of(item.type()));
    result.path = path_of(item);
  } else {
    result.type = fmt::format("System.{}", system_name(item.tag()));
  }
  return result;
}

}  // namespace embergate::fhirpath
