// SPDX-License-Identifier: Apache-2.0
#include "embergate/secretref/password_hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "embergate/core/assert.hpp"

namespace embergate::secretref {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr unsigned kLogCost = 14;
// What verify() is willing to compute: a stored hash must not be able to ask for any amount of memory.
constexpr unsigned kMinLogCost = 10;
constexpr unsigned kMaxLogCost = 17;
constexpr std::uint64_t kBlockSize = 8;
constexpr std::uint64_t kParallel = 1;
constexpr std::uint64_t kMaxMemory = 256ULL << 20U;
constexpr std::string_view kPrefix = "$scrypt$ln=";
constexpr std::string_view kParameters = ",r=8,p=1$";

using Salt = std::array<unsigned char, kSaltBytes>;
using Hash = std::array<unsigned char, kHashBytes>;

struct Stored {
  unsigned log_cost;
  Salt salt;
  Hash hash;
};

template <std::size_t N>
std::string to_base64(const std::array<unsigned char, N>& bytes) {
  std::array<unsigned char, (N + 2) / 3 * 4 + 1> text{};
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(N));
  std::string out(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size));
  return out.substr(0, out.find('='));
}

template <std::size_t N>
bool from_base64(std::string_view text, std::array<unsigned char, N>& bytes) {
  constexpr std::size_t kPadded = (N + 2) / 3 * 4;
  constexpr std::size_t kUnpadded = (N * 8 + 5) / 6;
  if (text.size() != kUnpadded || text.find('=') != std::string_view::npos) return false;
  std::string padded(text);
  padded.resize(kPadded, '=');
  std::array<unsigned char, kPadded / 4 * 3> decoded{};
  if (EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(padded.data()),
                      static_cast<int>(padded.size())) < 0)
    return false;
  std::copy_n(decoded.begin(), N, bytes.begin());
  return true;
}

Hash scrypt(std::string_view password, const Salt& salt, unsigned log_cost) {
  Hash hash{};
  EG_ASSERT(EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), 1ULL << log_cost, kBlockSize,
                           kParallel, kMaxMemory, hash.data(), hash.size()) == 1);
  return hash;
}

std::optional<Stored> parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) return {};
  text.remove_prefix(kPrefix.size());
  Stored stored{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stored.log_cost);
  if (error != std::errc() || stored.log_cost < kMinLogCost || stored.log_cost > kMaxLogCost) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(kParameters)) return {};
  text.remove_prefix(kParameters.size());
  const auto separator = text.find('$');
  if (separator == std::string_view::npos) return {};
  if (!from_base64(text.substr(0, separator), stored.salt) || !from_base64(text.substr(separator + 1), stored.hash))
    return {};
  return stored;
}

}  // namespace

std::string hash_password(std::string_view password) {
  Salt salt{};
  EG_ASSERT(RAND_bytes(salt.data(), static_cast<int>(salt.size())) == 1);
  const auto hash = scrypt(password, salt, kLogCost);
  return std::string(kPrefix) + std::to_string(kLogCost) + std::string(kParameters) + to_base64(salt) + "$" +
         to_base64(hash);
}

bool verify_password(std::string_view password, std::string_view stored_hash) {
  const auto stored = parse(stored_hash);
  if (!stored) return false;
  const auto hash = scrypt(password, stored->salt, stored->log_cost);
  return CRYPTO_memcmp(hash.data(), stored->hash.data(), hash.size()) == 0;
}

bool is_password_hash(std::string_view text) { return parse(text).has_value(); }

}  // namespace embergate::secretref
