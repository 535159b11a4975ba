// SPDX-License-Identifier: Apache-2.0
#include "app/vault_setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/jaas_check.hpp"
#include "app/listener_files.hpp"
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

struct Source {
  std::string path;
  vault::ConfigRules rules;
  ListenerSettings listener;
};

core::Result<vault::VaultConfig> finish(core::Result<vault::VaultConfig> read, const Source& source) {
  if (!read) return core::make_error(core::ErrorCode::kInvalid, with_setting(read.error().diagnostics));
  const std::string faults = faults_of_scopes(*read, source.path);
  if (!faults.empty()) return core::make_error(core::ErrorCode::kInvalid, with_setting(faults));
  EG_CHECK(add_listener_files(source.listener, *read));
  return read;
}

// The start finds these out by the use of the certificate.
core::Result<void> check_listener(const ListenerSettings& listener, const vault::VaultConfig& config) {
  if (listener.certificate.empty()) return {};
  EG_TRY(const http::ListenerFiles files, listener_files(listener));
  const auto check = [&](std::string_view setting, const vault::SecretName& name) -> core::Result<void> {
    if (config.check(name, http::ListenerCertificate::requester()) == vault::ScopeVerdict::kGranted) return {};
    return core::make_error(
        core::ErrorCode::kInvalid,
        fmt::format("{}: secret \"{}\" is not in the vault config with the scope Listener/web", setting, name.value()));
  };
  EG_CHECK(check("BOX_WEB_TLS_CERT", files.certificate));
  if (files.key) EG_CHECK(check("BOX_WEB_TLS_KEY", *files.key));
  return {};
}

Source source_of(const Settings& settings) {
  return {settings.vault_config, settings.vault_rules, listener_settings(settings)};
}

}  // namespace

core::Result<vault::VaultConfig> load_vault_config(const Settings& settings) {
  const Source source = source_of(settings);
  if (!source.path.empty()) return finish(vault::VaultConfig::load(source.path, source.rules), source);
  return finish(vault::VaultConfig(), source);
}

vault::SecretCache::Options vault_options(const Settings& settings, observability::Faults* faults) {
  vault::SecretCache::Options options = settings.vault;
  options.jaas_check = check_jaas_entry;
  options.faults = faults;
  options.config_path = settings.vault_config;
  options.config_reader = [source = source_of(settings)](const std::string& text) -> core::Result<vault::VaultConfig> {
    EG_TRY(auto config, finish(vault::VaultConfig::parse_file(source.path, text, source.rules), source));
    EG_CHECK(check_listener(source.listener, config));
    return config;
  };
  return options;
}

}  // namespace embergate::app
