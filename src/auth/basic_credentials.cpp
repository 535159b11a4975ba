// SPDX-License-Identifier: Apache-2.0
#include "auth/basic_credentials.hpp"

#include <array>
#include <cstdint>

namespace embergate::auth {
namespace {

constexpr std::size_t kMaxEncoded = 16 * 1024;

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

// RFC 4648 4, strict: padded, no other characters.
bool decode_base64(std::string_view text, std::string& out) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > kMaxEncoded) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const int value = pad ? 0 : sextet(text[i]);
    if (value < 0) return false;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    const std::size_t bytes = i + 1 == text.size() ? 3 - padding : 3;
    for (std::size_t b = 0; b < bytes; ++b) out.push_back(static_cast<char>((group >> (16 - 8 * b)) & 0xff));
    group = 0;
  }
  return true;
}

bool starts_with_basic(std::string_view text) {
  constexpr std::string_view kScheme = "basic ";
  if (text.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char lower = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (lower != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<PresentedCredential> parse_basic(std::string_view authorization) {
  if (!starts_with_basic(authorization)) return std::nullopt;
  authorization.remove_prefix(6);
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  std::string decoded;
  const bool well_formed = decode_base64(authorization, decoded);
  const std::size_t colon = decoded.find(':');
  if (!well_formed || colon == std::string::npos || decoded.find('\0') != std::string::npos) {
    vault::wipe(decoded);
    return std::nullopt;
  }
  PresentedCredential credential{decoded.substr(0, colon), vault::Secret(decoded.substr(colon + 1))};
  vault::wipe(decoded);
  return credential;
}

}  // namespace embergate::auth
