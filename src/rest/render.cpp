// SPDX-License-Identifier: Apache-2.0
#include "rest/render.hpp"

#include <fmt/format.h>

#include "embergate/core/time_format.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::rest {
namespace {

constexpr std::string_view kFhirJson = "application/fhir+json; charset=utf-8";

void add_headers_of(const core::Error& error, std::chrono::seconds retry_after, http::Response& response) {
  if (error.code == core::ErrorCode::kUnauthenticated)
    response.headers.push_back({"WWW-Authenticate", "Basic realm=\"gateway\""});
  if (error.code == core::ErrorCode::kThrottled)
    response.headers.push_back({"Retry-After", std::to_string(retry_after.count() > 0 ? retry_after.count() : 10)});
  if (error.code == core::ErrorCode::kUnavailable) response.headers.push_back({"Retry-After", "1"});
}

}  // namespace

http::Response render_json(int status, std::string body, std::string_view content_type) {
  http::Response response;
  response.status = status;
  response.headers.push_back({"Content-Type", std::string(content_type)});
  response.body = std::move(body);
  return response;
}

std::string warning(std::string_view text) {
  std::string value = "199 - \"";
  for (const char c : text) {
    if (c == '"' || c == '\\') value += '\\';
    value += c >= ' ' && c <= '~' ? c : '?';
  }
  return value + '"';
}

http::Response render_error(const core::Error& error, std::chrono::seconds retry_after) {
  http::Response response = render_json(fhir::http_status(error.code), fhir::outcome_of(error).to_json(), kFhirJson);
  add_headers_of(error, retry_after, response);
  return response;
}

http::Response render_refusal(const interaction::Refusal& refusal) {
  if (refusal.issues.empty()) return render_error(refusal.error);
  fhir::OperationOutcome outcome = fhir::outcome_of(refusal.error);
  outcome.issues = refusal.issues;
  if (outcome.issues.front().code == interaction::kTooCostly) outcome.id = interaction::kTooCostly;
  return render_json(fhir::http_status(refusal.error.code), outcome.to_json(), kFhirJson);
}

http::Response render_result(interaction::InteractionResult result, std::string_view base_url) {
  http::Response response = render_json(result.status, std::move(result.body), kFhirJson);
  response.more = std::move(result.more);
  response.hold = std::move(result.hold);
  if (response.body.empty()) response.headers.clear();
  if (result.version_id == 0) return response;
  response.headers.push_back({"ETag", fmt::format("W/\"{}\"", result.version_id)});
  response.headers.push_back({"Last-Modified", core::format_http_date(result.last_updated)});
  if (result.status == 201) {
    response.headers.push_back(
        {"Location", fmt::format("{}/fhir/{}/{}/_history/{}", base_url, result.type, result.id, result.version_id)});
  }
  return response;
}

}  // namespace embergate::rest
