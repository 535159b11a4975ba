// SPDX-License-Identifier: Apache-2.0
#include "app/vault_setup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::app {
namespace {

std::string with_setting(std::string_view lines) {
  std::string named;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    named += fmt::format("{}BOX_VAULT_CONFIG: {}", named.empty() ? "" : "\n", line);
  }
  return named;
}

}  // namespace

core::Result<vault::VaultConfig> load_vault_config(const Settings& settings) {
  if (settings.vault_config.empty()) return vault::VaultConfig();
  auto loaded = vault::VaultConfig::load(settings.vault_config, settings.vault_rules);
  if (!loaded) return core::make_error(core::ErrorCode::kInvalid, with_setting(loaded.error().diagnostics));
  return loaded;
}

}  // namespace embergate::app
