// SPDX-License-Identifier: Apache-2.0
// Units of quantities: UCUM expressions over a table of common atoms, and the calendar words of the language.
// Thread: pure functions. Failure: a unit that is not known compares only with the same text; what cannot be computed
// gives nullopt.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fhirpath/decimal.hpp"
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

// What a unit measures: base = (value + offset) * numerator / denominator in the base units of `dimensions`.
struct Measure {
  Decimal numerator{1, 0};
  Decimal denominator{1, 0};
  Decimal offset;
  std::array<std::int8_t, 9> dimensions{};  // m g s K C cd rad mol, calendar months
  bool special = false;                     // offset units: no multiplication
};
std::optional<Measure> measure_of_ucum(std::string_view unit);
// `as_ucum`: year and month count as the UCUM units a and mo (equivalence).
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
std::optional<OwnedQuantity> add(const Quantity& left, const Quantity& right, bool subtract);
std::optional<OwnedQuantity> multiply(const Quantity& left, const Quantity& right);
std::optional<OwnedQuantity> divide(const Quantity& left, const Quantity& right);

}  // namespace embergate::fhirpath
