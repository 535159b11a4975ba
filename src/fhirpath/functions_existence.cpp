// SPDX-License-Identifier: Apache-2.0
// Functions that answer yes or no about a collection; they look at no more of it than they need.
#include <fmt/format.h>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {

Truth Evaluator::truth_function(const AstNode& node, const Scope& scope) {
  using enum Function;
  switch (node.function) {
    case kEmpty: {
      bool found = false;
      stream(node.a, scope, [&](const Item&) {
        found = true;
        return false;
      });
      return failed_ ? Truth::kError : truth_value(!found);
    }
    case kExists:
      return truth_exists(node, scope);
    case kAll:
      return truth_all_of(node, scope);
    case kAllTrue:
    case kAnyTrue:
    case kAllFalse:
    case kAnyFalse:
      return truth_booleans(node, scope);
    case kSubsetOf:
      return truth_subset(node.a, argument(node, 0), scope);
    case kSupersetOf:
      return truth_subset(argument(node, 0), node.a, scope);
    case kIsDistinct:
      return truth_distinct(node, scope);
    case kIs:
      return is_type(node.a, program_.types[node.extra], scope);
    case kHasValue:
      return truth_has_value(node, scope);
    case kHasExtension:
      return truth_has_extension(node, scope);
    default: {  // not()
      const Truth inner = truth(node.a, scope);
      if (inner == Truth::kTrue || inner == Truth::kFalse) return truth_value(inner == Truth::kFalse);
      return inner;
    }
  }
}

Truth Evaluator::truth_exists(const AstNode& node, const Scope& scope) {
  bool found = false;
  std::int64_t index = 0;
  stream(node.a, scope, [&](const Item& item) {
    if (node.count == 0) {
      found = true;
      return false;
    }
    const Truth here = truth(argument(node, 0), Scope{{&item, 1}, index++, scope.total});
    found = here == Truth::kTrue;
    return !found && here != Truth::kError;
  });
  return failed_ ? Truth::kError : truth_value(found);
}

Truth Evaluator::truth_all_of(const AstNode& node, const Scope& scope) {
  bool all = true;
  std::int64_t index = 0;
  stream(node.a, scope, [&](const Item& item) {
    all = truth(argument(node, 0), Scope{{&item, 1}, index++, scope.total}) == Truth::kTrue;
    return all;
  });
  return failed_ ? Truth::kError : truth_value(all);
}

Truth Evaluator::truth_booleans(const AstNode& node, const Scope& scope) {
  const bool wants_true = node.function == Function::kAllTrue || node.function == Function::kAnyTrue;
  const bool wants_all = node.function == Function::kAllTrue || node.function == Function::kAllFalse;
  bool result = wants_all;
  stream(node.a, scope, [&](const Item& item) {
    Item value;
    const Conversion conversion = values_.to_system(item, value);
    if (conversion == Conversion::kEmpty) return true;
    if (conversion == Conversion::kObject || value.tag() != Tag::kBoolean) {
      return fail(node.position, fmt::format("{}() needs Booleans", info_of(node.function).name));
    }
    const bool hit = value.as_boolean() == wants_true;
    if (wants_all) {
      result = result && hit;
    } else {
      result = result || hit;
    }
    return true;
  });
  return failed_ ? Truth::kError : truth_value(result);
}

}  // namespace embergate::fhirpath
