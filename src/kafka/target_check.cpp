// SPDX-License-Identifier: Apache-2.0
#include "kafka/target_check.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "embergate/kafka/target.hpp"
#include "embergate/vault/target_policy.hpp"
#include "kafka/credential.hpp"

namespace embergate::kafka {

namespace {

using core::ErrorCode;

// Who receives it reads the secret, or a token that is as good.
bool shows_secret(SaslMechanism mechanism) {
  return mechanism == SaslMechanism::kPlain || mechanism == SaslMechanism::kOauthBearer ||
         mechanism == SaslMechanism::kMskIam;
}

bool is_the_first_login(const vault::TargetBindings& bindings, const vault::SecretName& name,
                        const vault::NamedTarget& named) {
  const auto binding = bindings.find(name);
  return binding && !binding->proven && vault::covers(*binding, named);
}

}  // namespace

BrokerObjection objection_to_brokers(const vault::ConfigInForce& config, const vault::TargetBindings* bindings,
                                     const ConnectionSettings& settings, JustAccepted just_accepted) {
  std::vector<vault::SecretName> names = private_secrets(settings);
  if (names.empty() && !uses_own_aws_identity(settings)) return {};
  vault::Target target;
  target.plaintext = !uses_tls(settings);
  target.verification_off = uses_tls(settings) && !settings.verify_host_name;
  target.own_authorities = !settings.ssl_truststore_certificates.empty();
  target.shows_secret = shows_secret(settings.sasl_mechanism);
  return [&config, bindings, names = std::move(names), target, settings, just_accepted = std::move(just_accepted),
          named = named_target(settings)](std::string_view broker) -> std::optional<std::string> {
    if (auto objection = objection_to_msk_broker(settings, broker)) return objection;
    vault::Target at = target;
    at.address = std::string(broker);
    const auto now = config.load();
    for (const vault::SecretName& name : names) {
      if (auto ruling = vault::TargetPolicy(*now).rule(name, at); ruling.refused()) return std::move(ruling.text);
      if (bindings == nullptr) continue;
      if (just_accepted && just_accepted->load() && is_the_first_login(*bindings, name, named)) continue;
      if (auto objected = bindings->objection_to_broker(name, named, broker)) return objected;
    }
    return std::nullopt;
  };
}

std::optional<std::string> objection_to_user(const vault::VaultConfig& config, const ConnectionSettings& settings,
                                             const vault::Requester& requester) {
  for (const vault::SecretName& name : secret_names(settings)) {
    switch (config.check(name, requester)) {
      case vault::ScopeVerdict::kGranted:
        break;
      case vault::ScopeVerdict::kUnknownName:
        return fmt::format("secret '{}': the vault config has no such name", name.value());
      case vault::ScopeVerdict::kOutOfScope:
        return fmt::format("secret '{}': its scope does not allow {}/{}", name.value(), requester.resource_type,
                           requester.id);
    }
  }
  return std::nullopt;
}

core::Result<void> check_token_endpoint(const vault::VaultConfig& config, const ConnectionSettings& settings) {
  if (settings.sasl_oauthbearer_token_endpoint_url.empty()) return {};
  vault::Target target;
  target.kind = vault::Target::Kind::kUrl;
  target.address = settings.sasl_oauthbearer_token_endpoint_url;
  target.shows_secret = true;
  for (const vault::SecretName& name : private_secrets(settings)) {
    auto ruling = vault::TargetPolicy(config).rule(name, target);
    if (ruling.refused()) return core::make_error(ErrorCode::kForbidden, std::move(ruling.text));
  }
  return {};
}

core::Result<void> check_bound_target(const vault::TargetBindings* bindings, const ConnectionSettings& settings) {
  if (bindings == nullptr) return {};
  const vault::NamedTarget target = named_target(settings);
  for (const vault::SecretName& name : private_secrets(settings)) {
    if (auto objected = bindings->objection(name, target))
      return core::make_error(ErrorCode::kForbidden, *std::move(objected));
  }
  return {};
}

core::Result<void> claim_target(vault::TargetBindings* bindings, const ConnectionSettings& settings,
                                const vault::Requester& requester, core::SystemTime now) {
  if (bindings == nullptr) return {};
  const std::string resource = requester.resource_type + "/" + requester.id;
  return bindings->claim(private_secrets(settings), named_target(settings), resource, now);
}

core::Result<void> prove_target(vault::TargetBindings* bindings, const ConnectionSettings& settings,
                                const std::vector<std::string>& brokers) {
  if (bindings == nullptr) return {};
  return bindings->prove(private_secrets(settings), named_target(settings), brokers);
}

}  // namespace embergate::kafka
