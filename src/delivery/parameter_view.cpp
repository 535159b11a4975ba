// SPDX-License-Identifier: Apache-2.0
#include "delivery/parameter_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace embergate::delivery {

void ParameterView::issue(const Parameter* parameter, std::string text, std::string_view code) {
  fhir::Issue found;
  found.code = std::string(code);
  found.diagnostics = std::move(text);
  found.expression = parameter == nullptr ? "AidboxTopicDestination.parameter"
                                          : fmt::format("AidboxTopicDestination.parameter[{}]", parameter->index);
  issues_.push_back(std::move(found));
}

const ParameterView::Parameter* ParameterView::required_text(std::string_view name) {
  const Parameter* parameter = find(name);
  if (parameter == nullptr || !parameter->text) {
    issue(parameter, fmt::format("parameter \"{}\" is required: give it with a valueString", name));
    return nullptr;
  }
  return parameter;
}

std::optional<std::uint32_t> ParameterView::number(std::string_view name, std::int64_t lowest, std::int64_t highest) {
  const Parameter* parameter = find(name);
  if (parameter == nullptr) return std::nullopt;
  if (*parameter->number < lowest || *parameter->number > highest) {
    issue(parameter, fmt::format("{} must be between {} and {}", name, lowest, highest));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*parameter->number);
}

void ParameterView::one_of(const Parameter* parameter, std::string_view value,
                           std::initializer_list<std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
  issue(parameter, fmt::format("{} must be one of {}, not \"{}\"", parameter->name, fmt::join(allowed, ", "), value));
}

void ParameterView::need(bool condition, std::initializer_list<std::string_view> names, std::string_view text) {
  if (condition) return;
  for (const std::string_view name : names) {
    if (const Parameter* parameter = find(name)) issue(parameter, fmt::format("{} {}", name, text));
  }
}

}  // namespace embergate::delivery
