// SPDX-License-Identifier: Apache-2.0
// OperationOutcome: what the caller is told when something is wrong (contract 5.5). One place makes the JSON.
// Thread: plain values. Failure: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::fhir {

inline constexpr std::string_view kErrorCodeSystem = "urn:embergate:error-code";

struct Issue {
  std::string severity = "fatal";  // fatal | error | warning | information
  std::string code;                // FHIR issue-type or the ids of contract 5.5
  std::string diagnostics;
  std::string expression;                  // FHIRPath of the element, or empty
  core::Fault fault = core::Fault::kNone;  // shown as details.coding, of the system kErrorCodeSystem
};

struct OperationOutcome {
  std::string id;  // usually repeats the code
  std::vector<Issue> issues;
  [[nodiscard]] std::string to_json() const;
};

// Code -> HTTP status and issue code, one row each (contract 5.5).
int http_status(core::ErrorCode code);
std::string_view issue_code(core::ErrorCode code);
OperationOutcome outcome_of(const core::Error& error);

// Appends `text` to `out` as the inside of a JSON string (no quotes): escapes what RFC 8259 asks.
void append_json_escaped(std::string& out, std::string_view text);
std::string json_string(std::string_view text);  // with quotes

}  // namespace embergate::fhir
