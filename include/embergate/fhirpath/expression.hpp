// SPDX-License-Identifier: Apache-2.0
// A FHIRPath expression, compiled once and evaluated often (FHIRPath 2.0.0 N1; docs/reference/fhirpath.md).
// Thread: immutable after compile(); any number of threads evaluate the same Expression, each with its own
// EvaluationContext. Ownership: the Expression owns its nodes; results of evaluate() point into the resources of the
// context and must not outlive them. Failure: compile() gives kInvalid with line, column, what was expected and a hint;
// evaluation gives EvaluationError, never an exception. All work is bounded by Limits (S-34).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/model.hpp"
#include "embergate/fhirpath/context.hpp"

namespace embergate::fhirpath {

// What bounds an evaluation is counted, so that a slow or stopped machine decides like a fast one (S-34). The exception
// is max_cpu, which no evaluation that keeps to the counts comes near.
struct Limits {
  std::size_t max_expression_bytes = 16 * 1024;
  std::size_t max_nodes = 2'000;
  std::size_t max_depth = 100;
  std::uint64_t max_steps = 1'000'000;       // nodes visited + items produced, one evaluation
  std::size_t max_items = 100'000;           // of one collection
  std::size_t max_string_bytes = 1'048'576;  // of one built string
  std::size_t max_trace_bytes = 8 * 1024;    // what trace() keeps, one evaluation
  std::size_t max_bytes = 64 * 1024 * 1024;  // of everything that one evaluation builds
  std::size_t max_pattern_bytes = 1'000;     // of a regular expression
  std::size_t max_pattern_memory = 1 << 20;  // of its compiled form
  // A last guard against work that steps do not see: time of the evaluating thread's own CPU, which stands still while
  // the process does. Far above what max_steps can take.
  std::chrono::milliseconds max_cpu{60'000};
};

struct CompileError {
  std::size_t line = 1;    // from 1
  std::size_t column = 1;  // from 1, in characters
  std::string message;     // what was expected
  std::string hint;        // how to mend it, or empty
};

struct Warning {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;
  bool about_result = false;  // of what the whole gives; for a criterion only
};

struct CompileOptions {
  const fhir::Model* model = nullptr;  // nullptr: R4
  fhir::TypeId context_type =
      fhir::kNoType;                   // the trigger's resource type; kNoType: unknown, no static check of the root
  std::vector<std::string> variables;  // host variables without '%': {"current", "previous"} for topics
  bool as_filters = false;  // `as` and as() take several items and keep those of the type, as ofType() does: what the
                            // expressions of FHIR's search parameters mean by them
  Limits limits;
};

// Three-valued: what a criterion decides.
enum class Truth { kFalse, kTrue, kEmpty, kError };

// One item of a result, as text for people and programs.
struct ResultItem {
  std::string type;  // "System.Boolean", "FHIR.code"
  // JSON on one line, numbers as written, dates without '@'. A System.Quantity is {value,unit,code,system}, a complex
  // element its own JSON, a primitive without a value null (decision 39).
  std::string value;
  std::string path;  // "Patient.name[0].given[1]", empty for computed values
};

class Expression {
 public:
  static core::Result<std::shared_ptr<const Expression>> compile(std::string_view text,
                                                                 const CompileOptions& options = {},
                                                                 CompileError* error = nullptr);
  ~Expression();
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  // What a criterion decides: one Boolean: its value; one item of another type: true; none: kEmpty; several or an
  // error: kError (error filled if given).
  [[nodiscard]] Truth evaluate_truth(const EvaluationContext& context, EvaluationError* error = nullptr) const;
  [[nodiscard]] core::Result<std::vector<ResultItem>> evaluate(const EvaluationContext& context,
                                                               EvaluationError* error = nullptr) const;

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const std::vector<Warning>& warnings() const;  // of the static check (decision 33)
  // The compiled expression for people: one line for each part, indented, with its line:column.
  [[nodiscard]] std::string tree() const;
  // Paths from the root or a variable that are worth sharing with other expressions over the same event; equal texts
  // give equal items.
  [[nodiscard]] const std::vector<std::string>& shareable_parts() const;
  [[nodiscard]] bool uses_variable(
      std::string_view name) const;  // "previous": whether that state must be parsed at all

 private:
  struct Impl;
  explicit Expression(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace embergate::fhirpath
