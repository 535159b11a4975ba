// SPDX-License-Identifier: Apache-2.0
// From when until when a bearer token says it may be used: `nbf` and `exp` of a JWT (RFC 7519 4.1.4). Nothing is
// verified here; its receiver does that. Thread: pure. Failure: a token of another form has no times.
#pragma once

#include <string_view>

#include "vault/inspection.hpp"

namespace embergate::vault {

Validity times_of_token(std::string_view token);

}  // namespace embergate::vault
