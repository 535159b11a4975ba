// SPDX-License-Identifier: Apache-2.0
// Logic, comparison, membership, type tests and arithmetic.
#include <fmt/format.h>

#include <string>

#include "fhirpath/describe.hpp"
#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {

Truth logical_and(Truth left, Truth right) {
  if (left == Truth::kFalse || right == Truth::kFalse) return Truth::kFalse;
  return left == Truth::kTrue && right == Truth::kTrue ? Truth::kTrue : Truth::kEmpty;
}

Truth logical_or(Truth left, Truth right) {
  if (left == Truth::kTrue || right == Truth::kTrue) return Truth::kTrue;
  return left == Truth::kFalse && right == Truth::kFalse ? Truth::kFalse : Truth::kEmpty;
}

Truth implied(Truth left, Truth right) {
  if (left == Truth::kTrue) return right;
  return right == Truth::kTrue ? Truth::kTrue : Truth::kEmpty;
}

std::string_view kind_of(const Item& item) { return item.is_element() ? "an element" : system_name(item.tag()); }

}  // namespace

Truth Evaluator::truth_operator(const AstNode& node, const Scope& scope) {
  switch (node.op) {
    case Op::kAnd:
    case Op::kOr:
    case Op::kImplies:
    case Op::kXor: {
      const Truth left = truth(node.a, scope);
      if (left == Truth::kError) return left;
      if (node.op == Op::kAnd && left == Truth::kFalse) return left;
      if (node.op == Op::kOr && left == Truth::kTrue) return left;
      if (node.op == Op::kImplies && left == Truth::kFalse) return Truth::kTrue;
      if (node.op == Op::kXor && left == Truth::kEmpty) return left;
      const Truth right = truth(node.b, scope);
      if (right == Truth::kError) return right;
      if (node.op == Op::kAnd) return logical_and(left, right);
      if (node.op == Op::kOr) return logical_or(left, right);
      if (node.op == Op::kImplies) return implied(left, right);
      return right == Truth::kEmpty ? right : truth_value(left != right);
    }
    case Op::kEqual:
    case Op::kNotEqual: {
      Collection left(arena_);
      Collection right(arena_);
      const Items a = operand(node.a, scope, left);
      if (failed_) return Truth::kError;
      const Items b = operand(node.b, scope, right);
      if (failed_) return Truth::kError;
      const Truth result = values_.equal(a, b);
      if (!steps(values_.take_work())) return Truth::kError;
      if (result == Truth::kEmpty || node.op == Op::kEqual) return result;
      return truth_value(result == Truth::kFalse);
    }
    case Op::kEquivalent:
    case Op::kNotEquivalent: {
      Collection left(arena_);
      Collection right(arena_);
      const Items a = operand(node.a, scope, left);
      const Items b = operand(node.b, scope, right);
      if (failed_ || !steps(std::uint64_t{a.size} * b.size)) return Truth::kError;
      const bool alike = values_.equivalent(a, b);
      if (!steps(values_.take_work())) return Truth::kError;
      return truth_value(alike == (node.op == Op::kEquivalent));
    }
    case Op::kIn:
      return membership(node, node.a, node.b, scope);
    case Op::kContains:
      return membership(node, node.b, node.a, scope);
    case Op::kIs:
      return is_type(node.a, program_.types[node.b], scope);
    default:
      return compare_order(node, scope);
  }
}

Truth Evaluator::compare_order(const AstNode& node, const Scope& scope) {
  Item left;
  Item right;
  const Outcome first = value(node.a, scope, left);
  if (first == Outcome::kError) return Truth::kError;
  const Outcome second = value(node.b, scope, right);
  if (second == Outcome::kError) return Truth::kError;
  if (first == Outcome::kNone || second == Outcome::kNone) return Truth::kEmpty;
  const Compared order = values_.order(left, right);
  if (!steps(values_.take_work())) return Truth::kError;
  if (order == Compared::kEmpty) return Truth::kEmpty;
  if (order == Compared::kError)
    return error_truth(node, "these two values have no order: they are of different types");
  switch (node.op) {
    case Op::kLess:
      return truth_value(order == Compared::kLess);
    case Op::kLessOrEqual:
      return truth_value(order != Compared::kGreater);
    case Op::kGreater:
      return truth_value(order == Compared::kGreater);
    default:
      return truth_value(order != Compared::kLess);
  }
}

