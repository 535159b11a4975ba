// SPDX-License-Identifier: Apache-2.0
// Shorthand for tests: compiles and evaluates a text and gives the result as one line.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "embergate/core/time_format.hpp"
#include "embergate/fhirpath/expression.hpp"

namespace embergate::fhirpath::test {

inline fhir::ResourcePtr resource(std::string_view json) { return fhir::Resource::parse(std::string(json)).value(); }

// "Boolean:true", "code:\"final\" string:\"a\"", "" for an empty result, "error: ..." for a failed compile or
// evaluation.
inline std::string evaluate(std::string_view text, const fhir::Resource* on = nullptr,
                            const CompileOptions& options = {}) {
  const auto expression = Expression::compile(text, options);
  if (!expression) return "error: " + expression.error().diagnostics;
  EvaluationContext context;
  context.resource = on;
  context.now = core::parse_instant("2026-01-15T12:00:00Z");
  const auto items = (*expression)->evaluate(context);
  if (!items) return "error: " + items.error().diagnostics;
  std::string line;
  for (const ResultItem& item : *items) {
    if (!line.empty()) line += ' ';
    line += item.type.substr(item.type.find('.') + 1) + ':' + item.value;
  }
  return line;
}

}  // namespace embergate::fhirpath::test
