// SPDX-License-Identifier: Apache-2.0
#include "auth/constant_time.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
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

// The key is set up once and used again: this runs for every request.
class Hmac {
 public:
  Hmac() : algorithm_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)), context_(EVP_MAC_CTX_new(algorithm_)) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    const Mac& key = process_key();
    EG_ASSERT(EVP_MAC_init(context_, key.data(), key.size(), parameters) == 1);
  }
  ~Hmac() {
    EVP_MAC_CTX_free(context_);
    EVP_MAC_free(algorithm_);
  }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  Mac of(std::string_view bytes) {
    Mac mac{};
    std::size_t length = 0;
    EG_ASSERT(EVP_MAC_init(context_, nullptr, 0, nullptr) == 1);
    EG_ASSERT(EVP_MAC_update(context_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1);
    EG_ASSERT(EVP_MAC_final(context_, mac.data(), &length, mac.size()) == 1 && length == mac.size());
    return mac;
  }

 private:
  EVP_MAC* algorithm_;
  EVP_MAC_CTX* context_;
};

Mac mac_of(std::string_view bytes) {
  thread_local Hmac hmac;
  return hmac.of(bytes);
}

}  // namespace

bool equal_in_constant_time(const Mac& left, const Mac& right) {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

bool equal_in_constant_time(const vault::Secret& expected, const vault::Secret& presented) {
  return equal_in_constant_time(mark_of(expected), mark_of(presented));
}

Mac mark_of(const vault::Secret& secret) { return secret.with_plaintext(mac_of); }

Mac keyed_mark(std::string_view text) { return mac_of(text); }

Mac keyed_mac(std::string_view context, const Mac& mark) {
  std::string joined(context);
  joined.push_back('\0');
  joined.append(reinterpret_cast<const char*>(mark.data()), mark.size());
  return mac_of(joined);
}

Mac keyed_mac(std::string_view context, const vault::Secret& presented) {
  return keyed_mac(context, mark_of(presented));
}

vault::Secret noise_like(const vault::Secret& presented) {
  static const Mac pattern = mac_of("noise");
  std::string bytes(
      presented.with_plaintext([](std::string_view text) { return std::max<std::size_t>(text.size(), 1); }), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(pattern[i % pattern.size()]);
  return vault::Secret(std::move(bytes));
}

bool matches_hash(const vault::Secret& presented, std::string_view stored_hash) {
  return presented.with_plaintext(
      [stored_hash](std::string_view password) { return secretref::verify_password(password, stored_hash); });
}

}  // namespace embergate::auth
