// SPDX-License-Identifier: Apache-2.0
// Conversions: toX() and convertsToX(), which asks whether toX() would give something.
#include <fmt/format.h>

#include <algorithm>
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

// convertsToX is asked of the same code as toX.
Function target_of(Function function) {
  constexpr int kApart = static_cast<int>(Function::kConvertsToBoolean) - static_cast<int>(Function::kToBoolean);
  if (function < Function::kConvertsToBoolean) return function;
  return static_cast<Function>(static_cast<int>(function) - kApart);
}

}  // namespace

Outcome Evaluator::convert(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  const bool only_asks = node.function >= Function::kConvertsToBoolean;
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) {
    const bool as_text = target_of(node.function) == Function::kToString;
    const std::string_view huge = as_text ? values_.text_of_huge(input) : std::string_view();
    if (huge.empty()) return Outcome::kNone;
    return one(out, only_asks ? Item::boolean(true) : Item::string(huge));
  }
  constexpr std::size_t kBytesPerStep = 64;
  if (conversion == Conversion::kValue && value.tag() == Tag::kString &&
      !steps(value.as_string().size() / kBytesPerStep))
    return Outcome::kError;
  std::optional<Item> result;
  if (conversion == Conversion::kValue && !converted(node, value, scope, result)) return Outcome::kError;
  if (only_asks) return one(out, Item::boolean(result.has_value()));
  return result ? one(out, *result) : Outcome::kNone;
}

// False: an error.
bool Evaluator::converted(const AstNode& node, const Item& value, const Scope& scope, std::optional<Item>& out) {
  using enum Function;
  switch (target_of(node.function)) {
    case kToBoolean:
      out = to_boolean(value);
      return true;
    case kToInteger:
      out = to_whole(value, false);
      return true;
    case kToLong:
      out = to_whole(value, true);
      return true;
    case kToDecimal:
      out = to_decimal(value);
      return true;
    case kToDate:
      return converted_date(node, value, TemporalKind::kDate, scope, out);
    case kToDateTime:
      return converted_date(node, value, TemporalKind::kDateTime, scope, out);
    case kToTime:
      out = to_temporal(value, TemporalKind::kTime);
      return true;
    case kToString: {
      const auto text = values_.text_of(value);
      Item item;
      if (text && make_string(node, *text, item) == Outcome::kError) return false;
      if (text) out = item;
      return true;
    }
    default:
      return converted_quantity(node, value, scope, out);
  }
}

bool Evaluator::converted_date(const AstNode& node, const Item& value, TemporalKind kind, const Scope& scope,
                               std::optional<Item>& out) {
  if (node.count == 0 || value.tag() != Tag::kString) {
    out = to_temporal(value, kind);
    return true;
  }
  std::string_view format;
  const Outcome given = argument_string(node, 0, scope, format);
  if (given != Outcome::kOne) return given == Outcome::kNone;
  bool known = true;
  const auto parsed = parse_formatted(value.as_string(), format, known);
  if (!known) {
    return fail(node.position,
                fmt::format("the format '{}' has a letter that is not known; known are y M d h H m s S a Z", format));
  }
  if (parsed) out = to_temporal(Item::temporal(TemporalKind::kDateTime, *parsed), kind);
  return true;
}

bool Evaluator::converted_quantity(const AstNode& node, const Item& value, const Scope& scope,
                                   std::optional<Item>& out) {
  std::optional<ParsedQuantity> quantity;
  if (value.tag() == Tag::kQuantity) out = value;
  if (value.is_number()) quantity = ParsedQuantity{value.as_decimal(), "1", std::nullopt};
  if (value.tag() == Tag::kBoolean)
    quantity = ParsedQuantity{Decimal{value.as_boolean() ? 10 : 0, 1}, "1", std::nullopt};
  if (value.tag() == Tag::kString) quantity = parse_quantity(value.as_string());
  if (quantity) out = Item::quantity(arena_.make(Quantity{quantity->value, quantity->unit, quantity->calendar}));
  if (!out || node.count == 0) return true;
  std::string_view unit;
  const Outcome given = argument_string(node, 0, scope, unit);
  if (given == Outcome::kError) return false;
  const auto in_unit = given == Outcome::kOne ? in_unit_of(out->as_quantity(), unit) : std::nullopt;
  Item item;
  if (make_quantity(in_unit, item) == Outcome::kOne) {
    out = item;
  } else {
    out.reset();
  }
  return true;
}

}  // namespace embergate::fhirpath
