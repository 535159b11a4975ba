// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/secret.hpp"

#include <openssl/crypto.h>

#include <cstring>

#include "vault/secret_memory.hpp"

namespace embergate::vault {

void wipe(std::string& bytes) noexcept {
  // resize() to the capacity never allocates, and makes the unused tail, where an older and longer value may lie,
  // addressable.
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

Secret::Secret(std::string plaintext) {
  struct Wiper {
    std::string& text;
    ~Wiper() { wipe(text); }
  } wiper{plaintext};
  if (plaintext.empty()) return;
  bytes_ = secret_memory::take(plaintext.size());
  size_ = plaintext.size();
  std::memcpy(bytes_, plaintext.data(), size_);
}

Secret::Secret(Secret&& other) noexcept { swap(other); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  Secret gone;
  swap(gone);
  swap(other);
  return *this;
}

Secret::~Secret() { secret_memory::give_back(bytes_, size_); }

void Secret::swap(Secret& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
}

}  // namespace embergate::vault
