// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/units.hpp"

#include <gtest/gtest.h>

namespace embergate::fhirpath {
namespace {

Quantity quantity(const char* value, std::string_view unit) {
  return {Decimal::parse(value).value(), unit, std::nullopt};
}
Quantity calendar(const char* value, std::string_view word) {
  return {Decimal::parse(value).value(), word, calendar_unit(word)};
}

struct Pair {
  Quantity left;
  Quantity right;
  std::optional<int> sign;
};

TEST(Units, CompareAcrossUnitsOfOneDimension) {
  const Pair rows[] = {
      {quantity("4.0", "g"), quantity("4000", "mg"), 0},
      {quantity("1", "[lb_av]"), quantity("0.5", "kg"), -1},
      {quantity("5.5", "mmol/L"), quantity("5500", "umol/L"), 0},
      {quantity("120", "mm[Hg]"), quantity("15", "kPa"), 1},
      {quantity("1", "kg/m2"), quantity("0.1", "g/cm2"), 0},
      {quantity("60", "mL/min"), quantity("1", "mL/s"), 0},
      {quantity("4", "10*3/uL"), quantity("4", "10*9/L"), 0},
      {quantity("90", "mL/min/{1.73_m2}"), quantity("1.5", "mL/s"), 0},
      {quantity("37", "Cel"), quantity("98.6", "[degF]"), 0},
      {quantity("37", "Cel"), quantity("310.15", "K"), 0},
      {quantity("50", "%"), quantity("0.5", "1"), 0},
      {calendar("7", "days"), quantity("1", "wk"), 0},
      {calendar("1", "year"), calendar("12", "months"), 0},
      {calendar("6", "days"), calendar("1", "week"), -1},
  };
  for (const Pair& row : rows)
    EXPECT_EQ(compare(row.left, row.right), row.sign) << row.left.unit << " " << row.right.unit;
}

TEST(Units, DoNotCompareAcrossDimensionsOrUnknownUnits) {
  EXPECT_EQ(compare(quantity("1", "cm"), quantity("1", "s")), std::nullopt);
  EXPECT_EQ(compare(quantity("1", "mmHg"), quantity("1", "mm[Hg]")), std::nullopt);
  EXPECT_EQ(compare(calendar("1", "year"), quantity("1", "a")), std::nullopt);
  EXPECT_EQ(compare(quantity("1", "beats/minute"), quantity("2", "beats/minute")), -1);
}

TEST(Units, RefuseBrokenText) {
  for (const char* unit : {"", "m/", "(m", "m)", "10*99", "m99", "/", "..", "m..s"})
    EXPECT_FALSE(measure_of_ucum(unit)) << unit;
  EXPECT_FALSE(measure_of_ucum(std::string(500, '(')));
}

TEST(Units, EquivalenceRoundsToTheCoarserUnit) {
  EXPECT_TRUE(equivalent(quantity("4", "g"), quantity("4040", "mg")));
  EXPECT_FALSE(equivalent(quantity("4", "g"), quantity("4600", "mg")));
  EXPECT_TRUE(equivalent(calendar("1", "year"), quantity("1", "a")));
}

TEST(Units, ComputeWithQuantities) {
  const auto area = multiply(quantity("2.0", "cm"), quantity("2.0", "m"));
  ASSERT_TRUE(area);
  EXPECT_EQ(compare({area->value, area->unit, std::nullopt}, quantity("0.040", "m2")), 0);
  const auto sum = add(quantity("1", "m"), quantity("1", "cm"), false);
  ASSERT_TRUE(sum);
  EXPECT_EQ(to_string(Quantity{sum->value, sum->unit, std::nullopt}), "101 'cm'");
  EXPECT_FALSE(add(quantity("1", "m"), quantity("1", "s"), false));
  EXPECT_FALSE(multiply(quantity("1", "Cel"), quantity("1", "m")));
  EXPECT_FALSE(divide(quantity("1", "m"), quantity("0", "m")));
}

}  // namespace
}  // namespace embergate::fhirpath
