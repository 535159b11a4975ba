// SPDX-License-Identifier: Apache-2.0
// A private key with the certificates that belong to it, out of PEM texts or a PKCS#12 store, in the form that every
// library takes: PEM, the key not encrypted, the certificate of the key first and then those that issued it. The
// certificates may come in any order; the key says which one is its own, and what belongs to neither is left
// out. Ciphers of older tools (RC2, RC4, single DES) are opened with OpenSSL's legacy provider, in a library context
// of its own, so that nothing else in the process may use them. Thread: pure functions; milliseconds. Ownership: the
// result owns the key, wiped at its end. Failure: a KeyFault; OpenSSL's error queue is left empty.
#pragma once

#include <optional>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::vault {

enum class KeyFault {
  kNone,
  kNoKey,            // there is none in it, or it is damaged
  kPasswordMissing,  // it is encrypted
  kPasswordWrong,
  kNoCertificate,  // there is none in it, or one is damaged
  kNoFit,          // no certificate belongs to the key
  kNotPkcs12,
  kOldCipher,    // it needs the legacy provider, and that is not installed, or does not know the cipher either
  kUnknownKind,  // a key that cannot be written as PEM
};

// The time in which content may be used, as far as it says so.
struct Validity {
  std::optional<core::SystemTime> not_before;
  std::optional<core::SystemTime> not_after;
};

struct KeyMaterial {
  Secret private_key;       // PEM
  std::string chain;        // PEM
  Validity validity;        // of the certificate and of those between it and the authority
  bool old_cipher = false;  // it was encrypted with a cipher that is no longer safe
};

struct OpenedKey {
  std::optional<KeyMaterial> material;
  KeyFault fault = KeyFault::kNone;
};

// `chain` null: the certificates stand in the same text as the key. `password` null: none was given.
OpenedKey open_pem_key(const Secret& key, const Secret* chain, const Secret* password);
OpenedKey open_key_store(const Secret& store, const Secret* password);

}  // namespace embergate::vault
