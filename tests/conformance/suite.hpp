// SPDX-License-Identifier: Apache-2.0
// The official FHIRPath suite as published: an XML file of groups of tests. Thread: one. Ownership: values.
// Failure: a file that is missing or not a suite gives an error that says so; an empty suite is one, too.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::conformance {

struct Output {
  std::optional<std::string> type;  // "boolean", "dateTime"; absent: `value` is a FHIRPath literal
  std::string value;
};

enum class Failure { kNone, kSyntax, kSemantic, kExecution };  // what a test wants to go wrong

struct Case {
  std::string group;
  std::string name;
  std::string expression;
  std::string input;  // stem of the resource's file; empty: none
  std::vector<Output> outputs;
  Failure failure = Failure::kNone;
  bool strict = false;     // findings of the static check fail the expression
  bool ordered = true;     // false: outputs are a multiset
  bool predicate = false;  // the result counts as one Boolean
  std::string mode;        // what the suite asks of the host ("tx", "cda"); for people
};

core::Result<std::vector<Case>> read_suite(const std::filesystem::path& file);

}  // namespace embergate::conformance
