// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/outcome.hpp"

#include <array>

#include "embergate/core/assert.hpp"
#include "embergate/core/text.hpp"

namespace embergate::fhir {
namespace {

struct CodeRow {
  core::ErrorCode code;
  int status;
  std::string_view issue;
};

// Contract 5.5.
constexpr std::array<CodeRow, 18> kCodes{{
    {core::ErrorCode::kMalformed, 400, "invalid"},
    {core::ErrorCode::kInvalid, 422, "invalid"},
    {core::ErrorCode::kNotFound, 404, "not-found"},
    {core::ErrorCode::kGone, 410, "deleted"},
    {core::ErrorCode::kConflict, 409, "duplicate"},
    {core::ErrorCode::kPreconditionFailed, 412, "conflict"},
    {core::ErrorCode::kMultipleMatches, 412, "multiple-matches"},
    {core::ErrorCode::kUnauthenticated, 401, "login"},
    {core::ErrorCode::kForbidden, 403, "forbidden"},
    {core::ErrorCode::kMethodNotAllowed, 405, "not-supported"},
    {core::ErrorCode::kNotAcceptable, 406, "not-supported"},
    {core::ErrorCode::kUnsupportedMedia, 415, "not-supported"},
    {core::ErrorCode::kNotSupported, 422, "not-supported"},
    {core::ErrorCode::kTooLarge, 413, "too-long"},
    {core::ErrorCode::kThrottled, 429, "throttled"},
    {core::ErrorCode::kUnavailable, 503, "transient"},
    {core::ErrorCode::kTimeout, 504, "transient"},
    {core::ErrorCode::kInternal, 500, "exception"},
}};

const CodeRow& row_of(core::ErrorCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  EG_ASSERT(!"every ErrorCode has a row");
  return kCodes.back();
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_details(std::string& out, const core::FaultText& text) {
  out += R"(,"details":{"coding":[{"system":)";
  append_string(out, kErrorCodeSystem);
  out += R"(,"code":)";
  append_string(out, text.code);
  out += R"(,"display":)";
  append_string(out, text.title);
  out += "}]}";
}

void append_issue(std::string& out, const Issue& issue) {
  out += R"({"severity":)";
  append_string(out, issue.severity);
  out += R"(,"code":)";
  append_string(out, issue.code);
  if (issue.fault != core::Fault::kNone) append_details(out, core::text_of(issue.fault));
  if (!issue.diagnostics.empty()) {
    out += R"(,"diagnostics":)";
    append_string(out, issue.diagnostics);
  }
  if (!issue.expression.empty()) {
    out += R"(,"expression":[)";
    append_string(out, issue.expression);
    out += ']';
  }
  out += '}';
}

// What people read: the diagnostics of all issues, one after the other.
std::string narrative(const OperationOutcome& outcome) {
  std::string text;
  for (const Issue& issue : outcome.issues) {
    if (!text.empty()) text += "; ";
    core::append_markup_text(text, issue.diagnostics.empty() ? issue.code : issue.diagnostics);
  }
  return text;
}

}  // namespace

std::string OperationOutcome::to_json() const {
  std::string out = R"({"resourceType":"OperationOutcome")";
  if (!id.empty()) {
    out += R"(,"id":)";
    append_string(out, id);
  }
  if (!issues.empty()) {
    out += R"(,"text":{"status":"generated","div":)";
    append_string(out, narrative(*this));
    out += R"(},"issue":[)";
    for (std::size_t i = 0; i < issues.size(); ++i) {
      if (i > 0) out += ',';
      append_issue(out, issues[i]);
    }
    out += ']';
  }
  out += '}';
  return out;
}

int http_status(core::ErrorCode code) { return row_of(code).status; }
std::string_view issue_code(core::ErrorCode code) { return row_of(code).issue; }

OperationOutcome outcome_of(const core::Error& error) {
  const std::string code(issue_code(error.code));
  return OperationOutcome{code, {Issue{"fatal", code, error.diagnostics, error.expression, error.fault}}};
}

void append_json_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      if (const std::size_t bytes = core::utf8_bytes(text, i); bytes > 0) {
        i += bytes - 1;
        continue;
      }
      out.append(text.substr(done, i - done));
      out += core::kReplacementCharacter;
      done = i + 1;
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(done, i - done));
    done = i + 1;
    out += '\\';
    switch (c) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[c >> 4U];
        out += kHex[c & 15U];
    }
  }
  out.append(text.substr(done));
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_string(out, text);
  return out;
}

}  // namespace embergate::fhir
