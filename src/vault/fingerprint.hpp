// SPDX-License-Identifier: Apache-2.0
// Tells whether two values are equal without keeping or showing either: HMAC-SHA-256 under a key of this process (R-10,
// S-27). Thread: any. Ownership: by value. Failure: none; the process ends when OpenSSL has no randomness.
#pragma once

#include <array>
#include <cstdint>

#include "embergate/vault/secret.hpp"

namespace embergate::vault {

class Fingerprint {
 public:
  Fingerprint() = default;
  static Fingerprint of(const Secret& value);
  friend bool operator==(const Fingerprint& a, const Fingerprint& b);

 private:
  std::array<std::uint8_t, 32> digest_{};
};

}  // namespace embergate::vault
