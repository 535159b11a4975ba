// SPDX-License-Identifier: Apache-2.0
// Mathematics, on numbers and on quantities.
#include <fmt/format.h>

#include <cmath>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {

Outcome Evaluator::math_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  using enum Function;
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  const bool is_quantity = conversion == Conversion::kValue && value.tag() == Tag::kQuantity;
  if (conversion == Conversion::kObject || (!value.is_number() && !is_quantity)) {
    return error(node, fmt::format("{}() works on a number", info_of(node.function).name));
  }
  const Decimal number = is_quantity ? value.as_quantity().value : value.as_decimal();
  const auto give = [&](const std::optional<Decimal>& result, bool integral) {
    if (!result) return Outcome::kNone;
    if (is_quantity) {
      Quantity quantity = value.as_quantity();
      quantity.value = *result;
      return one(out, Item::quantity(arena_.make(quantity)));
    }
    if (integral) {
      const auto whole = result->to_integer();
      if (whole && *whole >= INT32_MIN && *whole <= INT32_MAX) return one(out, Item::integer(*whole));
      if (whole && value.tag() == Tag::kLong) return one(out, Item::long_integer(*whole));
      return Outcome::kNone;
    }
    return one(out, Item::decimal(*result));
  };
  const bool is_whole = value.tag() == Tag::kInteger || value.tag() == Tag::kLong;
  const Decimal whole = number.truncated();
  const bool exact = compare(whole, number) == 0;
  const long double real = number.to_real();
  switch (node.function) {
    case kAbs:
      return give(number.is_negative() ? negate(number) : number, is_whole);
    case kTruncate:
      return give(whole, true);
    case kFloor:
      return give(exact || !number.is_negative() ? std::optional(whole) : subtract(whole, Decimal{1, 0}), true);
    case kCeiling:
      return give(exact || number.is_negative() ? std::optional(whole) : add(whole, Decimal{1, 0}), true);
    case kRound: {
      std::int64_t digits = 0;
      if (node.count == 1) {
        const Outcome outcome = argument_integer(node, 0, scope, digits);
        if (outcome != Outcome::kOne) return outcome;
      }
      if (digits < 0) return error(node, "round() needs a precision of 0 or more");
      if (digits >= number.scale) return give(number, false);
      return give(number.with_scale(static_cast<int>(digits)), false);
    }
    case kExp:
      return give(Decimal::from_real(std::exp(real)), false);
    case kLn:
      return real <= 0 ? Outcome::kNone : give(Decimal::from_real(std::log(real)), false);
    case kSqrt:
      return real < 0 ? Outcome::kNone : give(Decimal::from_real(std::sqrt(real)), false);
    default:
      break;
  }
  Item argument_item;
  const Outcome outcome = this->value(argument(node, 0), scope, argument_item);
  if (outcome != Outcome::kOne) return outcome;
  Item operand;
  if (values_.to_system(argument_item, operand) == Conversion::kEmpty) return Outcome::kNone;
  if (!operand.is_number())
    return error(node, fmt::format("{}() needs a number as argument", info_of(node.function).name));
  const long double other = operand.as_decimal().to_real();
  if (node.function == kLog) {
    if (real <= 0 || other <= 0 || other == 1) return Outcome::kNone;
    return give(Decimal::from_real(std::log(real) / std::log(other)), false);
  }
  constexpr std::int64_t kExactPowers = 64;
  const auto exponent = operand.as_decimal().to_integer();
  if (exponent && *exponent >= 0 && *exponent <= kExactPowers) {
    std::optional<Decimal> result = Decimal{1, 0};
    for (std::int64_t i = 0; result && i < *exponent; ++i) result = multiply(*result, number);
    return give(result, is_whole && operand.tag() != Tag::kDecimal);
  }
  return give(Decimal::from_real(std::pow(real, other)), false);
}

}  // namespace embergate::fhirpath
