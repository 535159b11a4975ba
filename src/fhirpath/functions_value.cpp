// SPDX-License-Identifier: Apache-2.0
// Functions of one value: which family does the work; now() and its kind; boundaries and precision.
#include <fmt/format.h>

#include <string>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {

bool is_within(Function function, Function first, Function last) { return function >= first && function <= last; }

// The bound of a decimal, half a unit of its last written digit away; to `digits` after the point.
std::optional<Decimal> decimal_boundary(const Decimal& number, int digits, bool high) {
  const auto tenfold = number.with_scale(number.scale + 1);
  if (!tenfold || number.scale >= Decimal::kMaxScale) return std::nullopt;
  Decimal edge = *tenfold;
  edge.mantissa += high ? 5 : -5;
  // Away from zero it is rounded, towards zero cut: low(-x) is -high(x).
  if (high != number.is_negative() || digits >= edge.scale) return edge.with_scale(digits);
  while (edge.scale > digits) edge = Decimal{edge.mantissa / 10, edge.scale - 1};
  return edge;
}

int usual_digits(const Item& value) {
  if (!value.is_temporal() || value.tag() == Tag::kDate) return 8;
  return value.tag() == Tag::kTime ? 9 : 17;
}

}  // namespace

Outcome Evaluator::value_function(const AstNode& node, const Scope& scope, Item& out) {
  using enum Function;
  switch (node.function) {
    case kCount:
      return count_of(node, scope, out);
    case kJoin:
      return join(node, scope, out);
    case kSum:
    case kAvg:
      return sum_of(node, scope, out);
    case kMin:
    case kMax:
      return extreme_of(node, scope, out);
    case kNow:
    case kToday:
    case kTimeOfDay:
      return moment(node, out);
    default:
      break;
  }
  Item input;
  const Outcome outcome = value(node.a, scope, input);
  if (outcome != Outcome::kOne) return outcome;
  if (is_within(node.function, kIndexOf, kTrim)) return string_function(node, input, scope, out);
  if (is_within(node.function, kToBoolean, kConvertsToQuantity)) return convert(node, input, scope, out);
  if (is_within(node.function, kAbs, kTruncate)) return math_function(node, input, scope, out);
  if (is_within(node.function, kYearOf, kDifference)) return temporal_function(node, input, scope, out);
  if (is_within(node.function, kConformsTo, kWeight)) return element_function(node, input, scope, out);
  if (node.function == kComparable) return comparable_function(node, input, scope, out);
  return boundary_function(node, input, scope, out);
}

Outcome Evaluator::moment(const AstNode& node, Item& out) {
  Temporal value = from_system_time(now());
  if (node.function == Function::kNow) return one(out, Item::temporal(TemporalKind::kDateTime, value));
  value.offset = kNoOffset;
  if (node.function == Function::kTimeOfDay) return one(out, Item::temporal(TemporalKind::kTime, value));
  value.precision = Precision::kDay;
  return one(out, Item::temporal(TemporalKind::kDate, value));
}

Outcome Evaluator::comparable_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  Item other;
  const Outcome outcome = value(argument(node, 0), scope, other);
  if (outcome != Outcome::kOne) return outcome;
  Item left;
  Item right;
  const Conversion of_left = values_.to_system(input, left);
  const Conversion of_right = values_.to_system(other, right);
  if (of_left == Conversion::kEmpty || of_right == Conversion::kEmpty) return Outcome::kNone;
  const Quantity* a = of_left == Conversion::kValue ? values_.quantity_of(left) : nullptr;
  const Quantity* b = of_right == Conversion::kValue ? values_.quantity_of(right) : nullptr;
  if (!a || !b) return error(node, "comparable() works on quantities");
  return one(out, Item::boolean(comparable(*a, *b)));
}

Outcome Evaluator::boundary_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  const bool is_number = conversion == Conversion::kValue && (value.is_number() || value.tag() == Tag::kQuantity);
  if (!is_number && (conversion == Conversion::kObject || !value.is_temporal()))
    return error(node, fmt::format("{}() works on numbers, dates and times", info_of(node.function).name));
  if (node.function == Function::kPrecision) return precision_function(node, value, out);
  std::int64_t digits = usual_digits(value);
  if (node.count == 1) {
    const Outcome outcome = argument_integer(node, 0, scope, digits);
    if (outcome != Outcome::kOne) return outcome;
  }
  constexpr std::int64_t kMostDigits = 31;
  if (digits < 0 || digits > kMostDigits) return Outcome::kNone;
  const bool high = node.function == Function::kHighBoundary;
  if (!is_number) {
    const auto result = boundary(value.as_temporal(), value.temporal_kind(), static_cast<int>(digits), high);
    return result ? one(out, Item::temporal(value.temporal_kind(), *result)) : Outcome::kNone;
  }
  const Decimal number = value.tag() == Tag::kQuantity ? value.as_quantity().value : value.as_decimal();
  const auto result = decimal_boundary(number, static_cast<int>(digits), high);
  if (!result) return Outcome::kNone;
  if (value.tag() != Tag::kQuantity) return one(out, Item::decimal(*result));
  Quantity quantity = value.as_quantity();
  quantity.value = *result;
  return one(out, Item::quantity(arena_.make(quantity)));
}

Outcome Evaluator::precision_function(const AstNode& node, const Item& value, Item& out) {
  if (value.is_temporal()) return one(out, Item::integer(precision_digits(value.as_temporal(), value.temporal_kind())));
  if (value.is_number()) return one(out, Item::integer(value.as_decimal().scale));
  return error(node, "precision() works on numbers, dates and times");
}

}  // namespace embergate::fhirpath
