// SPDX-License-Identifier: Apache-2.0
// The runner of the suite must be able to fail: each kind of difference is seen.
#include "conformance/judge.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "conformance/report.hpp"
#include "support/temp_dir.hpp"

namespace embergate::conformance {
namespace {

Case wanting(std::string expression, std::vector<Output> outputs) {
  Case test;
  test.group = "group";
  test.name = "name";
  test.expression = std::move(expression);
  test.outputs = std::move(outputs);
  return test;
}

bool passes(const Case& test) {
  static const auto patient =
      fhir::Resource::parse(R"({"resourceType":"Patient","gender":"male","birthDate":"1974-12-25"})").value();
  return judge(test, patient.get(), fhir::Model::r4()).passed;
}

TEST(Judge, ComparesTypeAndValue) {
  EXPECT_TRUE(passes(wanting("1 + 1", {{"integer", "2"}})));
  EXPECT_FALSE(passes(wanting("1 + 1", {{"integer", "3"}})));
  EXPECT_FALSE(passes(wanting("1 + 1", {{"string", "2"}})));
  EXPECT_FALSE(passes(wanting("1 + 1", {})));
  EXPECT_FALSE(passes(wanting("{}", {{"boolean", "true"}})));
  EXPECT_TRUE(passes(wanting("gender", {{"code", "male"}})));
  EXPECT_TRUE(passes(wanting("birthDate", {{"date", "@1974-12-25"}})));
  EXPECT_TRUE(passes(wanting("@T10:30", {{"time", "@T10:30"}})));
  EXPECT_TRUE(passes(wanting("1 'cm'", {{"Quantity", "1 'cm'"}})));
}

TEST(Judge, TakesTypedDecimalsByValueAndLiteralsByDigits) {
  EXPECT_TRUE(passes(wanting("1.50", {{"decimal", "1.5"}})));
  EXPECT_TRUE(passes(wanting("1.50", {{std::nullopt, "1.50"}})));
  EXPECT_FALSE(passes(wanting("1.50", {{std::nullopt, "1.5"}})));
  EXPECT_FALSE(passes(wanting("'2014'", {{std::nullopt, "@2014"}})));
  EXPECT_FALSE(passes(wanting("1 'cm'", {{std::nullopt, "1"}})));
}

TEST(Judge, MindsTheOrderUnlessTheTestDoesNot) {
  Case test = wanting("1 | 2", {{"integer", "2"}, {"integer", "1"}});
  EXPECT_FALSE(passes(test));
  test.ordered = false;
  EXPECT_TRUE(passes(test));
  test.outputs.back().value = "2";
  EXPECT_FALSE(passes(test));
}

TEST(Judge, MakesABooleanOfAPredicate) {
  Case test = wanting("birthDate", {{"boolean", "true"}});
  EXPECT_FALSE(passes(test));
  test.predicate = true;
  EXPECT_TRUE(passes(test));
  test.expression = "deceased";
  EXPECT_FALSE(passes(test));
}

TEST(Judge, WantsAnErrorWhereTheTestDoes) {
  Case test = wanting("2 + 2 /", {});
  EXPECT_FALSE(passes(test));
  test.failure = Failure::kSyntax;
  EXPECT_TRUE(passes(test));
  test.expression = "2 + 2";
  EXPECT_FALSE(passes(test));
}

TEST(Judge, CountsFindingsOfTheStaticCheckInStrictTestsOnly) {
  Case test = wanting("Encounter.status.exists()", {{"boolean", "false"}});
  EXPECT_TRUE(passes(test));
  test.failure = Failure::kSemantic;
  EXPECT_FALSE(passes(test));
  test.strict = true;
  EXPECT_TRUE(passes(test));
  test.expression = "gender";  // no Boolean: advice for criteria, no finding
  EXPECT_FALSE(passes(test));
}

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    report.edition = {"R4", "file", "", 2, true};
    report.judged = {{named("good"), {true, {}}}, {named("bad"), {false, "wanted 1, got 2"}}};
  }
  static Fault fault(const std::string& group, const std::string& name) { return {group, name, {"R4"}, "why"}; }
  static Case named(const std::string& name) {
    Case test = wanting("1", {});
    test.name = name;
    return test;
  }
  Report report;
};

