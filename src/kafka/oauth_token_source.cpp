// SPDX-License-Identifier: Apache-2.0
#include "kafka/oauth_token_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "kafka/oauth_answer.hpp"
#include "kafka/oauth_claims.hpp"
#include "kafka/token_base64.hpp"
#include "kafka/token_text.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;
using core::make_error;
using core::Result;

constexpr std::string_view kExtensionPrefix = "extension_";
constexpr std::string_view kUrlencodeOption = "sasl.oauthbearer.header.urlencode";
constexpr core::Milliseconds kUnknownLife{300'000};       // an endpoint that names no lifetime
constexpr core::Milliseconds kOpaqueFileLife{3'600'000};  // a file says itself when it changes
constexpr core::Milliseconds kLongestCall{10'000};

// RFC 7628 3.1: letters; `auth` carries the token itself.
bool is_extension_name(std::string_view name) {
  return !name.empty() && name != "auth" &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

bool is_extension_value(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// Without a network: only loopback may be asked in clear, and it is written as such.
Result<void> check_url(const std::string& url) {
  if (url.empty()) {
    return make_error(ErrorCode::kInvalid,
                      "OAUTHBEARER with clientId and clientSecret needs the parameter "
                      "saslOauthbearerTokenEndpointUrl");
  }
  if (url.starts_with("https://")) return {};
  for (const std::string_view loopback : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    if (!url.starts_with(loopback)) continue;
    const std::string_view rest = std::string_view(url).substr(loopback.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/' || rest.front() == '?') return {};
  }
  return make_error(ErrorCode::kInvalid,
                    "saslOauthbearerTokenEndpointUrl must be an https: URL (http: only on this machine's loopback)");
}

class OauthTokenSource final : public TokenSource {
 public:
  OauthTokenSource(const ConnectionSettings& settings, TokenMaterial material, TokenExchange exchange,
                   const core::Clock& clock)
      : url_(settings.sasl_oauthbearer_token_endpoint_url),
        authorities_(std::move(material.authorities)),
        login_(std::move(material.login)),
        exchange_(std::move(exchange)),
        clock_(clock) {}

  Result<void> read_options() {
    for (const JaasOption& option : login_.options) EG_CHECK(read_option(option));
    return {};
  }

  Result<BearerToken> fetch(core::SteadyTime deadline, const std::atomic<bool>& stopping) override {
    const core::SystemTime asked_at = clock_.system_now();
    EG_TRY(TokenAnswer answer, exchange_(request(time_left(deadline)), stopping));
    EG_TRY(GrantedToken granted, read_token_answer(std::move(answer)));
    BearerToken token;
    const TokenClaims claims = granted.text.with_plaintext([](std::string_view text) { return read_claims(text); });
    token.issued_at = asked_at;
    token.expires_at = end_of_life(asked_at, granted.lifetime, claims.expires_at);
    if (token.expires_at <= clock_.system_now()) {
      return core::make_retriable(ErrorCode::kUnavailable,
                                  "the token endpoint gave a token that has expired already: compare the clocks");
    }
    token.principal = claims.subject.empty() ? plain(login_.username) : claims.subject;
    token.extensions = extensions_;
    token.text = std::move(granted.text);
    return token;
  }

 private:
  static std::string plain(const vault::Secret& secret) {
    return secret.with_plaintext([](std::string_view text) { return std::string(text); });
  }

  // The earlier of what the endpoint and the token say.
  static core::SystemTime end_of_life(core::SystemTime asked_at, const std::optional<core::Milliseconds>& lifetime,
                                      const std::optional<core::SystemTime>& expiry) {
    if (!lifetime) return expiry.value_or(asked_at + kUnknownLife);
    return expiry ? std::min(asked_at + *lifetime, *expiry) : asked_at + *lifetime;
  }

  core::Milliseconds time_left(core::SteadyTime deadline) const {
    const auto left = std::chrono::duration_cast<core::Milliseconds>(deadline - clock_.steady_now());
    return std::clamp(left, core::Milliseconds(1), kLongestCall);
  }

  Result<void> read_option(const JaasOption& option) {
    const std::string value = plain(option.value);
    if (option.key == "scope") {
      scope_ = value;
    } else if (option.key == kUrlencodeOption) {
      if (value != "true" && value != "false") {
        return make_error(ErrorCode::kInvalid, fmt::format("JAAS line: {} must be true or false", kUrlencodeOption));
      }
      urlencode_ = value == "true";
    } else if (option.key.starts_with(kExtensionPrefix)) {
      const std::string name = option.key.substr(kExtensionPrefix.size());
      if (!is_extension_name(name) || !is_extension_value(value)) {
        return make_error(ErrorCode::kInvalid,
                          "JAAS line: an extension has a name of letters (not auth) and a value of visible ASCII");
      }
      extensions_.emplace_back(name, value);
    } else if (option.key.starts_with("unsecuredLogin")) {
      return make_error(ErrorCode::kNotSupported,
                        "JAAS line: unsecuredLogin... options are for trials only and not "
                        "supported");
    } else {
      return make_error(ErrorCode::kNotSupported,
                        "JAAS line: OAUTHBEARER takes clientId, clientSecret, scope, extension_<name> and "
                        "sasl.oauthbearer.header.urlencode, and no other option");
    }
    return {};
  }

  // RFC 6749 2.3.1 wants both parts encoded before they are joined; Kafka's Java client joins them as they are unless
  // an option says otherwise, and what works there has to work here.
  vault::Secret basic_credentials() const {
    return login_.username.with_plaintext([&](std::string_view id) {
      return login_.password.with_plaintext([&](std::string_view secret) {
        std::string pair;
        pair.reserve(3 * (id.size() + secret.size()) + 1);
        pair.append(urlencode_ ? form_encode(id) : std::string(id)).append(":");
        pair.append(urlencode_ ? form_encode(secret) : std::string(secret));
        vault::Secret header("Basic " + base64_encode(pair));
        vault::wipe(pair);
        return header;
      });
    });
  }

  TokenRequest request(core::Milliseconds timeout) const {
    TokenRequest request;
    request.url = url_;
    request.timeout = timeout;
    request.authorities = authorities_;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    request.secret_headers.emplace_back("Authorization", basic_credentials());
    std::string body = "grant_type=client_credentials";
    if (!scope_.empty()) body += "&scope=" + form_encode(scope_);
    request.body = vault::Secret(std::move(body));
    return request;
  }

  const std::string url_;
  const std::string authorities_;
  const JaasLogin login_;
  const TokenExchange exchange_;
  const core::Clock& clock_;
  std::string scope_;
  bool urlencode_ = false;
  std::vector<std::pair<std::string, std::string>> extensions_;
};

class FileTokenSource final : public TokenSource {
 public:
  FileTokenSource(vault::Secret token, TokenClaims claims, const core::Clock& clock)
      : token_(std::move(token)), claims_(std::move(claims)), clock_(clock) {}

  Result<BearerToken> fetch(core::SteadyTime, const std::atomic<bool>&) override {
    BearerToken token;
    token.issued_at = clock_.system_now();
    token.expires_at = claims_.expires_at.value_or(token.issued_at + kOpaqueFileLife);
    if (token.expires_at <= token.issued_at) {
      return make_error(ErrorCode::kUnauthenticated,
                        "the bearer token in the file has expired: the writer of the file has to renew it in time");
    }
    token.principal = claims_.subject.empty() ? "bearer" : claims_.subject;
    token.text = token_.with_plaintext([](std::string_view text) { return vault::Secret(std::string(text)); });
    return token;
  }

 private:
  const vault::Secret token_;
  const TokenClaims claims_;
  const core::Clock& clock_;
};

}  // namespace

Result<std::shared_ptr<TokenSource>> make_oauth_source(const ConnectionSettings& settings, TokenMaterial material,
                                                       const TokenExchange& exchange, const core::Clock& clock) {
  EG_CHECK(check_url(settings.sasl_oauthbearer_token_endpoint_url));
  auto source = std::make_shared<OauthTokenSource>(settings, std::move(material), exchange, clock);
  EG_CHECK(source->read_options());
  return std::shared_ptr<TokenSource>(std::move(source));
}

Result<std::shared_ptr<TokenSource>> make_file_token_source(vault::Secret token, const core::Clock& clock) {
  const bool usable = token.with_plaintext([](std::string_view text) { return can_be_sent(text); });
  if (!usable) {
    return make_error(ErrorCode::kInvalid, "the file must hold one bearer token: visible ASCII without blanks");
  }
  TokenClaims claims = token.with_plaintext([](std::string_view text) { return read_claims(text); });
  return std::shared_ptr<TokenSource>(std::make_shared<FileTokenSource>(std::move(token), std::move(claims), clock));
}

}  // namespace embergate::kafka
