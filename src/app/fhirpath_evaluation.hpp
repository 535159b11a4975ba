// SPDX-License-Identifier: Apache-2.0
// What the single form and the file of cases of `embergate fhirpath` share: states, one evaluation, JSON of results.
// Thread: main. Ownership: States shares its resources; everything else is by value. Failure: Fault says what, where in
// the expression, and whether it was the expression or its evaluation.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/fhirpath/expression.hpp"

namespace embergate::app {

inline constexpr std::size_t kMaxInputBytes = 64UL * 1024 * 1024;  // of one file, or one line of cases

// What an expression is tried on. The context is the resource, else the current state, else the previous one.
struct States {
  fhir::ResourcePtr resource;
  fhir::ResourcePtr current;
  fhir::ResourcePtr previous;
  std::map<std::string, fhir::ResourcePtr> variables;  // of fhirpath::parse_value(); may hide %current and %previous
  [[nodiscard]] const fhir::Resource* context() const;
};

struct FhirpathSetting {
  std::shared_ptr<const fhir::Model> model;
  std::optional<core::SystemTime> now;
  bool strict = false;
};

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

struct Fault {
  std::string message;
  std::optional<Position> position;
  bool of_expression = false;  // refused before any evaluation
};

// An expression for these states, ready to run. Exactly one of the two is set.
struct Compiled {
  std::shared_ptr<const fhirpath::Expression> expression;
  std::optional<Fault> fault;
};
Compiled compile_for(std::string_view expression, const States& states, std::string_view type,
                     const FhirpathSetting& setting);

fhirpath::EvaluationContext context_for(const States& states, const FhirpathSetting& setting);

// A whole file or the rest of `in` for "-". Bounded by kMaxInputBytes; the error names the file.
core::Result<std::string> read_input(const std::string& file, std::istream& in);

std::string json_of_item(const fhirpath::ResultItem& item, bool with_path);
std::string json_of_items(const std::vector<fhirpath::ResultItem>& items, bool with_path);
std::string json_of(const Position& position);

}  // namespace embergate::app