Truth Evaluator::membership(const AstNode& node, NodeId item_id, NodeId set_id, const Scope& scope) {
  Item item;
  const Outcome outcome = value(item_id, scope, item);
  if (outcome == Outcome::kError) return Truth::kError;
  if (outcome == Outcome::kNone) return Truth::kEmpty;
  Item plain;
  if (values_.to_system(item, plain) != Conversion::kValue) plain = item;
  bool found = false;
  const auto look = [&](const Item& candidate) {
    found = values_.equal(plain, candidate) == Truth::kTrue;
    return steps(values_.take_work()) && !found;
  };
  static_cast<void>(node);
  stream(set_id, scope, look);
  return failed_ ? Truth::kError : truth_value(found);
}

Truth Evaluator::is_type(NodeId input, const TypeSpecifier& type, const Scope& scope) {
  const AstNode& source = program_.node(input);
  Item item;
  // A reference says what it points to; it need not be followed for that.
  const bool through_reference = source.op == Op::kFunction && source.function == Function::kResolve;
  const Outcome outcome = value(through_reference ? source.a : input, scope, item);
  if (outcome == Outcome::kError) return Truth::kError;
  if (outcome == Outcome::kNone) return Truth::kEmpty;
  if (!through_reference) return truth_value(matches_type(item, type, false));
  const fhir::TypeId target = type_of_reference(item);
  if (failed_) return Truth::kError;
  if (target == fhir::kNoType) return Truth::kEmpty;
  return truth_value(type.type != fhir::kNoType && program_.model->is_a(target, type.type));
}

Outcome Evaluator::negated(const AstNode& node, const Scope& scope, Item& out) {
  Item item;
  const Outcome outcome = value(node.a, scope, item);
  if (outcome != Outcome::kOne) return outcome;
  Item operand;
  if (values_.to_system(item, operand) == Conversion::kEmpty) return Outcome::kNone;
  const bool minus = node.op == Op::kNegate;
  switch (operand.tag()) {
    case Tag::kInteger:
      if (minus && operand.as_integer() == INT32_MIN) return Outcome::kNone;
      return one(out, Item::integer(minus ? -operand.as_integer() : operand.as_integer()));
    case Tag::kLong:
      if (minus && operand.as_integer() == INT64_MIN) return Outcome::kNone;
      return one(out, Item::long_integer(minus ? -operand.as_integer() : operand.as_integer()));
    case Tag::kDecimal:
      return one(out, minus ? Item::decimal(negate(operand.as_decimal())) : operand);
    case Tag::kQuantity: {
      Quantity quantity = operand.as_quantity();
      if (minus) quantity.value = negate(quantity.value);
      return one(out, Item::quantity(arena_.make(quantity)));
    }
    default:
      return error(node, fmt::format("a sign before {}: only numbers and quantities have one", kind_of(operand)));
  }
}

Outcome Evaluator::concatenate(const AstNode& node, const Scope& scope, Item& out) {
  std::string_view parts[2];
  std::string_view* next = parts;
  for (const NodeId side : {node.a, node.b}) {
    std::string_view& text = *next++;
    Item item;
    const Outcome outcome = value(side, scope, item);
    if (outcome == Outcome::kError) return outcome;
    if (outcome == Outcome::kNone) continue;
    Item part;
    const Conversion conversion = values_.to_system(item, part);
    if (conversion == Conversion::kEmpty) continue;
    if (conversion == Conversion::kObject || part.tag() != Tag::kString)
      return error(node, fmt::format("& joins strings, here is {}", kind_of(part)));
    text = part.as_string();
  }
  return make_string(node, parts[0], parts[1], out);
}

Outcome Evaluator::arithmetic(const AstNode& node, const Scope& scope, Item& out) {
  Item sides[2];
  bool empty = false;
  for (int i = 0; i < 2; ++i) {
    Item item;
    const Outcome outcome = value(i == 0 ? node.a : node.b, scope, item);
    if (outcome == Outcome::kError) return outcome;
    empty = empty || outcome == Outcome::kNone || values_.to_system(item, sides[i]) == Conversion::kEmpty;
  }
  if (empty) return Outcome::kNone;
  const Item& left = sides[0];
  const Item& right = sides[1];
  if (left.is_number() && right.is_number()) return combine_numbers(node, left, right, out);
  const bool sum = node.op == Op::kAdd || node.op == Op::kSubtract;
  if (left.tag() == Tag::kString && right.tag() == Tag::kString && node.op == Op::kAdd) {
    return make_string(node, left.as_string(), right.as_string(), out);
  }
  if (left.is_temporal() && right.tag() == Tag::kQuantity && sum) return shift_date(node, left, right, out);
  const bool quantities =
      (left.tag() == Tag::kQuantity || left.is_number()) && (right.tag() == Tag::kQuantity || right.is_number());
  if (quantities) return combine_quantities(node, left, right, out);
  return error(node,
               fmt::format("{} cannot be applied to {} and {}", symbol_of(node.op), kind_of(left), kind_of(right)));
}

