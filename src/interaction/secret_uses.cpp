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

}  // namespace

core::Result<std::vector<SecretUse>> secret_uses(store::Reader& reader) {
  std::vector<SecretUse> uses;
  for (const std::string_view type : kTypes) {
    EG_TRY(const auto versions, reader.list_current(type, kMaxResources));
    for (const store::StoredVersion& version : versions) {
      const auto resource = fhir::parse_stored(version.body);
      if (!resource) continue;
      for (auto& reference : secretref::references_in(**resource)) {
        uses.push_back({std::move(reference.name),
                        {std::string(type), std::string((*resource)->id()), std::move(reference.path)},
                        reference.kind});
      }
    }
  }
  return uses;
}

}  // namespace embergate::interaction
