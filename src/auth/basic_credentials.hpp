// SPDX-License-Identifier: Apache-2.0
// The Authorization header of RFC 7617, taken apart. Thread: pure. Failure: nothing for a header that is not
// well-formed Basic.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/vault/secret.hpp"

namespace embergate::auth {

struct PresentedCredential {
  std::string client_id;
  vault::Secret secret;
};

// Wipes what it had to decode on the way.
std::optional<PresentedCredential> parse_basic(std::string_view authorization);

}  // namespace embergate::auth
