// SPDX-License-Identifier: Apache-2.0
// Parts of dates and times, and how far apart two of them are.
#include <fmt/format.h>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {
namespace {

// The field a function asks for; nullopt: the value is not that precise.
std::optional<std::int64_t> field_of(Function function, const Temporal& value, bool is_time) {
  const auto known = [&](Precision precision, std::int64_t field) {
    const bool is_date_field = precision < Precision::kHour;
    return value.precision < precision || (is_time && is_date_field) ? std::nullopt : std::optional(field);
  };
  switch (function) {
    case Function::kYearOf:
      return known(Precision::kYear, value.year);
    case Function::kMonthOf:
      return known(Precision::kMonth, value.month);
    case Function::kDayOf:
      return known(Precision::kDay, value.day);
    case Function::kHourOf:
      return known(Precision::kHour, value.hour);
    case Function::kMinuteOf:
      return known(Precision::kMinute, value.minute);
    case Function::kSecondOf:
      return known(Precision::kSecond, value.second);
    default:
      return known(Precision::kMillisecond, value.nanoseconds / 1'000'000);
  }
}

Outcome offset_of(const Temporal& value, Item& out) {
  if (!value.has_offset()) return Outcome::kNone;
  const auto hours = divide(Decimal::from_integer(value.offset), Decimal::from_integer(60));
  const Decimal exact = hours->normalized();
  out = Item::decimal(exact.scale > 0 ? exact : *exact.with_scale(1));
  return Outcome::kOne;
}

Item date_of(Temporal value) {
  if (value.has_time()) value.precision = Precision::kDay;
  value.offset = kNoOffset;
  return Item::temporal(TemporalKind::kDate, value);
}

Item time_of(Temporal value) {
  value.offset = kNoOffset;
  return Item::temporal(TemporalKind::kTime, value);
}

}  // namespace

Outcome Evaluator::temporal_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  Item value;
  const Conversion conversion = values_.to_system(input, value);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  if (conversion == Conversion::kObject || !value.is_temporal())
    return error(node, fmt::format("{}() works on a date or time", info_of(node.function).name));
  const Temporal moment = value.as_temporal();
  const bool is_time = value.tag() == Tag::kTime;
  switch (node.function) {
    case Function::kDuration:
    case Function::kDifference:
      return span_function(node, value, scope, out);
    case Function::kTimezoneOffsetOf:
      return offset_of(moment, out);
    case Function::kDateOf:
      return is_time ? Outcome::kNone : one(out, date_of(moment));
    case Function::kTimeOf:
      return moment.has_time() ? one(out, time_of(moment)) : Outcome::kNone;
    default: {
      const auto field = field_of(node.function, moment, is_time);
      return field ? one(out, Item::integer(*field)) : Outcome::kNone;
    }
  }
}

Outcome Evaluator::span_function(const AstNode& node, const Item& from, const Scope& scope, Item& out) {
  const std::string_view name = info_of(node.function).name;
  Item other;
  Outcome outcome = value(argument(node, 0), scope, other);
  if (outcome != Outcome::kOne) return outcome;
  std::string_view word;
  outcome = argument_string(node, 1, scope, word);
  if (outcome != Outcome::kOne) return outcome;
  Item to;
  if (values_.to_system(other, to) == Conversion::kEmpty) return Outcome::kNone;
  const bool is_time = from.tag() == Tag::kTime;
  if (!to.is_temporal() || (to.tag() == Tag::kTime) != is_time)
    return error(node, fmt::format("{}() needs two dates or two times", name));
  const auto unit = calendar_unit(word);
  const bool of_dates = from.tag() == Tag::kDate || to.tag() == Tag::kDate;
  if (!unit || (is_time && *unit < CalendarUnit::kHour) || (of_dates && *unit >= CalendarUnit::kHour)) {
    return error(node, fmt::format("{}() cannot count '{}' here; use year, month, week, day for dates, hour, minute, "
                                   "second, millisecond for times, all of them for date and time",
                                   name, word));
  }
  // A date beside a date and time: only the dates are compared.
  const auto part = [&](const Item& item) { return of_dates ? date_of(item.as_temporal()) : item; };
  const Item left = part(from);
  const Item right = part(to);
  const auto count = node.function == Function::kDuration
                         ? whole_periods(left.as_temporal(), right.as_temporal(), left.temporal_kind(), *unit)
                         : boundaries_crossed(left.as_temporal(), right.as_temporal(), left.temporal_kind(), *unit);
  if (!count) return Outcome::kNone;
  const bool fits = *count >= INT32_MIN && *count <= INT32_MAX;
  return one(out, fits ? Item::integer(*count) : Item::long_integer(*count));
}

}  // namespace embergate::fhirpath
