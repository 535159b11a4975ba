// SPDX-License-Identifier: Apache-2.0
// What one evaluation of an Expression sees, and what it may report beside its result (FHIRPath 2.0.0 N1).
// Thread: one evaluation, one context. Ownership: resources and out-parameters are borrowed for the evaluation.
// Failure: none of its own; EvaluationError says what ended an evaluation and where in the expression's text.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/fhirpath/shared_parts.hpp"

namespace embergate::fhirpath {

struct EvaluationError {
  std::string message;
  std::size_t line = 1;
  std::size_t column = 1;
  bool exhausted = false;  // a bound of Limits ended it: with larger ones there might be an answer
};

// What trace() wrote, in the order of evaluation. Bound: Limits::max_trace_bytes; `cut` says that there was more.
struct Trace {
  struct Line {
    std::string name;
    std::string text;  // the items as JSON, with ", " between
  };
  std::vector<Line> lines;
  bool cut = false;
};

// One step of an explanation: a part of the expression and what it gave. Inside where(), exists() and their kind the
// steps of the first items are told, each with the item it looked at.
struct Step {
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t depth = 0;   // 0: the whole expression
  std::string expression;  // the part, written out
  std::string input;       // the item $this stands for inside a filter, or empty
  std::size_t items = 0;   // how many items it gave
  std::string result;      // the first of them as JSON; "error: ..." when it failed
};

// Everything one evaluation sees. nullptr means "empty collection".
struct EvaluationContext {
  const fhir::Resource* resource = nullptr;  // %context, %resource, %rootResource
  struct Variable {
    std::string_view name;
    const fhir::Resource* value;
    bool system_value = false;  // `value` comes from parse_value(): any JSON
  };
  std::vector<Variable> variables;
  std::optional<core::SystemTime> now;      // now(), today(), timeOfDay(); absent: the machine's clock
  std::uint64_t* step_budget = nullptr;     // shared by all topics of one event when set; counted down
  const std::atomic<bool>* stop = nullptr;  // set by another thread: ends the evaluation as exhausted
  SharedParts* shared = nullptr;            // what other expressions found in the same event, and for them
  std::span<const std::uint32_t> parts;     // with `shared`: its number for each of Expression::shareable_parts()
  Trace* trace = nullptr;                   // where trace() writes; nullptr: nowhere
  std::uint64_t* steps_used = nullptr;      // set to the steps of this evaluation
  // Filled with how the result came about, the whole expression first. The parts are evaluated once more, each on its
  // own and without short cuts, so this is for people who ask, not for the write path. At most kMaxExplainSteps.
  std::vector<Step>* explain = nullptr;
};
inline constexpr std::size_t kMaxExplainSteps = 200;

// Any JSON as the value of a host variable: a text, number or Boolean is a System value, an array several items, an
// object with resourceType a resource, any other object an item without a type. kMalformed when it is not JSON.
core::Result<fhir::ResourcePtr> parse_value(std::string_view json);

}  // namespace embergate::fhirpath
