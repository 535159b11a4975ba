// SPDX-License-Identifier: Apache-2.0
#include "kafka/aws_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kafka/aws_answers.hpp"
#include "kafka/aws_files.hpp"
#include "kafka/token_text.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;
using core::make_error;

constexpr core::Milliseconds kRenewBefore{300'000};
constexpr std::string_view kContainerHost = "http://169.254.170.2";

vault::Secret copy(const vault::Secret& secret) {
  return secret.with_plaintext([](std::string_view text) { return vault::Secret(std::string(text)); });
}

AwsCredentials copy(const AwsCredentials& credentials) {
  return {credentials.access_key_id, copy(credentials.secret_access_key), copy(credentials.session_token),
          credentials.expires_at, credentials.principal};
}

}  // namespace

AwsCredentialChain::AwsCredentialChain(AwsSelection selection, const TokenExchange& exchange,
                                       const AwsEnvironment& environment, const core::Clock& clock)
    : selection_(std::move(selection)), exchange_(exchange), environment_(environment), clock_(clock) {}

core::Result<std::shared_ptr<const AwsCredentials>> AwsCredentialChain::get(core::Milliseconds limit,
                                                                            const std::atomic<bool>& stopping) {
  const core::SystemTime now = clock_.system_now();
  const auto lives = [&](core::Milliseconds at_least) {
    return kept_ && kept_->expires_at && *kept_->expires_at > now + at_least;
  };
  if (lives(kRenewBefore)) return kept_;
  auto found = find(limit, stopping);
  if (found && found->expires_at && *found->expires_at <= now) {
    found = core::make_retriable(ErrorCode::kUnavailable,
                                 "the AWS credentials that were given have expired already: compare the clocks");
  }
  if (found) {
    kept_ = std::make_shared<const AwsCredentials>(*std::move(found));
    return kept_;
  }
  // What is left of the old ones bridges a source that does not answer.
  if (lives(core::Milliseconds(0)) && found.error().retriable) return kept_;
  return std::move(found).error();
}

AwsCredentialChain::Found AwsCredentialChain::find(core::Milliseconds limit, const std::atomic<bool>& stopping) const {
  if (!selection_.given.access_key_id.empty()) return copy(selection_.given);
  if (!selection_.profile.empty()) return from_shared_file(selection_.profile);
  if (!environment_.access_key_id.empty()) return from_environment();
  if (!environment_.web_identity_token_file.empty()) return from_web_identity(limit, stopping);
  const std::string profile = environment_.profile.empty() ? "default" : environment_.profile;
  const bool container =
      !environment_.container_credentials_relative_uri.empty() || !environment_.container_credentials_full_uri.empty();
  if (!container) return from_shared_file(profile);
  auto shared = from_shared_file(profile);
  return shared ? std::move(shared) : from_container(limit, stopping);
}

AwsCredentialChain::Found AwsCredentialChain::from_environment() const {
  if (environment_.secret_access_key.empty()) {
    return make_error(ErrorCode::kInvalid, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
  }
  return AwsCredentials{environment_.access_key_id, copy(environment_.secret_access_key),
                        copy(environment_.session_token), std::nullopt, environment_.access_key_id};
}

AwsCredentialChain::Found AwsCredentialChain::from_shared_file(const std::string& profile) const {
  const auto file = read_operator_file(environment_.shared_credentials_file);
  if (!file) {
    return core::make_retriable(
        ErrorCode::kUnavailable,
        "no AWS credentials: neither the JAAS line nor AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, a readable "
        "shared credentials file (AWS_SHARED_CREDENTIALS_FILE) or AWS_CONTAINER_CREDENTIALS_... gives any");
  }
  return file->with_plaintext([&](std::string_view text) { return read_profile(text, profile); });
}

AwsCredentialChain::Found AwsCredentialChain::from_web_identity(core::Milliseconds limit,
                                                                const std::atomic<bool>& stopping) const {
  if (environment_.role_arn.empty()) {
    return make_error(ErrorCode::kInvalid, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
  }
  EG_TRY(const vault::Secret token,
         read_token_file(environment_.web_identity_token_file, "AWS_WEB_IDENTITY_TOKEN_FILE"));
  const std::string session = environment_.role_session_name.empty() ? "embergate" : environment_.role_session_name;
  TokenRequest request;
  request.url = environment_.endpoint_url_sts.empty() ? fmt::format("https://sts.{}.amazonaws.com/", selection_.region)
                                                      : environment_.endpoint_url_sts;
  request.operator_address = !environment_.endpoint_url_sts.empty();
  request.timeout = limit;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "text/xml"}};
  request.body = token.with_plaintext([&](std::string_view text) {
    return vault::Secret(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + uri_encode(environment_.role_arn) +
        "&RoleSessionName=" + uri_encode(session) + "&WebIdentityToken=" + uri_encode(text));
  });
  EG_TRY(TokenAnswer answer, exchange_(std::move(request), stopping));
  EG_TRY(AwsCredentials credentials, read_sts_answer(std::move(answer)));
  credentials.principal = environment_.role_arn;
  return credentials;
}

core::Result<std::string> AwsCredentialChain::container_url() const {
  const std::string& relative = environment_.container_credentials_relative_uri;
  if (relative.empty()) return environment_.container_credentials_full_uri;
  if (!relative.starts_with('/')) {
    return make_error(ErrorCode::kInvalid, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
  }
  return std::string(kContainerHost) + relative;
}

AwsCredentialChain::Found AwsCredentialChain::from_container(core::Milliseconds limit,
                                                             const std::atomic<bool>& stopping) const {
  TokenRequest request;
  EG_TRY(request.url, container_url());
  request.method = "GET";
  request.operator_address = true;
  request.timeout = limit;
  request.headers = {{"Accept", "application/json"}};
  if (!environment_.container_authorization_token_file.empty()) {
    EG_TRY(vault::Secret token,
           read_token_file(environment_.container_authorization_token_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    request.secret_headers.emplace_back("Authorization", std::move(token));
  } else if (!environment_.container_authorization_token.empty()) {
    request.secret_headers.emplace_back("Authorization", copy(environment_.container_authorization_token));
  }
  EG_TRY(TokenAnswer answer, exchange_(std::move(request), stopping));
  EG_TRY(AwsCredentials credentials, read_container_answer(std::move(answer)));
  if (credentials.principal.empty()) credentials.principal = "container";
  return credentials;
}

}  // namespace embergate::kafka
