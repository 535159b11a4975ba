// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "auth/grant.hpp"
#include "embergate/auth/authenticator.hpp"
#include "embergate/core/text.hpp"
#include "embergate/fhir/reference.hpp"

namespace embergate::auth {
namespace {

constexpr std::array<std::string_view, 8> kGrantTypes{
    "basic",    "client_credentials", "authorization_code", "code",
    "password", "implicit",           "refresh_token",      "urn:ietf:params:oauth:grant-type:token-exchange"};

void refuse(std::vector<fhir::Issue>& issues, std::string_view code, std::string diagnostics, std::string expression) {
  issues.push_back({"fatal", std::string(code), std::move(diagnostics), std::move(expression)});
}

void check_client(const fhir::Resource& resource, std::vector<fhir::Issue>& issues) {
  const fhir::Node active = resource.root().member("active");
  if (active && !active.is_bool()) refuse(issues, "invalid", "Client.active must be true or false", "Client.active");
  const fhir::Node grants = resource.root().member("grant_types");
  if (grants && !grants.is_array())
    refuse(issues, "invalid", "Client.grant_types must be a list", "Client.grant_types");
  std::size_t index = 0;
  for (fhir::Node grant = grants.first_child(); grant; grant = grant.next_sibling(grants), ++index) {
    if (std::find(kGrantTypes.begin(), kGrantTypes.end(), grant.string()) != kGrantTypes.end()) continue;
    refuse(issues, "invalid",
           fmt::format("unknown grant type \"{}\"; Basic authentication needs \"basic\"",
                       core::whole_characters(grant.string(), 64)),
           fmt::format("Client.grant_types[{}]", index));
  }
}

bool links_client(fhir::Node link) {
  if (link.member("resourceType").string() == "Client" && fhir::is_valid_id(link.member("id").string())) return true;
  const fhir::Reference reference = fhir::parse_reference(link.member("reference").string());
  return reference.kind == fhir::Reference::Kind::kLocal && reference.type == "Client";
}

void check_policy(const fhir::Resource& resource, std::vector<fhir::Issue>& issues) {
  const std::string_view engine = resource.root().member("engine").string();
  if (engine != "allow") {
    refuse(issues, engine.empty() ? "invalid" : "not-supported",
           "AccessPolicy.engine must be \"allow\"; other engines are not built yet", "AccessPolicy.engine");
  }
  check_lists(resource.root(), issues);
  const fhir::Node links = resource.root().member("link");
  if (!links.is_array() || links.size() == 0) {
    refuse(issues, "invalid", "an allow policy without a link would open everything to everyone: link it to a Client",
           "AccessPolicy.link");
    return;
  }
  std::size_t index = 0;
  for (fhir::Node link = links.first_child(); link; link = link.next_sibling(links), ++index) {
    if (links_client(link)) continue;
    refuse(
        issues, "invalid",
        "a link names a Client: {\"reference\": \"Client/<id>\"} or {\"resourceType\": \"Client\", \"id\": \"<id>\"}",
        fmt::format("AccessPolicy.link[{}]", index));
  }
}

}  // namespace

std::vector<fhir::Issue> validate(const fhir::Resource& resource, std::string_view) {
  std::vector<fhir::Issue> issues;
  if (resource.type() == "Client") check_client(resource, issues);
  if (resource.type() == "AccessPolicy") check_policy(resource, issues);
  return issues;
}

}  // namespace embergate::auth
