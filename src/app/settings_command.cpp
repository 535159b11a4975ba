// SPDX-License-Identifier: Apache-2.0
#include "app/settings_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <vector>

#include "app/environment.hpp"
#include "app/settings_table.hpp"
#include "embergate/app/settings.hpp"

namespace embergate::app {
namespace {

struct Line {
  const Setting* setting;
  std::string value;
  bool from_environment;
};

// Defaults that other settings decide, as they came out.
std::optional<std::string> decided_default(std::string_view name, const Settings& settings) {
  if (name == "BOX_WEB_PORT") return std::to_string(settings.web.port);
  if (name == "BOX_WEB_BASE_URL")
    return fmt::format("{}://localhost:{}", settings.tls_certificate.empty() ? "http" : "https", settings.web.port);
  if (name == "BOX_WEB_MAX_ANSWERS_TOTAL") return std::to_string(settings.max_answers_total);
  if (name == "BOX_WEB_MAX_BODIES_TOTAL") return std::to_string(settings.web.max_bodies_bytes);
  if (name == "BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS") return std::to_string(settings.web.max_connections_per_address);
  if (name == "BOX_VAULT_GRACE_MS") return std::to_string(settings.vault.ttl.count());
  if (name == "BOX_VAULT_CONFIG" && !settings.vault_config.empty()) return settings.vault_config;
  if (name == "AWS_SHARED_CREDENTIALS_FILE") return settings.aws.shared_credentials_file;
  return std::nullopt;
}

std::string_view old_name_of(std::string_view name) {
  if (name == "BOX_WEB_PORT") return "AIDBOX_PORT";
  return name == "BOX_VAULT_CONFIG" ? "AIDBOX_VAULT_CONFIG" : "";
}

std::string shown(const Setting& setting, const std::string& value) {
  if (setting.kind == SettingKind::kSecret) return "(set, not shown)";
  // What has no slash may be the secret itself, set to the wrong variable.
  if (setting.name == "BOX_ROOT_CLIENT_SECRET_FILE" && value.find('/') == std::string::npos)
    return "(a value without a slash is not shown)";
  const std::string quoted = shown_value(value);
  return quoted.substr(1, quoted.size() - 2);
}

std::vector<Line> lines_of(const Environment& given, const Settings& settings) {
  std::vector<Line> lines;
  for (const Setting& setting : settings_table()) {
    const auto value = given.text(std::string(setting.name));
    const std::string old(old_name_of(setting.name));
    if (value) {
      lines.push_back({&setting, shown(setting, *value), true});
    } else {
      lines.push_back({&setting, decided_default(setting.name, settings).value_or(std::string(setting.fallback)),
                       !old.empty() && given.text(old).has_value()});
    }
  }
  return lines;
}

std::string_view source_of(const Line& line) { return line.from_environment ? "environment" : "default"; }

void print_json(const std::vector<Line>& lines, const std::vector<std::string>& faults, std::ostream& out) {
  nlohmann::json all = nlohmann::json::array();
  for (const Line& line : lines) {
    const Setting& setting = *line.setting;
    all.push_back({{"name", setting.name},
                   {"group", setting.group},
                   {"value", line.value},
                   {"default", setting.fallback},
                   {"source", source_of(line)},
                   {"range", allowed_values(setting)},
                   {"about", setting.about}});
  }
  out << nlohmann::json{{"settings", all}, {"faults", faults}}.dump(2, ' ', false,
                                                                    nlohmann::json::error_handler_t::replace)
      << '\n';
}

void print_columns(const std::vector<Line>& lines, bool explained, std::ostream& out) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  constexpr std::size_t kWidestValue = 40;
  for (const Line& line : lines) {
    name_width = std::max(name_width, line.setting->name.size());
    value_width = std::max(value_width, std::min(line.value.size(), kWidestValue));
  }
  std::string_view group;
  for (const Line& line : lines) {
    if (line.setting->group != group) {
      out << fmt::format("{}{}\n", group.empty() ? "" : "\n", line.setting->group);
      group = line.setting->group;
    }
    out << fmt::format("  {:<{}}  {:<{}}  {:<11}  default: {}\n", line.setting->name, name_width, line.value,
                       value_width, source_of(line), line.setting->fallback);
    if (explained) out << fmt::format("    {} ({})\n", line.setting->about, allowed_values(*line.setting));
  }
}

void print_fields(const std::vector<Line>& lines, std::ostream& out) {
  out << "name\tvalue\tdefault\tsource\n";
  for (const Line& line : lines)
    out << fmt::format("{}\t{}\t{}\t{}\n", line.setting->name, line.value, line.setting->fallback, source_of(line));
}

// False: a name is that of no setting.
bool choose(const std::vector<std::string>& names, std::vector<Line>& lines, std::ostream& error) {
  for (const std::string& name : names) {
    if (find_setting(name) != nullptr) continue;
    const std::string_view nearest = nearest_setting(name);
    error << fmt::format("embergate: {} is not a setting of this program{}\n", shown_value(name),
                         nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
    return false;
  }
  const auto is_wanted = [&](const Line& line) {
    return std::find(names.begin(), names.end(), line.setting->name) != names.end();
  };
  if (!names.empty()) std::erase_if(lines, [&](const Line& line) { return !is_wanted(line); });
  return true;
}

}  // namespace

int settings_command(const SettingsCommand& command, char** environment, std::ostream& out, std::ostream& error) {
  const Environment given(environment);
  // Whether secrets are set has to be known before the reader overwrites them.
  std::vector<Line> lines = lines_of(given, Settings());
  const SettingsReading reading = read_all_settings(environment);
  const std::vector<Line> decided = lines_of(given, reading.settings);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].setting->kind != SettingKind::kSecret) lines[i] = decided[i];
  }
  if (!choose(command.names, lines, error)) return 2;
  if (command.json) {
    print_json(lines, reading.faults, out);
  } else if (command.columns) {
    print_columns(lines, !command.names.empty(), out);
  } else {
    print_fields(lines, out);
  }
  for (const std::string& fault : reading.faults) error << "embergate: " << fault << '\n';
  return reading.faults.empty() ? 0 : 1;
}

}  // namespace embergate::app
