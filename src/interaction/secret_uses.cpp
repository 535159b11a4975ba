// SPDX-License-Identifier: Apache-2.0
#include "embergate/interaction/secret_uses.hpp"

#include <array>

#include "embergate/fhir/stored.hpp"
#include "embergate/secretref/secret_reference.hpp"

namespace embergate::interaction {
namespace {

constexpr std::size_t kMaxResources = 10'000;
constexpr std::array<std::string_view, 4> kTypes{"AidboxTopicDestination", "Client", "IdentityProvider",
                                                 "TokenIntrospector"};

std::string mechanism_of(const fhir::Node& destination) {
  const fhir::Node parameters = destination.member("parameter");
  for (fhir::Node one = parameters.first_child(); one; one = one.next_sibling(parameters)) {
    if (one.member("name").string() == "saslMechanism") return std::string(one.member("valueString").string());
  }
  return {};
}

}  // namespace

core::Result<std::vector<SecretUse>> secret_uses(store::Reader& reader) {
  std::vector<SecretUse> uses;
  for (const std::string_view type : kTypes) {
    EG_TRY(const auto versions, reader.list_current(type, kMaxResources));
    for (const store::StoredVersion& version : versions) {
      const auto resource = fhir::parse_stored(version.body);
      if (!resource) continue;
      const std::string mechanism = mechanism_of((*resource)->root());
      for (auto& reference : secretref::references_in(**resource)) {
        uses.push_back({std::move(reference.name),
                        {std::string(type), std::string((*resource)->id()), std::move(reference.path)},
                        reference.kind,
                        reference.kind == vault::ContentKind::kJaas ? mechanism : std::string()});
      }
    }
  }
  return uses;
}

}  // namespace embergate::interaction
