// SPDX-License-Identifier: Apache-2.0
// What a token endpoint answered (RFC 6749 5): a token, a refusal, or a request for patience. Pure functions. Failure:
// texts hold the status and, of the endpoint's own words, nothing but an error code of the RFC (S-10).
#pragma once

#include <optional>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/kafka/token_sources.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct GrantedToken {
  vault::Secret text;
  std::optional<core::Milliseconds> lifetime;  // expires_in
};

// Wipes the body.
core::Result<GrantedToken> read_token_answer(TokenAnswer answer);

}  // namespace embergate::kafka
