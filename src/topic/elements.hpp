// SPDX-License-Identifier: Apache-2.0
// Element tables: which members an object may have, their JSON shape and whether they must be there
// (contract 2.1, 2.3). Thread: pure functions. Failure: issues with the element's path; at most kMaxIssues for one
// resource.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::topic {

inline constexpr std::size_t kMaxIssues = 50;

enum class Shape { kString, kBoolean, kObject, kStrings, kObjects };

struct ElementRule {
  std::string_view name;
  Shape shape = Shape::kString;
  bool required = false;
};

using Issues = std::vector<fhir::Issue>;

void add_issue(Issues& issues, std::string_view code, std::string diagnostics, std::string expression);
[[nodiscard]] bool has_errors(const Issues& issues, std::size_t from);

// Checks presence, shape, emptiness of lists, and that nothing else is there. `_name` beside a primitive is allowed.
// `common` are rules that hold too.
void check_elements(fhir::Node object, std::string_view path, std::span<const ElementRule> rules,
                    std::span<const ElementRule> common, Issues& issues);

// Elements that every resource, and every backbone element, may have (modifierExtension is not among them: no one here
// would obey it).
std::span<const ElementRule> resource_elements();
std::span<const ElementRule> backbone_elements();

// "x" | "y" | "z", for messages.
std::string list_of(std::span<const std::string_view> values);

}  // namespace embergate::topic
