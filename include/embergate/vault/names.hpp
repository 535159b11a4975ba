// SPDX-License-Identifier: Apache-2.0
// Who asks for which secret. Both types may be logged; neither says anything about a value.
// Thread: plain values. Failure: make() refuses a name outside [A-Za-z0-9._-]{1,128} (R-47, S-14).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/strong_id.hpp"

namespace embergate::vault {

struct SecretNameTag {};
using SecretName = core::StrongId<SecretNameTag>;
std::optional<SecretName> make_secret_name(std::string_view text);

// The stored resource that owns the field: what a scope is matched against (S-17, S-20). `field` is for logs only
// (decision 32).
struct Requester {
  std::string resource_type;
  std::string id;
  std::string field;
};

}  // namespace embergate::vault
