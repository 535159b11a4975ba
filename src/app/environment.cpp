// SPDX-License-Identifier: Apache-2.0
#include "app/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "app/settings_table.hpp"
#include "app/unknown_settings.hpp"
#include "embergate/core/assert.hpp"
#include "embergate/core/text.hpp"

namespace embergate::app {
namespace {

constexpr std::size_t kMaxShown = 100;

std::string_view what_it_must_be(SettingKind kind) {
  if (kind == SettingKind::kNumber) return "a whole number from ";
  return kind == SettingKind::kChoice ? "one of " : "";
}

// "https://user:password@host" without what stands before the host.
std::string without_user(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t at = url.substr(0, url.find('/', scheme + 3)).rfind('@');
  if (at == std::string_view::npos || at < scheme) return std::string(url);
  return fmt::format("{}***{}", url.substr(0, scheme + 3), url.substr(at));
}

}  // namespace

std::string shown_value(std::string_view given) {
  const std::string value = without_user(given);
  return fmt::format("\"{}\"", core::printable(core::shortened(value, kMaxShown)));
}

Environment::Environment(char** environment) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
    char* equals = std::strchr(*entry, '=');
    if (equals != nullptr) values_.emplace(std::string(*entry, equals), equals + 1);
  }
}

std::optional<std::string> Environment::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || *found->second == '\0') return std::nullopt;
  return std::string(found->second);
}

void Environment::refuse_value(const std::string& name, std::string_view reason) {
  faults_.push_back(fmt::format("{} is {}: {}", name, shown_value(text(name).value_or("")), reason));
}

void Environment::refuse_kind(const std::string& name, std::string_view row) {
  const Setting* setting = find_setting(row);
  EG_ASSERT(setting != nullptr);
  const std::string value = text(name).value_or("");
  std::string reason = fmt::format("it must be {}{}", what_it_must_be(setting->kind), allowed_values(*setting));
  const std::string_view nearest = nearest_word(*setting, value);
  if (!nearest.empty()) reason += fmt::format("; did you mean {}?", nearest);
  if (is_service_link(value))
    reason += "; Kubernetes made this value for a service of that name: set enableServiceLinks: false for the pod";
  refuse_value(name, reason);
}

void Environment::number(const std::string& name, const std::function<void(std::int64_t)>& take, std::string_view row) {
  const std::string_view of = row.empty() ? std::string_view(name) : row;
  const Setting* setting = find_setting(of);
  EG_ASSERT(setting != nullptr && setting->kind == SettingKind::kNumber);
  const auto value = text(name);
  if (!value) return;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < setting->least || number > setting->most)
    return refuse_kind(name, of);
  take(number);
}

void Environment::boolean(const std::string& name, bool& target) {
  const auto value = text(name);
  if (!value) return;
  if (*value != "true" && *value != "false") return refuse_kind(name, name);
  target = *value == "true";
}

std::optional<std::string> Environment::choice(const std::string& name) {
  const Setting* setting = find_setting(name);
  EG_ASSERT(setting != nullptr && setting->kind == SettingKind::kChoice);
  auto value = text(name);
  if (!value) return std::nullopt;
  const std::string all = fmt::format(", {}, ", setting->form);
  if (value->find(',') == std::string::npos && all.find(fmt::format(", {}, ", *value)) != std::string::npos)
    return value;
  refuse_kind(name, name);
  return std::nullopt;
}

std::optional<std::string> Environment::take_secret(const std::string& name) {
  auto value = text(name);
  if (value) explicit_bzero(values_.at(name), value->size());
  return value;
}

std::vector<std::pair<std::string, std::string>> Environment::unknown() const {
  std::vector<std::pair<std::string, std::string>> unknown;
  for (const auto& [name, value] : values_) {
    if (name.starts_with("BOX_") && *value != '\0' && find_setting(name) == nullptr) unknown.emplace_back(name, value);
  }
  return unknown;
}

}  // namespace embergate::app
