// SPDX-License-Identifier: Apache-2.0
// Private key and certificate chain of a client, as the library takes them: PEM, key not encrypted, leaf first. Read in
// memory, never through a file (kafka.md 3). Thread: pure. Ownership: owns the key, wiped at the end
// . Failure: kInvalid with a text that says what is wrong and what to do, never content.
#pragma once

#include <string>

#include "embergate/core/result.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::kafka {

struct KeyPair {
  vault::Secret private_key;
  std::string certificate_chain;
};

// `chain` null: the certificates stand in the same file as the key. `password` null: the key is not encrypted.
core::Result<KeyPair> key_pair_from_pem(const vault::Secret& key, const vault::Secret* chain,
                                        const vault::Secret* password);
core::Result<KeyPair> key_pair_from_pkcs12(const vault::Secret& store, const vault::Secret* password);
bool same_key_pair(const KeyPair& left, const KeyPair& right);

}  // namespace embergate::kafka
