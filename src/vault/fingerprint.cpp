// SPDX-License-Identifier: Apache-2.0
#include "vault/fingerprint.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "embergate/core/assert.hpp"

namespace embergate::vault {
namespace {

using Key = std::array<std::uint8_t, 32>;

const Key& process_key() {
  static const Key key = [] {
    Key fresh{};
    EG_ASSERT(RAND_bytes(fresh.data(), static_cast<int>(fresh.size())) == 1);
    return fresh;
  }();
  return key;
}

}  // namespace

Fingerprint Fingerprint::of(const Secret& value) {
  Fingerprint fingerprint;
  const Key& key = process_key();
  unsigned int size = 0;
  value.with_plaintext([&](std::string_view bytes) {
    EG_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), fingerprint.digest_.data(),
                   &size) != nullptr);
  });
  EG_ASSERT(size == fingerprint.digest_.size());
  return fingerprint;
}

bool operator==(const Fingerprint& a, const Fingerprint& b) {
  return CRYPTO_memcmp(a.digest_.data(), b.digest_.data(), a.digest_.size()) == 0;
}

}  // namespace embergate::vault
