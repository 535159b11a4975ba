// SPDX-License-Identifier: Apache-2.0
#include "kafka/msk_token_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kafka/aws_credentials.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;
using core::make_error;
using core::Result;

constexpr core::Milliseconds kLongestCall{10'000};
constexpr std::array<std::string_view, 7> kRefusedOptions{
    "awsRoleArn",    "awsRoleSessionName",  "awsRoleExternalId", "awsDebugCreds",
    "awsMaxRetries", "awsMaxBackOffTimeMs", "awsShouldUseFips"};

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<void> take_option(const JaasOption& option, AwsSelection& selection) {
  const auto value = [&] {
    return option.value.with_plaintext([](std::string_view text) { return std::string(text); });
  };
  if (option.key == "awsProfileName") {
    selection.profile = value();
  } else if (option.key == "awsStsRegion") {
    selection.region = value();
    if (!is_region(selection.region)) return make_error(ErrorCode::kInvalid, "JAAS line: awsStsRegion is not a region");
  } else if (option.key == "awsRoleAccessKeyId") {
    selection.given.access_key_id = value();
    selection.given.principal = selection.given.access_key_id;
  } else if (option.key == "awsRoleSecretAccessKey") {
    selection.given.secret_access_key = vault::Secret(value());
  } else if (option.key == "awsRoleSessionToken") {
    selection.given.session_token = vault::Secret(value());
  } else {
    const auto* known = std::find(kRefusedOptions.begin(), kRefusedOptions.end(), option.key);
    const std::string name =
        known == kRefusedOptions.end() ? "an option of the IAM login module" : fmt::format("option {}", *known);
    return make_error(ErrorCode::kNotSupported,
                      fmt::format("JAAS line: {} is not supported; supported are awsProfileName, awsStsRegion, "
                                  "awsRoleAccessKeyId, awsRoleSecretAccessKey, awsRoleSessionToken",
                                  name));
  }
  return {};
}

Result<AwsSelection> select(const JaasLogin& login) {
  AwsSelection selection;
  for (const JaasOption& option : login.options) EG_CHECK(take_option(option, selection));
  const bool some = !selection.given.secret_access_key.empty() || !selection.given.session_token.empty();
  if (selection.given.access_key_id.empty() ? some : selection.given.secret_access_key.empty()) {
    return make_error(ErrorCode::kInvalid, "JAAS line: awsRoleAccessKeyId and awsRoleSecretAccessKey belong together");
  }
  return selection;
}

class MskTokenSource final : public TokenSource {
 public:
  MskTokenSource(std::string region, AwsSelection selection, const TokenExchange& exchange, const AwsEnvironment& aws,
                 const core::Clock& clock)
      : region_(std::move(region)), clock_(clock), chain_(std::move(selection), exchange, aws, clock) {}

  Result<BearerToken> fetch(core::SteadyTime deadline, const std::atomic<bool>& stopping) override {
    const auto left = std::chrono::duration_cast<core::Milliseconds>(deadline - clock_.steady_now());
    EG_TRY(const auto credentials, chain_.get(std::clamp(left, core::Milliseconds(1), kLongestCall), stopping));
    const core::SystemTime now = clock_.system_now();
    MskSignature signature = sign_msk_token(*credentials, region_, now);
    BearerToken token;
    token.text = std::move(signature.token);
    token.issued_at = now;
    token.expires_at = signature.expires_at;
    // A signature made with credentials that have expired is worth nothing.
    if (credentials->expires_at) token.expires_at = std::min(token.expires_at, *credentials->expires_at);
    token.principal = credentials->principal;
    return token;
  }

 private:
  const std::string region_;
  const core::Clock& clock_;
  AwsCredentialChain chain_;
};

}  // namespace

std::optional<std::string> msk_region_of_host(std::string_view host) {
  for (const std::string_view service : {".kafka.", ".kafka-serverless."}) {
    const std::size_t at = host.find(service);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = host.substr(at + service.size());
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos || !is_region(rest.substr(0, dot))) continue;
    const std::string_view domain = rest.substr(dot);
    if (domain == ".amazonaws.com" || domain == ".amazonaws.com.cn") return std::string(rest.substr(0, dot));
  }
  return std::nullopt;
}

std::optional<std::string> msk_region(std::string_view bootstrap_servers) {
  while (!bootstrap_servers.empty()) {
    const std::size_t comma = bootstrap_servers.find(',');
    const std::string_view server = bootstrap_servers.substr(0, comma);
    if (auto region = msk_region_of_host(server.substr(0, server.find(':')))) return region;
    bootstrap_servers.remove_prefix(comma == std::string_view::npos ? bootstrap_servers.size() : comma + 1);
  }
  return std::nullopt;
}

Result<std::shared_ptr<TokenSource>> make_msk_source(const ConnectionSettings& settings, const JaasLogin& login,
                                                     const TokenExchange& exchange, const AwsEnvironment& aws,
                                                     const core::Clock& clock) {
  EG_TRY(AwsSelection selection, select(login));
  std::string region = msk_region(settings.bootstrap_servers).value_or(aws.region);
  if (!is_region(region)) {
    return make_error(ErrorCode::kInvalid,
                      "AWS MSK IAM needs a region: from a bootstrap server such as "
                      "b-1.name.kafka.eu-west-1.amazonaws.com, or from AWS_REGION in the gateway's environment");
  }
  if (selection.region.empty()) selection.region = region;
  return std::shared_ptr<TokenSource>(
      std::make_shared<MskTokenSource>(std::move(region), std::move(selection), exchange, aws, clock));
}

}  // namespace embergate::kafka
