// SPDX-License-Identifier: Apache-2.0
#include "app/environment.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace embergate::app {

Environment::Environment(char** environment) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
    char* equals = std::strchr(*entry, '=');
    if (equals != nullptr) values_.emplace(std::string(*entry, equals), equals + 1);
  }
}

std::optional<std::string> Environment::text(const std::string& name) {
  asked_.insert(name);
  const auto found = values_.find(name);
  if (found == values_.end() || *found->second == '\0') return std::nullopt;
  return std::string(found->second);
}

core::Result<void> Environment::number(const std::string& name, std::int64_t least, std::int64_t most,
                                       const std::function<void(std::int64_t)>& take) {
  const auto value = text(name);
  if (!value) return {};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < least || number > most) {
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("{} must be a whole number from {} to {}", name, least, most));
  }
  take(number);
  return {};
}

core::Result<void> Environment::boolean(const std::string& name, bool& target) {
  const auto value = text(name);
  if (!value) return {};
  if (*value != "true" && *value != "false")
    return core::make_error(core::ErrorCode::kInvalid, fmt::format("{} must be true or false", name));
  target = *value == "true";
  return {};
}

std::optional<std::string> Environment::take_secret(const std::string& name) {
  auto value = text(name);
  if (value) explicit_bzero(values_.at(name), value->size());
  return value;
}

std::vector<std::string> Environment::unknown_names() const {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : values_) {
    if (name.starts_with("BOX_") && !asked_.contains(name)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace embergate::app
