// SPDX-License-Identifier: Apache-2.0
#include "auth/constant_time.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string>

#include "embergate/core/assert.hpp"
#include "embergate/secretref/password_hash.hpp"

namespace embergate::auth {
namespace {

const Mac& process_key() {
  static const Mac key = [] {
    Mac bytes{};
    EG_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
    return bytes;
  }();
  return key;
}

Mac mac_of(std::string_view bytes) {
  Mac mac{};
  unsigned length = 0;
  const Mac& key = process_key();
  EG_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mac.data(), &length) != nullptr);
  return mac;
}

}  // namespace

bool equal_in_constant_time(const vault::Secret& expected, const vault::Secret& presented) {
  const Mac left = expected.with_plaintext(mac_of);
  const Mac right = presented.with_plaintext(mac_of);
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Mac keyed_mac(std::string_view context, const vault::Secret& presented) {
  const Mac inner = presented.with_plaintext(mac_of);
  std::string joined(context);
  joined.push_back('\0');
  joined.append(reinterpret_cast<const char*>(inner.data()), inner.size());
  return mac_of(joined);
}

bool matches_hash(const vault::Secret& presented, std::string_view stored_hash) {
  return presented.with_plaintext(
      [stored_hash](std::string_view password) { return secretref::verify_password(password, stored_hash); });
}

}  // namespace embergate::auth
