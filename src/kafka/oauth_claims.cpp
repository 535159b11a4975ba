// SPDX-License-Identifier: Apache-2.0
#include "kafka/oauth_claims.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kafka/token_base64.hpp"

namespace embergate::kafka {
namespace {

constexpr std::size_t kMostTokenBytes = 64 * 1024;
constexpr std::size_t kMostSubjectBytes = 512;
constexpr double kLastSecond = 253'402'300'799;  // the year 9999

std::string_view payload_of(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return {};
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return {};
  return token.substr(first + 1, second - first - 1);
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && text.size() <= kMostSubjectBytes && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

}  // namespace

TokenClaims read_claims(std::string_view token) {
  TokenClaims claims;
  const auto payload = base64url_decode(payload_of(token));
  if (!payload) return claims;
  const auto json = nlohmann::json::parse(*payload, nullptr, false);
  if (!json.is_object()) return claims;
  if (const auto sub = json.find("sub"); sub != json.end() && sub->is_string()) {
    const auto& text = sub->get_ref<const std::string&>();
    if (is_plain_text(text)) claims.subject = text;
  }
  if (const auto exp = json.find("exp"); exp != json.end() && exp->is_number()) {
    const auto seconds = exp->get<double>();
    if (seconds > 0 && seconds < kLastSecond) {
      claims.expires_at = core::SystemTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
    }
  }
  return claims;
}

bool can_be_sent(std::string_view token) {
  return !token.empty() && token.size() <= kMostTokenBytes &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace embergate::kafka