Outcome Evaluator::combine_integers(const AstNode& node, const Item& left, const Item& right, Item& out) {
  const std::int64_t a = left.as_integer();
  const std::int64_t b = right.as_integer();
  std::int64_t result = 0;
  bool overflow = false;
  switch (node.op) {
    case Op::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Op::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0 || (a == INT64_MIN && b == -1 && node.op == Op::kDiv)) return Outcome::kNone;
      if (node.op == Op::kDiv) {
        result = a / b;
      } else {
        result = b == -1 ? 0 : a % b;  // the least number divided by -1 does not fit
      }
  }
  if (overflow) return Outcome::kNone;
  if (left.tag() == Tag::kLong || right.tag() == Tag::kLong) return one(out, Item::long_integer(result));
  if (result < INT32_MIN || result > INT32_MAX) return Outcome::kNone;
  return one(out, Item::integer(result));
}

Outcome Evaluator::combine_numbers(const AstNode& node, const Item& left, const Item& right, Item& out) {
  if (left.tag() != Tag::kDecimal && right.tag() != Tag::kDecimal && node.op != Op::kDivide)
    return combine_integers(node, left, right, out);
  const Decimal a = left.as_decimal();
  const Decimal b = right.as_decimal();
  std::optional<Decimal> result;
  switch (node.op) {
    case Op::kAdd:
      result = add(a, b);
      break;
    case Op::kSubtract:
      result = subtract(a, b);
      break;
    case Op::kMultiply:
      result = multiply(a, b);
      break;
    case Op::kDivide:
      result = divide(a, b);
      break;
    default: {
      const auto parts = divide_integral(a, b);
      if (!parts) return Outcome::kNone;
      if (node.op == Op::kMod) return one(out, Item::decimal(parts->remainder));
      const auto whole = parts->quotient.to_integer();
      if (!whole || *whole < INT32_MIN || *whole > INT32_MAX) return Outcome::kNone;
      return one(out, Item::integer(*whole));
    }
  }
  if (!result) return Outcome::kNone;
  return one(out, Item::decimal(*result));
}

Outcome Evaluator::combine_quantities(const AstNode& node, const Item& left, const Item& right, Item& out) {
  const Quantity* a = values_.quantity_of(left);
  const Quantity* b = values_.quantity_of(right);
  switch (node.op) {
    case Op::kAdd:
      return make_quantity(add(*a, *b, false), out);
    case Op::kSubtract:
      return make_quantity(add(*a, *b, true), out);
    case Op::kMultiply:
      return make_quantity(multiply(*a, *b), out);
    case Op::kDivide:
      return make_quantity(divide(*a, *b), out);
    default:
      return error(node, fmt::format("{} is not defined for quantities", symbol_of(node.op)));
  }
}

Outcome Evaluator::shift_date(const AstNode& node, const Item& date, const Item& amount, Item& out) {
  const Quantity& quantity = amount.as_quantity();
  auto unit = quantity.calendar;
  if (!unit) unit = calendar_unit(quantity.unit);
  if (!unit && quantity.unit != "a" && quantity.unit != "mo") unit = calendar_unit_of_ucum(quantity.unit);
  if (!unit) {
    return error(
        node, fmt::format("'{}' is no unit to add to a date; use years, months, weeks, days, hours, minutes, seconds",
                          quantity.unit));
  }
  const auto result = add(date.as_temporal(), date.temporal_kind(),
                          node.op == Op::kAdd ? quantity.value : negate(quantity.value), *unit);
  if (!result) return error(node, "the resulting date is outside the years 1 to 9999");
  return one(out, Item::temporal(date.temporal_kind(), *result));
}

}  // namespace embergate::fhirpath
