// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/units.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <thread>

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

// The codes of the generated table, as they stand in it.
std::vector<std::string> all_codes() {
  std::ifstream file(std::string(EMBERGATE_SOURCE_DIR) + "/src/fhirpath/units_data.inc");
  std::vector<std::string> codes;
  bool atoms = false;
  for (std::string line; std::getline(file, line);) {
    if (line.find(" kAtoms[]") != std::string::npos) atoms = true;
    if (line == "};") atoms = false;
    if (atoms && line.starts_with("    {\"")) codes.push_back(line.substr(6, line.find("\", ") - 6));
  }
  return codes;
}

TEST(Units, KnowEveryCodeOfTheTable) {
  const auto codes = all_codes();
  EXPECT_EQ(codes.size(), 305U);
  std::size_t special = 0;
  for (const std::string& code : codes) {
    const auto measure = measure_of_ucum(code);
    ASSERT_TRUE(measure) << code;
    EXPECT_EQ(compare(quantity("2", code), quantity("1", code)), 1) << code;
    EXPECT_EQ(compare(quantity("2", code), quantity("2.0", code + "{note}")), 0) << code;
    EXPECT_EQ(measure_of_ucum(code + "/m2.d").has_value(), !measure->special) << code;
    if (measure->special) {
      ++special;
      EXPECT_FALSE(multiply(quantity("1", code), quantity("1", "m"))) << code;
    } else {
      EXPECT_EQ(compare(quantity("1", code + "2"), quantity("1", code + "." + code)), 0) << code;
      EXPECT_EQ(compare(quantity("3", code + "/" + code), quantity("3", "1")), 0) << code;
    }
  }
  EXPECT_EQ(special, 19U);
}

TEST(Units, KnowEveryPrefix) {
  const struct {
    const char* unit;
    const char* factor;
  } rows[] = {{"Ym", "1000000000000000000000000"},
              {"Zm", "1000000000000000000000"},
              {"Em", "1000000000000000000"},
              {"Pm", "1000000000000000"},
              {"Tm", "1000000000000"},
              {"Gm", "1000000000"},
              {"Mm", "1000000"},
              {"km", "1000"},
              {"hm", "100"},
              {"dam", "10"},
              {"dm", "0.1"},
              {"cm", "0.01"},
              {"mm", "0.001"},
              {"um", "0.000001"},
              {"nm", "0.000000001"},
              {"pm", "0.000000000001"},
              {"fm", "0.000000000000001"},
              {"am", "0.000000000000000001"},
              {"zm", "0.000000000000000000001"},
              {"ym", "0.000000000000000000000001"}};
  for (const auto& row : rows) EXPECT_EQ(compare(quantity("1", row.unit), quantity(row.factor, "m")), 0) << row.unit;
  EXPECT_EQ(compare(quantity("1", "KiBy"), quantity("1024", "By")), 0);
  EXPECT_EQ(compare(quantity("1", "TiBy"), quantity("1099511627776", "By")), 0);
  EXPECT_FALSE(measure_of_ucum("k[lb_av]")) << "not metric";
}

TEST(Units, ConvertByTheNumbersOfTheTable) {
  const Pair rows[] = {
      {quantity("1", "[in_i]"), quantity("2.54", "cm"), 0},
      {quantity("1", "[mi_i]"), quantity("1609.344", "m"), 0},
      {quantity("1", "[gal_us]"), quantity("3.785411784", "L"), 0},
      {quantity("16", "[foz_us]"), quantity("1", "[pt_us]"), 0},
      {quantity("1", "[lb_av]"), quantity("453.59237", "g"), 0},
      {quantity("1", "[oz_tr]"), quantity("31.1034768", "g"), 0},
      {quantity("1", "atm"), quantity("101325", "Pa"), 0},
      {quantity("1", "m[H2O]"), quantity("9806.65", "Pa"), 0},
      {quantity("1", "kat"), quantity("60000000", "U"), 0},
      {quantity("1", "U/L"), quantity("1", "mU/mL"), 0},
      {quantity("1", "mol"), quantity("602213670000000000000000", "1"), 0},
      {quantity("1", "eq"), quantity("1", "mol"), 0},
      {quantity("180", "deg"), quantity("3.14", "rad"), 1},
      {quantity("1", "gon"), quantity("0.9", "deg"), 0},
      {quantity("1", "Ci"), quantity("37", "GBq"), 0},
      {quantity("100", "RAD"), quantity("1", "Gy"), 0},
      {quantity("1", "[Cal]"), quantity("4184", "J"), 0},
      {quantity("1", "[car_m]"), quantity("200", "mg"), 0},
      {quantity("1", "B"), quantity("10", "dB"), 0},
      {quantity("36600", "mCel"), quantity("36.6", "Cel"), 0},
      {quantity("-40", "Cel"), quantity("-40", "[degF]"), 0},
      {quantity("1", "k[IU]/L"), quantity("1000", "[iU]/L"), 0},
      {quantity("1", "10*6/uL"), quantity("1", "10^12/L"), 0},
      {quantity("7", "mL/(kg.min)"), quantity("0.007", "L/kg/min"), 0},
      {quantity("1", "/min"), quantity("60", "/h"), 0},
      {quantity("5", "{beats}/min"), quantity("5", "/min"), 0},
      {quantity("1", "%"), quantity("0.01", "{score}"), 0},
  };
  for (const Pair& row : rows)
    EXPECT_EQ(compare(row.left, row.right), row.sign) << row.left.unit << " " << row.right.unit;
}

TEST(Units, OfTheirOwnKindCompareOnlyWithThatKind) {
  EXPECT_EQ(compare(quantity("1", "[IU]"), quantity("1", "[arb'U]")), std::nullopt);
  EXPECT_EQ(compare(quantity("1", "[IU]"), quantity("1", "1")), std::nullopt);
  EXPECT_EQ(compare(quantity("1", "[pH]"), quantity("1", "mol/L")), std::nullopt);
  EXPECT_EQ(compare(quantity("7.4", "[pH]"), quantity("7.35", "[pH]")), 1);
  EXPECT_EQ(compare(quantity("1", "B[W]"), quantity("1", "B[kW]")), std::nullopt);
  EXPECT_EQ(compare(quantity("1", "[IU]/mL"), quantity("1", "[CFU]/mL")), std::nullopt);
}

TEST(Units, CompareExactlyHoweverFarApart) {
  EXPECT_EQ(compare(quantity("1", "ym"), quantity("1", "Ym")), -1);
  EXPECT_EQ(compare(quantity("99999999999999999999999999999999999999", "Ym3"), quantity("1", "ym3")), 1);
  EXPECT_EQ(compare(quantity("0.3333333333333333333333333333", "min"), quantity("20", "s")), -1);
  EXPECT_EQ(compare(quantity("1.0000000000000000000000000001", "[lb_av]"), quantity("453.59237", "g")), 1);
}

TEST(Units, AreParsedByManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 2000; ++i) {
        const std::string unit = "m" + std::to_string(i % 19 + 1) + "/" + std::to_string(i + 1);
        EXPECT_TRUE(measure_of_ucum(unit)) << unit;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Units, RefuseBrokenText) {
  for (const char* unit :
       {"", "m/", "(m", "m)", "10*99", "m99", "/", "..", "m..s", "m{a", "m}", "{a{b}}", "[in_i", "10*+", "-1", "0"})
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
