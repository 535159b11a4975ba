// SPDX-License-Identifier: Apache-2.0
// What OpenSSL says of structured content: whether certificates, keys and key stores can be read, until when they are
// good, and whether they belong together. Thread: pure functions; up to milliseconds for large bundles of
// authorities. Ownership: nothing kept. Failure: a reason code, nothing about the content; OpenSSL's error queue is
// left empty.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/vault/cache.hpp"
#include "embergate/vault/key_material.hpp"

namespace embergate::vault {

struct Inspection {
  std::string_view reason;  // of R-48; empty: well
  Validity validity;
  bool old_cipher = false;  // a key was encrypted with a cipher that is no longer safe
};

// One value on its own. An encrypted key or key store is only read as far as it can be without its password.
Inspection inspect(const Secret& value, ContentKind kind);

struct ProofPart {
  ContentKind kind;
  const Secret* value;
  const Secret* password;  // null: none
};
// All members of a bundle; each has passed inspect().
Inspection prove(const std::vector<ProofPart>& parts);

// "expired" when `now` is outside; a beginning that is a little ahead is a clock's fault.
std::string_view refusal_of(const Validity& validity, core::SystemTime now);

}  // namespace embergate::vault
