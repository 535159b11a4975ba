// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/decimal.hpp"

#include <gtest/gtest.h>

namespace embergate::fhirpath {
namespace {

std::string text(const std::optional<Decimal>& value) { return value ? value->to_string() : "none"; }
Decimal number(std::string_view text) { return Decimal::parse(text).value(); }

TEST(Decimal, KeepsTheScaleItWasWrittenWith) {
  for (const char* written :
       {"0", "1.0", "-1.50", "0.00000001", "1234567890987654321.0", "99999999999999999999999999999999999999"}) {
    EXPECT_EQ(text(Decimal::parse(written)), written);
  }
}

TEST(Decimal, ReadsExponentsAsJsonWritesThem) {
  EXPECT_EQ(text(Decimal::parse("1e3")), "1000");
  EXPECT_EQ(text(Decimal::parse("1.25E-2")), "0.0125");
  EXPECT_EQ(text(Decimal::parse("-2.5e+1")), "-25");
}

TEST(Decimal, RefusesWhatIsNoNumberOrTooLarge) {
  for (const char* written :
       {"", "-", ".5", "5.", "1.2.3", "1e", "abc", "1e400", "1000000000000000000000000000000000000000"}) {
    EXPECT_EQ(text(Decimal::parse(written)), "none") << written;
  }
}

TEST(Decimal, RoundsDigitsAfterThePointThatDoNotFit) {
  const auto value = Decimal::parse("0.33333333333333333333333333333333333333333333");
  EXPECT_EQ(text(value), "0.3333333333333333333333333333333333333");
  EXPECT_EQ(text(Decimal::parse("1e-400")), "0.0000000000000000000000000000000000000");
}

TEST(Decimal, ComputesExactly) {
  EXPECT_EQ(text(add(number("0.1"), number("0.2"))), "0.3");
  EXPECT_EQ(text(subtract(number("1.8"), number("1.2"))), "0.6");
  EXPECT_EQ(text(multiply(number("1.2"), number("1.8"))), "2.16");
  EXPECT_EQ(text(divide(number("1"), number("3"))), "0.333333333333333333333333");
  EXPECT_EQ(text(divide(number("2"), number("3"))), "0.666666666666666666666667");
  EXPECT_EQ(text(divide(number("-7"), number("2"))), "-3.5");
  EXPECT_EQ(text(divide(number("1"), number("0"))), "none");
}

TEST(Decimal, GivesNothingOnOverflow) {
  const Decimal huge = number("99999999999999999999999999999999999999");
  EXPECT_EQ(text(multiply(huge, huge)), "none");
  EXPECT_EQ(text(add(huge, number("0.5"))), "none");
}

TEST(Decimal, ComparesAcrossScalesEvenWhenOneCannotBeScaled) {
  EXPECT_EQ(compare(number("1.10"), number("1.1")), 0);
  EXPECT_EQ(compare(number("1"), number("1.0000001")), -1);
  EXPECT_EQ(compare(number("99999999999999999999999999999999999999"), number("0.00000001")), 1);
  EXPECT_EQ(compare(number("-99999999999999999999999999999999999999"), number("0.00000001")), -1);
}

TEST(Decimal, RoundsHalfAwayFromZero) {
  EXPECT_EQ(text(number("2.5").with_scale(0)), "3");
  EXPECT_EQ(text(number("-2.5").with_scale(0)), "-3");
  EXPECT_EQ(text(number("2.449").with_scale(1)), "2.4");
}

TEST(Decimal, IsEquivalentAtTheSmallerNumberOfDigits) {
  EXPECT_TRUE(equivalent(number("0.666666"), number("0.67")));
  EXPECT_FALSE(equivalent(number("0.666666"), number("0.6")));
  EXPECT_TRUE(equivalent(number("1.500"), number("1.5")));
}

}  // namespace
}  // namespace embergate::fhirpath
