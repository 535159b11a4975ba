// SPDX-License-Identifier: Apache-2.0
// Which stored resources use which secrets: for $vault-status and `embergate vault check`. Thread: blocks on the store:
// call it on a pool. Failure: the store's. At most 10,000 resources of each type are looked at.
#pragma once

#include <string>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/store.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::interaction {

struct SecretUse {
  vault::SecretName name;
  vault::Requester requester;  // type and id of the resource, and the element
  vault::ContentKind kind = vault::ContentKind::kBinary;
  std::string mechanism{};  // of a login for Kafka: the destination's saslMechanism
};

core::Result<std::vector<SecretUse>> secret_uses(store::Reader& reader);

}  // namespace embergate::interaction
