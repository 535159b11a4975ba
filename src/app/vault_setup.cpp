// SPDX-License-Identifier: Apache-2.0
#include "app/vault_setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/core/nearest.hpp"
#include "embergate/fhir/reference.hpp"

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

// Resources that hold references to secrets, and the gateway's own port.
constexpr std::array<std::string_view, 5> kUsers{"AidboxTopicDestination", "Client", "IdentityProvider",
                                                 "TokenIntrospector", "Listener"};

bool is_known_type(std::string_view type) {
  return fhir::is_resource_type(type) || std::find(kUsers.begin(), kUsers.end(), type) != kUsers.end();
}

std::string what_is_meant(std::string_view unknown) {
  core::Nearest nearest(unknown, unknown.size() / 3 + 1);
  for (const std::string_view user : kUsers) nearest.offer(user);
  if (!nearest.name().empty()) return fmt::format("did you mean {}?", nearest.name());
  return fmt::format("secrets are used by {}", fmt::join(kUsers, ", "));
}

std::string faults_of_scopes(const vault::VaultConfig& config, const std::string& path) {
  std::string faults;
  for (const auto& [name, entry] : config.entries()) {
    for (const vault::Scope& scope : entry.scopes) {
      if (is_known_type(scope.resource_type)) continue;
      faults +=
          fmt::format("{}vault config {}: /secret/{}/scope: names a resource type that this server does not know; {}",
                      faults.empty() ? "" : "\n", path, name.value(), what_is_meant(scope.resource_type));
    }
  }
  return faults;
}

}  // namespace

core::Result<vault::VaultConfig> load_vault_config(const Settings& settings) {
  if (settings.vault_config.empty()) return vault::VaultConfig();
  auto loaded = vault::VaultConfig::load(settings.vault_config, settings.vault_rules);
  if (!loaded) return core::make_error(core::ErrorCode::kInvalid, with_setting(loaded.error().diagnostics));
  const std::string faults = faults_of_scopes(*loaded, settings.vault_config);
  if (!faults.empty()) return core::make_error(core::ErrorCode::kInvalid, with_setting(faults));
  return loaded;
}

}  // namespace embergate::app
