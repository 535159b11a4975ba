// SPDX-License-Identifier: Apache-2.0
#include "app/start_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/environment.hpp"
#include "app/init_bundle.hpp"
#include "app/listener_files.hpp"
#include "app/vault_setup.hpp"

namespace embergate::app {
namespace {

void add_lines(std::string_view lines, std::vector<std::string>& faults) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    faults.emplace_back(line);
  }
}

// The file itself is made by the first start.
void check_database(const std::string& path, std::vector<std::string>& faults) {
  std::error_code unknown;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const auto status = std::filesystem::status(folder.empty() ? "." : folder, unknown);
  if (std::filesystem::is_directory(status) || status.type() == std::filesystem::file_type::none) return;
  faults.push_back(
      fmt::format("BOX_DB_PATH is {}: {} {}", shown_value(path), folder.string(),
                  std::filesystem::exists(status) ? "is no directory" : "does not exist; make the directory"));
}

}  // namespace

StartCheck check_start(const SettingsReading& reading) {
  const Settings& settings = reading.settings;
  StartCheck found{reading.faults, settings.warnings};
  check_database(settings.database.path, found.faults);
  const auto config = load_vault_config(settings);
  if (config) {
    found.warnings.insert(found.warnings.end(), config->warnings().begin(), config->warnings().end());
  } else {
    add_lines(config.error().diagnostics, found.faults);
  }
  if (!settings.tls_certificate.empty()) {
    if (const auto named = listener_files(listener_settings(settings)); !named)
      add_lines(named.error().diagnostics, found.faults);
  }
  if (!settings.init_bundle.empty()) {
    if (const auto usable = check_init_bundle(settings.init_bundle, settings.max_body); !usable)
      add_lines(usable.error().diagnostics, found.faults);
  }
  return found;
}

}  // namespace embergate::app
