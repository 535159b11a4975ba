// SPDX-License-Identifier: Apache-2.0
#include "rest/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "embergate/core/ascii.hpp"
#include "embergate/core/text.hpp"
#include "embergate/core/time_format.hpp"

namespace embergate::rest {
namespace {

using core::lower;
using core::trimmed;

constexpr std::size_t kMaxCorrelationId = 1024;

bool is_json_media(std::string_view media) {
  return media == "application/json" || media == "application/fhir+json" || media == "application/*" ||
         media == "*/*" || media == "json" || media == "application/json+fhir";
}

// Takes what stands before the next `separator` that is not within quotes.
std::string_view take_until(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (rest[end] == separator && !quoted) break;
  }
  const std::string_view item = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return trimmed(item);
}

std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

struct MediaRange {
  std::string_view media;
  std::string_view fhir_version;  // empty: any
  bool wanted = true;             // false: q=0
};

// `text` in lower case.
MediaRange media_range(std::string_view text) {
  MediaRange range;
  range.media = take_until(text, ';');
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    const std::string_view name = take_until(value, '=');
    if (name == "fhirversion") range.fhir_version = unquoted(trimmed(value));
    if (name == "q") range.wanted = trimmed(value).find_first_of("123456789") != std::string_view::npos;
  }
  return range;
}

// R4 is 4.0, in any of its releases (FHIR R4 http.html#version-parameter).
bool is_r4(std::string_view version) { return version.empty() || version == "4.0" || version.starts_with("4.0."); }

bool accepts_r4_json(std::string_view list) {
  const std::string all = lower(list);
  std::string_view rest = all;
  while (!rest.empty()) {
    const MediaRange range = media_range(take_until(rest, ','));
    if (range.wanted && is_json_media(range.media) && is_r4(range.fhir_version)) return true;
  }
  return false;
}

// A field that comes several times is one list (RFC 9110 5.3).
std::string joined(const http::Request& request, std::string_view name) {
  std::string all;
  for (const http::Header& field : request.headers) {
    if (field.name.size() != name.size() || lower(field.name) != name) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

// What is no date counts as not there (RFC 9110 13.1.3, 13.1.4).
std::optional<core::SystemTime> date_header(const http::Request& request, std::string_view name) {
  const std::string_view value = request.header(name);
  return value.empty() ? std::nullopt : core::parse_http_date(value);
}

}  // namespace

core::Result<void> check_accept(const Call& call) {
  const auto format = call.query("_format");
  std::string wanted = format ? std::string(*format) : joined(call.exchange.request(), "accept");
  // The '+' of application/fhir+json, which many clients send without its escape.
  if (format) std::replace(wanted.begin(), wanted.end(), ' ', '+');
  if (wanted.empty() || accepts_r4_json(wanted)) return {};
  return core::make_error(
      core::ErrorCode::kNotAcceptable,
      "only JSON of FHIR R4 is served: ask for application/fhir+json or application/json, fhirVersion 4.0");
}

bool wants_html(const Call& call) {
  if (call.query("_format")) return call.query("_format") == "text/html";
  const std::string all = lower(joined(call.exchange.request(), "accept"));
  std::string_view rest = all;
  while (!rest.empty()) {
    const MediaRange range = media_range(take_until(rest, ','));
    if (range.wanted && (range.media == "text/html" || range.media == "application/xhtml+xml")) return true;
  }
  return false;
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
  const MediaRange range = media_range(type);
  if (!is_r4(range.fhir_version)) {
    return core::make_error(core::ErrorCode::kUnsupportedMedia,
                            fmt::format("the body is of FHIR version {}; this server takes 4.0",
                                        core::whole_characters(range.fhir_version, 20)));
  }
  if (range.media.empty() || range.media == "application/json" || range.media == "application/fhir+json") return {};
  return core::make_error(core::ErrorCode::kUnsupportedMedia,
                          "the body must be application/fhir+json or application/json");
}

core::Result<store::VersionId> parse_version(std::string_view text) {
  store::VersionId version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version <= 0) {
    return core::make_error(core::ErrorCode::kNotFound, "there is no such version");
  }
  return version;
}

core::Result<interaction::Preconditions> preconditions_of(const http::Request& request) {
  interaction::Preconditions preconditions;
  EG_TRY(preconditions.if_match, interaction::EntityTags::parse(joined(request, "if-match"), "the header If-Match"));
  EG_TRY(preconditions.if_none_match,
         interaction::EntityTags::parse(joined(request, "if-none-match"), "the header If-None-Match"));
  preconditions.if_modified_since = date_header(request, "If-Modified-Since");
  preconditions.if_unmodified_since = date_header(request, "If-Unmodified-Since");
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
