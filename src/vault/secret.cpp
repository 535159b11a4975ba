// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/secret.hpp"

#include <openssl/crypto.h>

namespace embergate::vault {

void wipe(std::string& bytes) noexcept {
  // resize() to the capacity never allocates, and makes the unused tail, where an older and longer value may lie,
  // addressable.
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

Secret::Secret(std::string plaintext) noexcept : bytes_(std::move(plaintext)) {
  // A short string is copied by a move, not handed over.
  wipe(plaintext);
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(bytes_);
  bytes_ = std::move(other.bytes_);
  wipe(other.bytes_);
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

}  // namespace embergate::vault
