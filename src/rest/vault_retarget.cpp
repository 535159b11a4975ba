// SPDX-License-Identifier: Apache-2.0
#include "rest/vault_retarget.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "embergate/delivery/target_rules.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/resource.hpp"
#include "rest/parts.hpp"

namespace embergate::rest {
namespace {

using core::ErrorCode;
using core::make_error;

constexpr std::string_view kType = "AidboxTopicDestination";

std::string place(std::string_view name) { return fmt::format("Parameters.parameter('{}')", name); }

// No node: absent, or more than one.
fhir::Node only_parameter(const fhir::Resource& parameters, std::string_view name) {
  const fhir::Node list = parameters.root().member("parameter");
  fhir::Node found;
  if (!list.is_array()) return found;
  for (fhir::Node one = list.first_child(); one; one = one.next_sibling(list)) {
    if (one.member("name").string() != name) continue;
    if (found) return {};
    found = one;
  }
  return found;
}

core::Result<void> check_names(const fhir::Resource& parameters) {
  const fhir::Node list = parameters.root().member("parameter");
  if (parameters.type() != "Parameters" || !list.is_array()) {
    return make_error(ErrorCode::kInvalid, "the body must be Parameters with secret, resource and target");
  }
  for (fhir::Node one = list.first_child(); one; one = one.next_sibling(list)) {
    const std::string_view name = one.member("name").string();
    if (name != "secret" && name != "resource" && name != "target")
      return make_error(ErrorCode::kInvalid, "$vault-retarget takes the parameters secret, resource and target only",
                        "Parameters.parameter");
  }
  return {};
}

core::Result<vault::SecretName> secret_of(const fhir::Resource& parameters, const vault::VaultConfig& config) {
  const auto name = vault::make_secret_name(only_parameter(parameters, "secret").member("valueString").string());
  if (!name) {
    return make_error(ErrorCode::kInvalid, "secret must be one valueString: the name of a secret in the vault config",
                      place("secret"));
  }
  const vault::Entry* entry = config.find(*name);
  if (entry == nullptr)
    return make_error(ErrorCode::kInvalid, fmt::format("secret \"{}\" is not in the vault config", name->value()),
                      place("secret"));
  if (entry->allow) {
    return make_error(ErrorCode::kInvalid,
                      fmt::format("secret \"{}\" is pinned: its targets stand in the member allow of its entry in the "
                                  "vault config and are changed there",
                                  name->value()),
                      place("secret"));
  }
  if (config.target_mode() != vault::TargetMode::kFirstUse) {
    return make_error(ErrorCode::kInvalid,
                      "BOX_VAULT_TARGET_POLICY is not first-use, so no secret is bound to a target", place("secret"));
  }
  return *name;
}

// "AidboxTopicDestination/orders", as a string or a reference.
core::Result<std::string> resource_of(const fhir::Resource& parameters, const vault::VaultConfig& config,
                                      const vault::SecretName& secret) {
  const fhir::Node parameter = only_parameter(parameters, "resource");
  std::string_view text = parameter.member("valueString").string();
  if (text.empty()) text = parameter.member("valueReference").member("reference").string();
  const auto slash = text.find('/');
  const std::string_view id = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  if (text.substr(0, slash) != kType || !fhir::is_valid_id(id)) {
    return make_error(ErrorCode::kInvalid, "resource must be one valueString \"AidboxTopicDestination/<id>\"",
                      place("resource"));
  }
  const vault::Requester requester{std::string(kType), std::string(id), "parameter"};
  if (config.check(secret, requester) != vault::ScopeVerdict::kGranted) {
    return make_error(ErrorCode::kInvalid, fmt::format("secret \"{}\" is not available to {}", secret.value(), text),
                      place("resource"));
  }
  return std::string(text);
}

}  // namespace

core::Result<vault::TargetBinding> read_retarget(std::string body, const vault::VaultConfig& config,
                                                 core::SystemTime now) {
  EG_TRY(const fhir::ResourcePtr parameters, fhir::Resource::parse(std::move(body)));
  EG_CHECK(check_names(*parameters));
  EG_TRY(const vault::SecretName secret, secret_of(*parameters, config));
  EG_TRY(std::string resource, resource_of(*parameters, config, secret));
  EG_TRY(vault::NamedTarget target,
         delivery::target_from_parts(only_parameter(*parameters, "target").member("part"), secret));
  return vault::TargetBinding{secret, std::move(target), {}, std::move(resource), false, now};
}

std::string retarget_json(const vault::TargetBinding& binding, const std::optional<vault::TargetBinding>& before) {
  Parts all;
  all.text("secret", binding.secret.value());
  all.text("resource", binding.resource);
  all.part("target", target_parts(binding.target));
  if (before) {
    all.part("previousTarget", target_parts(before->target));
    all.boolean("previousTargetProven", before->proven);
    all.text("previousResource", before->resource);
  }
  return parameters_json(all);
}

Parts target_parts(const vault::NamedTarget& target) {
  Parts parts;
  parts.text("bootstrapServers", fmt::format("{}", fmt::join(target.servers, ",")));
  const std::array<std::pair<std::string_view, const std::string*>, 5> rest{
      {{"securityProtocol", &target.protocol},
       {"saslMechanism", &target.mechanism},
       {"sslEndpointIdentificationAlgorithm", &target.verification},
       {"authorities", &target.authorities},
       {"saslOauthbearerTokenEndpointUrl", &target.url}}};
  for (const auto& [name, text] : rest) {
    if (!text->empty()) parts.text(name, *text);
  }
  return parts;
}

}  // namespace embergate::rest
