// SPDX-License-Identifier: Apache-2.0
// What a UCUM unit measures (UCUM 1.9, units_data.inc): a factor to base units, the dimensions, and for arbitrary and
// logarithmic units a kind of their own. Thread: pure functions; parsed units are kept by thread, at most kCachedUnits.
// Failure: a text that is no UCUM expression, or one that is too large, gives nullopt.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fhirpath/factor.hpp"

namespace embergate::fhirpath {

// base = (value + offset) * factor in the base units of `dimensions`.
struct Measure {
  // Units that are their own kind: an international unit is comparable with international units only.
  struct Own {
    std::uint16_t kind = 0;  // 0: free
    std::int8_t exponent = 0;
    friend bool operator==(const Own&, const Own&) = default;
  };
  static constexpr std::size_t kDimensions = 8;  // m g s K C cd rad, calendar months

  Factor factor;
  Decimal offset;
  std::array<std::int8_t, kDimensions> dimensions{};
  std::array<Own, 3> own{};  // in the order of their kinds
  std::int8_t amount = 0;    // mol: a number by UCUM, kept apart for exactness and for names
  bool special = false;      // on no ratio scale: no multiplication, no conversion

  [[nodiscard]] bool commensurable(const Measure& other) const {
    return dimensions == other.dimensions && own == other.own;
  }
};
inline constexpr std::size_t kCalendarMonth = 7;
inline constexpr std::size_t kCachedUnits = 256;

std::optional<Measure> measure_of_ucum(std::string_view unit);
// nullopt: a special unit, too many kinds, or too large.
std::optional<Measure> combine(const Measure& left, const Measure& right, bool divide);
// Left's unit in right's; both commensurable.
std::optional<Factor> ratio(const Measure& left, const Measure& right);
// "kg.m-2" as far as base units can say it: "g.m-2".
std::string base_unit_of(const Measure& measure);

}  // namespace embergate::fhirpath
