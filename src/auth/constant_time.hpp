// SPDX-License-Identifier: Apache-2.0
// Comparison of credentials without a hint in its time (S-28): both sides go through HMAC-SHA-256 under a key of this
// process first. Thread: any; the key is made once. Failure: none.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "embergate/vault/secret.hpp"

namespace embergate::auth {

using Mac = std::array<std::uint8_t, 32>;

bool equal_in_constant_time(const vault::Secret& expected, const vault::Secret& presented);
// Of two secrets by their marks, for one that is compared often.
bool equal_in_constant_time(const Mac& left, const Mac& right);
Mac mark_of(const vault::Secret& secret);
// A name for a text that is counted: a reader of memory learns no address and no client from it, and it has one size.
Mac keyed_mark(std::string_view text);
// A name for (context, presented) that tells nothing about the value: the key of the cache of verified hashes.
Mac keyed_mac(std::string_view context, const vault::Secret& presented);
Mac keyed_mac(std::string_view context, const Mac& mark);
// A wrong secret that takes as long to check: of the same length (one at least), and cheap, since a known client's does
// without it.
vault::Secret noise_like(const vault::Secret& presented);

// Slow (scrypt); only on the pool for hashes.
bool matches_hash(const vault::Secret& presented, std::string_view stored_hash);

}  // namespace embergate::auth
