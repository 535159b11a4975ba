// SPDX-License-Identifier: Apache-2.0
#include "rest/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "embergate/core/text.hpp"

namespace embergate::rest {
namespace {

constexpr std::size_t kMaxCorrelationId = 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_json_media(std::string_view media) {
  return media == "application/json" || media == "application/fhir+json" || media == "application/*" ||
         media == "*/*" || media == "json" || media == "application/json+fhir";
}

bool accepts_json(std::string_view list) {
  const std::string all = lower(list);
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    if (is_json_media(trimmed(item.substr(0, item.find(';'))))) return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

core::Result<std::optional<store::VersionId>> version_header(const http::Request& request, std::string_view name) {
  const std::string_view value = request.header(name);
  if (value.empty() || value == "*") return std::optional<store::VersionId>();
  auto version = parse_version(value);
  if (!version)
    return core::make_error(core::ErrorCode::kMalformed, fmt::format("the header {} must be W/\"<versionId>\"", name));
  return std::optional<store::VersionId>(*version);
}

}  // namespace

core::Result<void> check_accept(const Call& call) {
  const auto format = call.query("_format");
  const std::string_view wanted = format ? *format : call.exchange.request().header("accept");
  if (wanted.empty() || accepts_json(wanted)) return {};
  return core::make_error(core::ErrorCode::kNotAcceptable,
                          "only JSON is served: ask for application/fhir+json or application/json");
}

core::Result<void> check_create_query(const http::Target& target) {
  for (const auto& [name, value] : target.query) {
    if (name == "_format" || name == "_pretty") continue;
    return core::make_error(
        core::ErrorCode::kMalformed,
        fmt::format("a create takes _format and _pretty, no parameter \"{}\": put the condition of a "
                    "conditional create into the header If-None-Exist",
                    core::whole_characters(name, 100)));
  }
  return {};
}

core::Result<void> check_content_type(const http::Request& request) {
  const std::string type = lower(request.header("content-type"));
  const std::string_view media = trimmed(std::string_view(type).substr(0, type.find(';')));
  if (media.empty() || media == "application/json" || media == "application/fhir+json") return {};
  return core::make_error(core::ErrorCode::kUnsupportedMedia,
                          "the body must be application/fhir+json or application/json");
}

core::Result<store::VersionId> parse_version(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  store::VersionId version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version <= 0) {
    return core::make_error(core::ErrorCode::kNotFound, "there is no such version");
  }
  return version;
}

core::Result<interaction::Preconditions> preconditions_of(const http::Request& request) {
  interaction::Preconditions preconditions;
  EG_TRY(preconditions.if_match, version_header(request, "If-Match"));
  EG_TRY(preconditions.if_none_match, version_header(request, "If-None-Match"));
  preconditions.if_match_any = trimmed(request.header("if-match")) == "*";
  preconditions.if_none_exist = std::string(request.header("if-none-exist"));
  return preconditions;
}

core::Result<interaction::RequestContext> context_of(const http::Request& request,
                                                     std::string_view correlation_id_header,
                                                     bool skip_reference_allowed) {
  interaction::RequestContext context;
  context.correlation_id = std::string(request.header(correlation_id_header));
  const bool has_control = std::any_of(context.correlation_id.begin(), context.correlation_id.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (context.correlation_id.size() > kMaxCorrelationId || has_control) {
    return core::make_error(core::ErrorCode::kMalformed,
                            fmt::format("the header {} may have at most {} bytes and no control characters",
                                        correlation_id_header, kMaxCorrelationId));
  }
  context.skip_reference_check =
      skip_reference_allowed && trimmed(request.header("aidbox-validation-skip")) == "reference";
  context.return_minimal = request.header("prefer").find("return=minimal") != std::string_view::npos;
  return context;
}

}  // namespace embergate::rest
