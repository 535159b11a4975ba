// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/units.hpp"

#include <fmt/format.h>

#include "fhirpath/measure.hpp"

namespace embergate::fhirpath {
namespace {

std::optional<Measure> measure_of_calendar(CalendarUnit unit) {
  Measure result;
  if (unit == CalendarUnit::kYear || unit == CalendarUnit::kMonth) {
    result.factor.numerator = unit == CalendarUnit::kYear ? 12 : 1;
    result.dimensions[kCalendarMonth] = 1;
    return result;
  }
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  return measure_of_ucum(kCodes[static_cast<std::size_t>(unit)]);
}

// By the calendar's own numbers: a year has 12 months or 365 days, a month 30 days.
std::optional<Decimal> between_calendar_units(const Decimal& value, CalendarUnit from, CalendarUnit to) {
  static constexpr std::int64_t kMilliseconds[] = {31'536'000'000, 2'592'000'000, 604'800'000, 86'400'000,
                                                   3'600'000,      60'000,        1'000,       1};
  std::int64_t numerator = kMilliseconds[static_cast<std::size_t>(from)];
  std::int64_t denominator = kMilliseconds[static_cast<std::size_t>(to)];
  if (from == CalendarUnit::kYear && to == CalendarUnit::kMonth) numerator = 12 * denominator;
  if (from == CalendarUnit::kMonth && to == CalendarUnit::kYear) denominator = 12 * numerator;
  const auto scaled = multiply(value, Decimal::from_integer(numerator));
  return scaled ? divide(*scaled, Decimal::from_integer(denominator)) : std::nullopt;
}

// -1, 0, 1 for which of the two units is the larger one.
int compare_factors(const Measure& left, const Measure& right) {
  const auto factor = ratio(left, right);
  return factor ? compare_scaled(Decimal{1, 0}, *factor, Decimal{1, 0}) : 0;
}

std::optional<Decimal> converted(const Decimal& value, const Measure& from, const Measure& to) {
  const auto moved = add(value, from.offset);
  const auto factor = ratio(from, to);
  const auto result = moved && factor ? scaled(*moved, *factor) : std::nullopt;
  return result ? subtract(*result, to.offset) : std::nullopt;
}

std::optional<OwnedQuantity> product(const Quantity& left, const Quantity& right, bool divides) {
  const auto compute = [divides](const Decimal& a, const Decimal& b) {
    return divides ? divide(a, b) : multiply(a, b);
  };
  if (right.unit == "1" || (!divides && left.unit == "1")) {
    const auto value = compute(left.value, right.value);
    if (!value) return std::nullopt;
    const Quantity& named = right.unit == "1" ? left : right;
    return OwnedQuantity{*value, std::string(named.unit), named.calendar};
  }
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || a->dimensions[kCalendarMonth] != 0 || b->dimensions[kCalendarMonth] != 0) return std::nullopt;
  const auto measure = combine(*a, *b, divides);
  const auto base_a = scaled(left.value, a->factor);
  const auto base_b = scaled(right.value, b->factor);
  if (!measure || !base_a || !base_b) return std::nullopt;
  const auto value = compute(*base_a, *base_b);
  if (!value) return std::nullopt;
  return OwnedQuantity{*value, base_unit_of(*measure), std::nullopt};
}

}  // namespace

std::optional<CalendarUnit> calendar_unit(std::string_view word) {
  static constexpr std::string_view kWords[] = {"year", "month",  "week",   "day",
                                                "hour", "minute", "second", "millisecond"};
  if (word.ends_with('s')) word.remove_suffix(1);
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (word == kWords[i]) return static_cast<CalendarUnit>(i);
  }
  return std::nullopt;
}

std::optional<CalendarUnit> calendar_unit_of_ucum(std::string_view code) {
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  for (std::size_t i = 0; i < std::size(kCodes); ++i) {
    if (code == kCodes[i]) return static_cast<CalendarUnit>(i);
  }
  return std::nullopt;
}

