// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/names.hpp"

#include <algorithm>

namespace embergate::vault {
namespace {

constexpr std::size_t kMaxNameLength = 128;

bool is_name_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::optional<SecretName> make_secret_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameLength || !std::all_of(text.begin(), text.end(), is_name_char)) return {};
  return SecretName(std::string(text));
}

}  // namespace embergate::vault
