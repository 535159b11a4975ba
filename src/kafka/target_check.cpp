// SPDX-License-Identifier: Apache-2.0
#include "kafka/target_check.hpp"

#include <string>
#include <utility>
#include <vector>

#include "embergate/vault/target_policy.hpp"
#include "kafka/credential.hpp"

namespace embergate::kafka {

namespace {

// Certificates are public; they may go anywhere.
bool is_public(vault::ContentKind kind) {
  return kind == vault::ContentKind::kAuthorities || kind == vault::ContentKind::kCertificateChain;
}

std::vector<vault::SecretName> secrets_of(const ConnectionSettings& settings) {
  std::vector<vault::SecretName> names;
  for (const vault::BundleMember& member : members_of(settings)) {
    if (member.name && !is_public(member.kind)) names.push_back(*member.name);
  }
  return names;
}

}  // namespace

BrokerObjection objection_to_brokers(const vault::VaultConfig& config, const ConnectionSettings& settings) {
  std::vector<vault::SecretName> names = secrets_of(settings);
  if (names.empty()) return {};
  vault::Target target;
  target.plaintext = !uses_tls(settings);
  target.verification_off = uses_tls(settings) && !settings.verify_host_name;
  target.own_authorities = !settings.ssl_truststore_certificates.empty();
  return [&config, names = std::move(names), target](std::string_view broker) -> std::optional<std::string> {
    vault::Target at = target;
    at.address = std::string(broker);
    for (const vault::SecretName& name : names) {
      if (auto ruling = vault::TargetPolicy(config).rule(name, at); ruling.refused()) return std::move(ruling.text);
    }
    return std::nullopt;
  };
}

core::Result<void> check_token_endpoint(const vault::VaultConfig& config, const ConnectionSettings& settings) {
  if (settings.sasl_oauthbearer_token_endpoint_url.empty()) return {};
  vault::Target target;
  target.kind = vault::Target::Kind::kUrl;
  target.address = settings.sasl_oauthbearer_token_endpoint_url;
  for (const vault::SecretName& name : secrets_of(settings)) {
    auto ruling = vault::TargetPolicy(config).rule(name, target);
    if (ruling.refused()) return core::make_error(core::ErrorCode::kForbidden, std::move(ruling.text));
  }
  return {};
}

}  // namespace embergate::kafka