std::string_view ucum_code_of(CalendarUnit unit) {
  static constexpr std::string_view kCodes[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  return kCodes[static_cast<std::size_t>(unit)];
}

std::string to_string(const Quantity& quantity) {
  if (quantity.calendar) return fmt::format("{} {}", quantity.value.to_string(), quantity.unit);
  return fmt::format("{} '{}'", quantity.value.to_string(), quantity.unit);
}

std::optional<Measure> measure_of(const Quantity& quantity, bool as_ucum) {
  if (!quantity.calendar) return measure_of_ucum(quantity.unit);
  if (as_ucum && *quantity.calendar == CalendarUnit::kYear) return measure_of_ucum("a");
  if (as_ucum && *quantity.calendar == CalendarUnit::kMonth) return measure_of_ucum("mo");
  return measure_of_calendar(*quantity.calendar);
}

bool comparable(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return true;
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  return a && b && a->commensurable(*b);
}

std::optional<int> compare(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return compare(left.value, right.value);
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || !a->commensurable(*b)) return std::nullopt;
  const auto moved_a = add(left.value, a->offset);
  const auto moved_b = add(right.value, b->offset);
  const auto factor = ratio(*a, *b);
  if (!moved_a || !moved_b || !factor) return std::nullopt;
  return compare_scaled(*moved_a, *factor, *moved_b);
}

bool equivalent(const Quantity& left, const Quantity& right) {
  if (left.unit == right.unit && left.calendar == right.calendar) return equivalent(left.value, right.value);
  const auto a = measure_of(left, true);
  const auto b = measure_of(right, true);
  if (!a || !b || !a->commensurable(*b)) return false;
  const bool left_is_coarser = compare_factors(*a, *b) >= 0;
  const auto moved = left_is_coarser ? converted(right.value, *b, *a) : converted(left.value, *a, *b);
  return moved && equivalent(left_is_coarser ? left.value : right.value, *moved);
}

std::optional<OwnedQuantity> in_unit_of(const Quantity& value, std::string_view unit) {
  const auto word = calendar_unit(unit);
  if (value.unit == unit || (value.unit == "1" && !value.calendar))
    return OwnedQuantity{value.value, std::string(unit), word};
  const auto target = word ? word : calendar_unit_of_ucum(unit);
  std::optional<Decimal> result;
  if (value.calendar && target) {
    result = between_calendar_units(value.value, *value.calendar, *target);
  } else {
    // A UCUM duration goes to the UCUM unit that the word stands for.
    const auto from = measure_of(value);
    const auto to = measure_of_ucum(word ? ucum_code_of(*word) : unit);
    if (from && to && from->commensurable(*to) && !from->special && !to->special)
      result = converted(value.value, *from, *to);
  }
  if (!result) return std::nullopt;
  return OwnedQuantity{result->normalized(), std::string(unit), word};
}

std::optional<OwnedQuantity> add(const Quantity& left, const Quantity& right, bool subtracts) {
  const auto compute = [subtracts](const Decimal& a, const Decimal& b) {
    return subtracts ? subtract(a, b) : add(a, b);
  };
  if (left.unit == right.unit && left.calendar == right.calendar) {
    const auto sum = compute(left.value, right.value);
    if (!sum) return std::nullopt;
    return OwnedQuantity{*sum, std::string(left.unit), left.calendar};
  }
  const auto a = measure_of(left);
  const auto b = measure_of(right);
  if (!a || !b || !a->commensurable(*b) || a->special || b->special) return std::nullopt;
  const bool left_is_finer = compare_factors(*a, *b) <= 0;
  const auto x = left_is_finer ? std::optional(left.value) : converted(left.value, *a, *b);
  const auto y = left_is_finer ? converted(right.value, *b, *a) : std::optional(right.value);
  const auto sum = x && y ? compute(*x, *y) : std::nullopt;
  if (!sum) return std::nullopt;
  const Quantity& finer = left_is_finer ? left : right;
  return OwnedQuantity{*sum, std::string(finer.unit), finer.calendar};
}

std::optional<OwnedQuantity> multiply(const Quantity& left, const Quantity& right) {
  return product(left, right, false);
}
std::optional<OwnedQuantity> divide(const Quantity& left, const Quantity& right) { return product(left, right, true); }

}  // namespace embergate::fhirpath
