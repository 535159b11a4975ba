// SPDX-License-Identifier: Apache-2.0
// Quantities: values with a UCUM unit or one of the calendar words of the language.
// Thread: pure functions. Failure: a unit that is not known compares only with the same text; what cannot be computed
// gives nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fhirpath/decimal.hpp"
#include "fhirpath/measure.hpp"
#include "fhirpath/temporal.hpp"

namespace embergate::fhirpath {

struct Quantity {
  Decimal value;
  std::string_view unit;                 // UCUM text, or the calendar word as written; borrowed
  std::optional<CalendarUnit> calendar;  // set when `unit` is a calendar word
};

std::optional<CalendarUnit> calendar_unit(std::string_view word);          // year, years, ..., milliseconds
std::optional<CalendarUnit> calendar_unit_of_ucum(std::string_view code);  // a mo wk d h min s ms
std::string_view ucum_code_of(CalendarUnit unit);                          // the other way round
std::string to_string(const Quantity& quantity);                           // 1 'wk', 1 week

// What the unit of a quantity measures. `as_ucum`: year and month count as the UCUM units a and mo (equivalence).
std::optional<Measure> measure_of(const Quantity& quantity, bool as_ucum = false);

bool comparable(const Quantity& left, const Quantity& right);
// -1, 0, 1; nullopt: not comparable.
std::optional<int> compare(const Quantity& left, const Quantity& right);
bool equivalent(const Quantity& left, const Quantity& right);

struct OwnedQuantity {
  Decimal value;
  std::string unit;
  std::optional<CalendarUnit> calendar;
};
// `value` in another unit, a UCUM code or a calendar word; a value of unit 1 takes the unit as it is. nullopt: of
// another kind, or a special unit.
std::optional<OwnedQuantity> in_unit_of(const Quantity& value, std::string_view unit);
std::optional<OwnedQuantity> add(const Quantity& left, const Quantity& right, bool subtract);
std::optional<OwnedQuantity> multiply(const Quantity& left, const Quantity& right);
std::optional<OwnedQuantity> divide(const Quantity& left, const Quantity& right);

}  // namespace embergate::fhirpath
