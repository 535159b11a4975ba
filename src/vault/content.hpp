// SPDX-License-Identifier: Apache-2.0
// From a file's bytes to the value: limits, normalisation and refusals of each kind (R-05, R-23..R-26).
// Thread: pure functions. Ownership: the bytes are consumed and wiped. Failure: a reason code, nothing about the
// content.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/vault/cache.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::vault {

struct Content {
  Secret value;             // when `reason` is empty
  std::string_view reason;  // of R-48
};

inline constexpr std::size_t kMaxFileBytes = 1'048'576;
std::size_t size_limit(ContentKind kind, bool raw);
// A key of an HMAC that is shorter than its hash.
bool is_short_key(const Secret& value, ContentKind kind);
Content normalise(std::string bytes, ContentKind kind, bool raw);

}  // namespace embergate::vault
