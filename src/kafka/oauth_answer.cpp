// SPDX-License-Identifier: Apache-2.0
#include "kafka/oauth_answer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "kafka/oauth_claims.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;

constexpr std::int64_t kLongestLifeSeconds = 10LL * 365 * 86'400;
constexpr std::array<std::string_view, 7> kKnownErrors{"invalid_request",     "invalid_client",         "invalid_grant",
                                                       "unauthorized_client", "unsupported_grant_type", "invalid_scope",
                                                       "invalid_target"};

// The endpoint's code when it is one of the RFC's, else nothing: other words may reflect what we sent.
std::string_view known_error(const nlohmann::json& json) {
  const auto error = json.is_object() ? json.find("error") : json.end();
  if (!json.is_object() || error == json.end() || !error->is_string()) return {};
  for (const std::string_view known : kKnownErrors) {
    if (error->get_ref<const std::string&>() == known) return known;
  }
  return {};
}

core::Error failure_of(int status, const nlohmann::json& json) {
  if (status == 408 || status == 429 || status >= 500) {
    return core::make_retriable(ErrorCode::kUnavailable,
                                fmt::format("the token endpoint asks for patience (status {})", status));
  }
  if (status >= 300 && status < 400) {
    return core::make_error(
        ErrorCode::kInvalid,
        fmt::format("the token endpoint answers with a redirect (status {}), and secrets do not follow redirects: "
                    "set saslOauthbearerTokenEndpointUrl to the final address",
                    status));
  }
  const std::string_view error = known_error(json);
  return core::make_error(
      ErrorCode::kUnauthenticated,
      fmt::format("the token endpoint refuses the client (status {}{}{})", status, error.empty() ? "" : ", ", error));
}

core::Error no_token(std::string_view what) {
  return core::make_retriable(ErrorCode::kUnavailable, fmt::format("the token endpoint's answer {}", what));
}

// A number, or a number as text as some endpoints send it.
std::optional<core::Milliseconds> lifetime_of(const nlohmann::json& json) {
  const auto entry = json.find("expires_in");
  if (entry == json.end()) return std::nullopt;
  std::int64_t seconds = 0;
  if (entry->is_number()) {
    const auto number = entry->get<double>();
    seconds = number > 0 && number < static_cast<double>(kLongestLifeSeconds) ? static_cast<std::int64_t>(number) : 0;
  } else if (entry->is_string()) {
    const auto& text = entry->get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  if (seconds <= 0 || seconds > kLongestLifeSeconds) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

core::Result<GrantedToken> read_token_answer(TokenAnswer answer) {
  auto json = nlohmann::json::parse(answer.body, nullptr, false);
  vault::wipe(answer.body);
  if (answer.status < 200 || answer.status > 299) return failure_of(answer.status, json);
  if (!json.is_object()) return no_token("is not a JSON object");
  const auto entry = json.find("access_token");
  if (entry == json.end() || !entry->is_string()) return no_token("has no access_token");
  auto& text = entry->get_ref<std::string&>();
  if (!can_be_sent(text)) return no_token("has an access_token that a login cannot carry");
  GrantedToken granted{vault::Secret(text), lifetime_of(json)};
  vault::wipe(text);
  return granted;
}

}  // namespace embergate::kafka
