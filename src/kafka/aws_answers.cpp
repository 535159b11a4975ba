// SPDX-License-Identifier: Apache-2.0
#include "kafka/aws_answers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "embergate/core/time_format.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;

core::Error refusal(std::string_view source, int status) {
  const bool passing = status == 408 || status == 429 || status >= 500;
  const std::string text =
      fmt::format("{} {} (status {})", source, passing ? "asks for patience" : "refuses to give credentials", status);
  return passing ? core::make_retriable(ErrorCode::kUnavailable, text)
                 : core::make_error(ErrorCode::kUnauthenticated, text);
}

core::Error incomplete(std::string_view source) {
  return core::make_retriable(ErrorCode::kUnavailable,
                              fmt::format("the answer of {} holds no complete credentials", source));
}

// The text of the first element of that name. The values wanted here are base64, names and times, which XML leaves as
// they are.
std::string_view element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t start = xml.find(open);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = xml.substr(start + open.size());
  const std::size_t end = rest.find('<');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string text_of(const nlohmann::json& json, const char* name) {
  const auto entry = json.find(name);
  return entry != json.end() && entry->is_string() ? entry->get<std::string>() : std::string();
}

core::Result<AwsCredentials> checked(AwsCredentials credentials, std::string_view source) {
  const bool complete = !credentials.access_key_id.empty() && !credentials.secret_access_key.empty() &&
                        !credentials.session_token.empty() && credentials.expires_at;
  if (!complete) return incomplete(source);
  return credentials;
}

}  // namespace

core::Result<AwsCredentials> read_sts_answer(TokenAnswer answer) {
  constexpr std::string_view kSource = "the AWS security token service";
  AwsCredentials credentials;
  credentials.access_key_id = element(answer.body, "AccessKeyId");
  credentials.secret_access_key = vault::Secret(std::string(element(answer.body, "SecretAccessKey")));
  credentials.session_token = vault::Secret(std::string(element(answer.body, "SessionToken")));
  credentials.expires_at = core::parse_instant(element(answer.body, "Expiration"));
  vault::wipe(answer.body);
  if (answer.status != 200) return refusal(kSource, answer.status);
  return checked(std::move(credentials), kSource);
}

core::Result<AwsCredentials> read_container_answer(TokenAnswer answer) {
  constexpr std::string_view kSource = "the container credentials endpoint";
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  vault::wipe(answer.body);
  if (answer.status != 200) return refusal(kSource, answer.status);
  if (!json.is_object()) return incomplete(kSource);
  AwsCredentials credentials;
  credentials.access_key_id = text_of(json, "AccessKeyId");
  credentials.secret_access_key = vault::Secret(text_of(json, "SecretAccessKey"));
  credentials.session_token = vault::Secret(text_of(json, "Token"));
  credentials.expires_at = core::parse_instant(text_of(json, "Expiration"));
  credentials.principal = text_of(json, "RoleArn");
  return checked(std::move(credentials), kSource);
}

}  // namespace embergate::kafka
