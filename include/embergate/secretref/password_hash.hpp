// SPDX-License-Identifier: Apache-2.0
// Inline Client.secret values at rest: a salted slow hash, scrypt with N=2^14, r=8, p=1 (decision 3, decision 24).
// Thread: pure, slow (tens of milliseconds): run on a pool of its own, never on io threads. Failure: verify() is false
// for anything malformed.
#pragma once

#include <string>
#include <string_view>

namespace embergate::secretref {

std::string hash_password(std::string_view password);                           // "$scrypt$ln=14,r=8,p=1$<salt>$<hash>"
bool verify_password(std::string_view password, std::string_view stored_hash);  // constant time in the hash
bool is_password_hash(std::string_view text);

}  // namespace embergate::secretref
