// SPDX-License-Identifier: Apache-2.0
#include "app/listener_files.hpp"

#include <fmt/format.h>

#include <string_view>

namespace embergate::app {
namespace {

constexpr std::string_view kCertificate = "BOX_WEB_TLS_CERT";
constexpr std::string_view kKey = "BOX_WEB_TLS_KEY";

bool is_path(const std::string& value) { return value.starts_with('/'); }

// A file has the setting's own name among the secrets.
core::Result<vault::SecretName> name_of(std::string_view setting, const std::string& value) {
  const auto name = vault::make_secret_name(is_path(value) ? setting : std::string_view(value));
  if (name) return *name;
  return core::make_error(core::ErrorCode::kInvalid,
                          fmt::format("{} must be an absolute path or the name of a secret", setting));
}

core::Result<void> add_file(std::string_view setting, const std::string& value, vault::VaultConfig& config) {
  if (!is_path(value)) return {};
  EG_TRY(vault::SecretName name, name_of(setting, value));
  const vault::Requester listener = http::ListenerCertificate::requester();
  vault::Entry entry{.name = std::move(name), .path = value, .scopes = {{listener.resource_type, listener.id}}};
  if (config.add(std::move(entry))) return {};
  return core::make_error(core::ErrorCode::kInvalid,
                          fmt::format("{}: the vault config has a secret of that name; rename it, or give its name "
                                      "in the setting",
                                      setting));
}

}  // namespace

ListenerSettings listener_settings(const Settings& settings) { return {settings.tls_certificate, settings.tls_key}; }

core::Result<void> add_listener_files(const ListenerSettings& settings, vault::VaultConfig& config) {
  EG_CHECK(add_file(kCertificate, settings.certificate, config));
  return add_file(kKey, settings.key, config);
}

core::Result<http::ListenerFiles> listener_files(const ListenerSettings& settings) {
  EG_TRY(vault::SecretName certificate, name_of(kCertificate, settings.certificate));
  http::ListenerFiles files{std::move(certificate), std::nullopt};
  if (settings.key.empty()) return files;
  EG_TRY(files.key, name_of(kKey, settings.key));
  return files;
}

}  // namespace embergate::app
