// SPDX-License-Identifier: Apache-2.0
// Functions of one value: dispatch, conversions, mathematics, boundaries.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "fhirpath/evaluator.hpp"
#include "fhirpath/text.hpp"

namespace embergate::fhirpath {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  const std::string lower = changed_case(text, false);
  return std::find(words.begin(), words.end(), lower) != words.end();
}

// "[+-]digits": Decimal::parse would take exponents and fractions too.
bool is_integer_text(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Item> to_boolean(const Item& value) {
  switch (value.tag()) {
    case Tag::kBoolean:
      return value;
    case Tag::kInteger:
    case Tag::kLong:
    case Tag::kDecimal: {
      const Decimal number = value.as_decimal();
      if (compare(number, Decimal{1, 0}) == 0) return Item::boolean(true);
      return number.is_zero() ? std::optional(Item::boolean(false)) : std::nullopt;
    }
    case Tag::kString:
      if (is_one_of(value.as_string(), {"true", "t", "yes", "y", "1", "1.0"})) return Item::boolean(true);
      if (is_one_of(value.as_string(), {"false", "f", "no", "n", "0", "0.0"})) return Item::boolean(false);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Item> to_whole(const Item& value, bool is_long) {
  std::optional<std::int64_t> number;
  if (value.tag() == Tag::kBoolean) number = value.as_boolean() ? 1 : 0;
  if (value.tag() == Tag::kInteger || value.tag() == Tag::kLong) number = value.as_integer();
  if (value.tag() == Tag::kString && is_integer_text(value.as_string())) {
    const auto decimal = Decimal::parse(value.as_string());
    if (decimal) number = decimal->to_integer();
  }
  if (!number) return std::nullopt;
  if (is_long) return Item::long_integer(*number);
  if (*number < INT32_MIN || *number > INT32_MAX) return std::nullopt;
  return Item::integer(*number);
}

std::optional<Item> to_decimal(const Item& value) {
  if (value.is_number()) return Item::decimal(value.as_decimal());
  if (value.tag() == Tag::kBoolean) return Item::decimal(Decimal{value.as_boolean() ? 10 : 0, 1});
  if (value.tag() != Tag::kString || value.as_string().find_first_of("eE") != std::string_view::npos)
    return std::nullopt;
  const auto decimal = Decimal::parse(value.as_string());
  return decimal ? std::optional(Item::decimal(*decimal)) : std::nullopt;
}

std::optional<Item> to_temporal(const Item& value, TemporalKind wanted) {
  if (value.tag() == Tag::kString) {
    const std::string_view text = value.as_string();
    const auto parsed = wanted == TemporalKind::kTime ? parse_time(text) : parse_date_time(text);
    if (!parsed) return std::nullopt;
    if (wanted == TemporalKind::kDate && parsed->has_time()) return std::nullopt;
    return Item::temporal(wanted, *parsed);
  }
  if (!value.is_temporal() || (value.tag() == Tag::kTime) != (wanted == TemporalKind::kTime)) return std::nullopt;
  Temporal moment = value.as_temporal();
  if (wanted == TemporalKind::kDate && moment.has_time()) {
    moment.precision = Precision::kDay;
    moment.offset = kNoOffset;
  }
  return Item::temporal(wanted, moment);
}

struct ParsedQuantity {
  Decimal value;
  std::string_view unit;
  std::optional<CalendarUnit> calendar;
};

// A number, and after it a UCUM unit in quotes or a calendar word.
std::optional<ParsedQuantity> parse_quantity(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("+-.0123456789"), text.size());
  const auto number = Decimal::parse(text.substr(0, end));
  if (!number) return std::nullopt;
  const std::string_view unit = trimmed(text.substr(end));
  if (unit.empty()) return ParsedQuantity{*number, "1", std::nullopt};
  if (unit.size() > 2 && unit.front() == '\'' && unit.back() == '\'')
    return ParsedQuantity{*number, unit.substr(1, unit.size() - 2), std::nullopt};
  const auto calendar = calendar_unit(unit);
  if (!calendar) return std::nullopt;
  return ParsedQuantity{*number, unit, calendar};
}

bool is_convert(Function function) {
  return function >= Function::kToBoolean && function <= Function::kConvertsToQuantity;
}
bool is_string_function(Function function) { return function >= Function::kIndexOf && function <= Function::kTrim; }
bool is_math(Function function) { return function >= Function::kAbs && function <= Function::kTruncate; }

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
  if (is_string_function(node.function)) return string_function(node, input, scope, out);
  if (is_convert(node.function)) return convert(node, input, scope, out);
  if (is_math(node.function)) return math_function(node, input, scope, out);
  if (node.function == kConformsTo) return conforms(node, input, scope, out);
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

Outcome Evaluator::convert(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  using enum Function;
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  std::optional<Item> result;
  const bool only_asks = node.function >= kConvertsToBoolean;
  if (conversion == Conversion::kValue) {
    switch (node.function) {
      case kToBoolean:
      case kConvertsToBoolean:
        result = to_boolean(value);
        break;
      case kToInteger:
      case kConvertsToInteger:
        result = to_whole(value, false);
        break;
      case kToLong:
      case kConvertsToLong:
        result = to_whole(value, true);
        break;
      case kToDecimal:
      case kConvertsToDecimal:
        result = to_decimal(value);
        break;
      case kToDate:
      case kConvertsToDate:
        result = to_temporal(value, TemporalKind::kDate);
        break;
      case kToDateTime:
      case kConvertsToDateTime:
        result = to_temporal(value, TemporalKind::kDateTime);
        break;
      case kToTime:
      case kConvertsToTime:
        result = to_temporal(value, TemporalKind::kTime);
        break;
      case kToString:
      case kConvertsToString: {
        const auto text = values_.text_of(value);
        if (text && make_string(node, *text, out) == Outcome::kError) return Outcome::kError;
        if (text) result = out;
        break;
      }
      default: {
        std::optional<ParsedQuantity> quantity;
        if (value.tag() == Tag::kQuantity) result = value;
        if (value.is_number()) quantity = ParsedQuantity{value.as_decimal(), "1", std::nullopt};
        if (value.tag() == Tag::kBoolean)
          quantity = ParsedQuantity{Decimal{value.as_boolean() ? 1 : 0, 0}, "1", std::nullopt};
        if (value.tag() == Tag::kString) quantity = parse_quantity(value.as_string());
        if (quantity)
          result = Item::quantity(arena_.make(Quantity{quantity->value, quantity->unit, quantity->calendar}));
        if (!result || node.count == 0) break;
        std::string_view unit;
        const Outcome given = argument_string(node, 0, scope, unit);
        if (given != Outcome::kOne) return given;
        const Quantity wanted{Decimal{1, 0}, unit, calendar_unit(unit)};
        if (!comparable(result->as_quantity(), wanted)) result.reset();
      }
    }
  }
  if (only_asks) return one(out, Item::boolean(result.has_value()));
  return result ? one(out, *result) : Outcome::kNone;
}

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

Outcome Evaluator::boundary_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  using enum Function;
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  if (node.function == kComparable) {
    Item other;
    const Outcome outcome = this->value(argument(node, 0), scope, other);
    if (outcome != Outcome::kOne) return outcome;
    Item converted;
    if (values_.to_system(other, converted) == Conversion::kEmpty) return Outcome::kNone;
    const Quantity* left = conversion == Conversion::kValue ? values_.quantity_of(value) : nullptr;
    const Quantity* right = values_.quantity_of(converted);
    if (!left || !right) return error(node, "comparable() works on quantities");
    return one(out, Item::boolean(comparable(*left, *right)));
  }
  if (conversion == Conversion::kObject)
    return error(node, fmt::format("{}() works on a value", info_of(node.function).name));
  const bool is_number = value.is_number() || value.tag() == Tag::kQuantity;
  if (node.function == kPrecision) {
    if (value.is_temporal())
      return one(out, Item::integer(precision_digits(value.as_temporal(), value.temporal_kind())));
    if (value.is_number()) return one(out, Item::integer(value.as_decimal().scale));
    return error(node, "precision() works on numbers, dates and times");
  }
  const bool high = node.function == kHighBoundary;
  if (!is_number && !value.is_temporal()) return error(node, "boundaries are of numbers, dates and times");
  std::int64_t digits = is_number ? 8 : (value.tag() == Tag::kDate ? 8 : (value.tag() == Tag::kTime ? 9 : 17));
  if (node.count == 1) {
    const Outcome outcome = argument_integer(node, 0, scope, digits);
    if (outcome != Outcome::kOne) return outcome;
  }
  if (digits < 0 || digits > 31) return Outcome::kNone;
  if (!is_number) {
    const auto result = boundary(value.as_temporal(), value.temporal_kind(), static_cast<int>(digits), high);
    return result ? one(out, Item::temporal(value.temporal_kind(), *result)) : Outcome::kNone;
  }
  const Decimal number = value.tag() == Tag::kQuantity ? value.as_quantity().value : value.as_decimal();
  const bool negative = number.is_negative();
  const auto tenfold = number.with_scale(number.scale + 1);
  if (!tenfold || number.scale >= Decimal::kMaxScale) return Outcome::kNone;
  // Half a unit of the last written digit, away from zero for the outer side of a negative number.
  Decimal edge = *tenfold;
  edge.mantissa += high ? 5 : -5;
  const bool outward = high != negative;
  std::optional<Decimal> result;
  if (outward || digits >= edge.scale) {
    result = edge.with_scale(static_cast<int>(digits));
  } else {
    result = Decimal{edge.mantissa, edge.scale};
    while (result->scale > digits) result = Decimal{result->mantissa / 10, result->scale - 1};
  }
  if (!result) return Outcome::kNone;
  if (value.tag() != Tag::kQuantity) return one(out, Item::decimal(*result));
  Quantity quantity = value.as_quantity();
  quantity.value = *result;
  return one(out, Item::quantity(arena_.make(quantity)));
}

}  // namespace embergate::fhirpath
