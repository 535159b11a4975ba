// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/uuid.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "embergate/core/assert.hpp"

namespace embergate::core {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

// The namespace of names made by this program (a version 4 UUID drawn once).
constexpr Bytes kNamespace{0x8e, 0x1f, 0x5c, 0x0a, 0x37, 0xd2, 0x4b, 0x6e,
                           0x9a, 0x41, 0xc7, 0x5e, 0x2d, 0x90, 0xf3, 0x16};

std::string text_of(Bytes bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[bytes[i] >> 4]);
    text.push_back(kHex[bytes[i] & 0x0f]);
  }
  return text;
}

// Random bytes are drawn in blocks: one call to the generator for 64 identifiers.
Bytes random_bytes() {
  struct Pool {
    std::array<std::uint8_t, 1024> bytes{};
    std::size_t used = 1024;
  };
  thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    EG_ASSERT(RAND_bytes(pool.bytes.data(), static_cast<int>(pool.bytes.size())) == 1);
    pool.used = 0;
  }
  Bytes bytes{};
  std::copy_n(pool.bytes.begin() + static_cast<std::ptrdiff_t>(pool.used), bytes.size(), bytes.begin());
  pool.used += bytes.size();
  return bytes;
}

// The digest is looked up once and its context used again: this runs for every record that is sent.
class Sha1 {
 public:
  Sha1() : digest_(EVP_MD_fetch(nullptr, "SHA1", nullptr)), context_(EVP_MD_CTX_new()) {
    EG_ASSERT(digest_ != nullptr && context_ != nullptr);
  }
  ~Sha1() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
  }
  Sha1(const Sha1&) = delete;
  Sha1& operator=(const Sha1&) = delete;

  Bytes first_bytes(std::string_view name) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> full{};
    unsigned length = 0;
    EG_ASSERT(EVP_DigestInit_ex(context_, digest_, nullptr) == 1);
    EG_ASSERT(EVP_DigestUpdate(context_, kNamespace.data(), kNamespace.size()) == 1);
    EG_ASSERT(EVP_DigestUpdate(context_, name.data(), name.size()) == 1);
    EG_ASSERT(EVP_DigestFinal_ex(context_, full.data(), &length) == 1 && length >= 16);
    Bytes bytes{};
    std::copy_n(full.begin(), bytes.size(), bytes.begin());
    return bytes;
  }

 private:
  EVP_MD* digest_;
  EVP_MD_CTX* context_;
};

}  // namespace

std::string random_uuid() { return text_of(random_bytes(), 4); }

std::string time_ordered_uuid() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto time = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  Bytes bytes = random_bytes();
  for (std::size_t i = 6; i-- > 0; time >>= 8) bytes[i] = static_cast<std::uint8_t>(time & 0xff);
  return text_of(bytes, 7);
}

std::string name_uuid(std::string_view name) {
  thread_local Sha1 sha1;
  return text_of(sha1.first_bytes(name), 5);
}

}  // namespace embergate::core