TEST_F(ReportTest, AFailureThatIsNotKnownIsARegression) {
  EXPECT_EQ(complaints(report, {}), std::vector<std::string>{"R4: group / bad fails"});
  EXPECT_TRUE(complaints(report, {fault("group", "bad")}).empty());
  EXPECT_EQ(complaints(report, {fault("other", "bad")}).size(), 2U);
}

TEST_F(ReportTest, AFaultOfAnotherEditionExcusesNothing) {
  const Fault other{"group", "bad", {"R5"}, "why"};
  EXPECT_EQ(complaints(report, {other}), std::vector<std::string>{"R4: group / bad fails"});
}

TEST_F(ReportTest, AKnownFaultThatPassesIsARegression) {
  EXPECT_EQ(complaints(report, {fault("group", "bad"), fault("group", "good")}),
            std::vector<std::string>{"R4: good passes; take it from the known faults"});
}

TEST_F(ReportTest, AKnownFaultThatTheSuiteDoesNotHaveIsARegression) {
  EXPECT_EQ(complaints(report, {fault("group", "bad"), fault("group", "gone")}),
            std::vector<std::string>{"R4: gone is a known fault, but no test"});
}

TEST_F(ReportTest, AMissingTestIsARegression) {
  report.edition.tests = 3;
  EXPECT_EQ(complaints(report, {fault("group", "bad")}), std::vector<std::string>{"R4: 2 tests instead of 3"});
}

TEST_F(ReportTest, AnEditionThatIsOnlyReportedHasNoRegressions) {
  report.edition.binding = false;
  EXPECT_TRUE(complaints(report, {}).empty());
}

TEST_F(ReportTest, TheTableCountsByGroupAndNamesFailures) {
  const std::string text = table({report}, {fault("group", "bad")});
  EXPECT_NE(text.find("group                            |      1      1"), std::string::npos) << text;
  EXPECT_NE(text.find("R4 group / bad: error of the suite: why"), std::string::npos) << text;
  EXPECT_NE(text.find("wanted 1, got 2"), std::string::npos) << text;
}

class SuiteFile : public testing::Test {
 protected:
  core::Result<std::vector<Case>> read(const std::string& xml) {
    std::ofstream(folder.path() / "suite.xml") << xml;
    return read_suite(folder.path() / "suite.xml");
  }
  test::TempDir folder;
};

TEST_F(SuiteFile, GivesWhatATestSays) {
  const auto tests = read(R"(<tests><group name="g"><!-- words -->
    <test name="a" inputfile="patient-example.xml" mode="strict" ordered="false" predicate="true">
      <expression invalid="semantic">1 &lt; 2 <!-- no --> or ' '</expression><output type="string"> </output><output>1</output></test>
    <test name="b"><expression>true</expression></test></group></tests>)");
  ASSERT_TRUE(tests) << tests.error().diagnostics;
  ASSERT_EQ(tests->size(), 2U);
  const Case& first = tests->front();
  EXPECT_EQ(first.group + "/" + first.name, "g/a");
  EXPECT_EQ(first.input, "patient-example");
  EXPECT_EQ(first.expression, "1 < 2  or ' '");
  EXPECT_EQ(first.failure, Failure::kSemantic);
  EXPECT_TRUE(first.strict && !first.ordered && first.predicate);
  ASSERT_EQ(first.outputs.size(), 2U);
  EXPECT_EQ(first.outputs[0].type, "string");
  EXPECT_EQ(first.outputs[0].value, " ");
  EXPECT_FALSE(first.outputs[1].type);
  EXPECT_TRUE(tests->back().input.empty() && tests->back().ordered && !tests->back().strict);
}

TEST_F(SuiteFile, RefusesWhatIsNoSuite) {
  EXPECT_FALSE(read("<tests></tests>"));
  EXPECT_FALSE(read("<tests>"));
  EXPECT_FALSE(read_suite(folder.path() / "absent.xml"));
}

}  // namespace
}  // namespace embergate::conformance
