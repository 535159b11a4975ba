// SPDX-License-Identifier: Apache-2.0
// What a bearer token says of itself when it is a JWT: whose it is and how long it lives. Nothing is verified here: the
// broker does that, and we only plan by it. Pure functions. Failure: an opaque token, or one that cannot be read, has
// no claims.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"

namespace embergate::kafka {

struct TokenClaims {
  std::string subject;
  std::optional<core::SystemTime> expires_at;
};

TokenClaims read_claims(std::string_view token);
// What RFC 7628 can carry: visible ASCII, not empty, of bounded length.
bool can_be_sent(std::string_view token);

}  // namespace embergate::kafka
