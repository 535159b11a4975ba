// SPDX-License-Identifier: Apache-2.0
// What compile() refuses, with place and hint, and what it warns about.
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

CompileOptions options_for(std::string_view type) {
  CompileOptions options;
  options.context_type = fhir::Model::r4().find_type(type);
  options.variables = {"current", "previous"};
  return options;
}

std::string refusal(std::string_view text, std::string_view type = "Observation") {
  const auto result = Expression::compile(text, options_for(type));
  return result ? "accepted" : result.error().diagnostics;
}

std::string first_warning(std::string_view text, std::string_view type = "Observation") {
  const auto result = Expression::compile(text, options_for(type));
  if (!result) return result.error().diagnostics;
  return (*result)->warnings().empty() ? "" : (*result)->warnings().front().message;
}

struct Refusal {
  const char* text;
  const char* says;
};

TEST(Compile, RefusesWhatCanNeverWorkAndSaysWhereAndWhy) {
  const Refusal rows[] = {
      {"", "line 1, column 1: expected an expression"},
      {"status = ", "line 1, column 10: expected a value, a name or (, found the end"},
      {"status =\n  'final' code", "line 2, column 11: expected an operator or the end, found 'code'"},
      {"(status", "column 8: expected ) to close the bracket"},
      {"status = 'final", "column 10: a string is not closed"},
      {"status /* final", "column 8: a comment that begins with /* is not closed"},
      {"status # 1", "column 8: this character has no meaning here"},
      {"status.exist()", "column 8: unknown function exist(); did you mean exists()?"},
      {"status.where()", "column 8: where() takes 1 argument, here are 0; write where(criteria)"},
      {"status.substring(1, 2, 3)",
       "substring() takes 1 to 2 arguments, here are 3; write substring(start [, length])"},
      {"%curent.status = 'final'", "column 1: undefined variable %curent; known are"},
      {"value is Quantiti", "column 10: unknown type Quantiti"},
      {"value is Other.Quantity", "unknown namespace Other"},
      {"@2015-02-30", "column 1: not a date or time"},
      {"@T14:34Z", "expected an operator or the end"},
      {"2147483648", "column 1: the integer does not fit into 32 bits"},
      {"status.matches('(a')", "column 16: the regular expression is not accepted"},
      {"status.matches('(?=a)')", "invalid perl operator: (?=; the syntax is that of RE2: no look-around"},
      {"status.matches('(a)\\\\1')", "the regular expression is not accepted: invalid escape sequence: \\1"},
      {"status.matches('(a{900}){900}')", "the regular expression is not accepted"},
      {"status == 'final'",
       "column 9: expected a value, a name or (, found '='; an operator needs a value on each side"},
      {"status = \"final\"", "column 10: this character has no meaning here; texts stand between single quotes"},
      {"status = 'a' && true", "column 15: expected a value, a name or (, found '&'; write and for conditions"},
      {"status = 'a' || true", "column 15: expected a value, a name or (, found '|'; write or for conditions"},
      {"!status.exists()", "column 1: this character has no meaning here; write .not()"},
      {"status <> 'a'", "column 9: expected a value, a name or (, found '>'"},
      {"where status = 'a'", "column 7: expected an operator or the end, found 'status'; join two conditions"},
      {"status.frobnicate()", "column 8: unknown function frobnicate(); the reference of FHIRPath lists"},
      {"effective.ofType(Period).nothingLikeIt", "Period has no element nothingLikeIt; it has end, start"},
      {"code.coding.exists(systemm = 'x')", "column 20: Coding has no element systemm; did you mean system?"},
      {"status.matches('a', 'x')", "unknown flag 'x'"},
      {"code.memberOf('x')", "memberOf() needs a terminology server"},
      {"statuss = 'final'", "column 1: Observation has no element statuss; did you mean status?"},
      {"component.code.codin.exists()", "CodeableConcept has no element codin; did you mean coding?"},
      {"(value as Period).unit", "Period has no element unit"},
      {"%previous.statu", "Observation has no element statu; did you mean status?"},
      {"defineVariable('current', 1)", "the variable %current is defined already"},
      {"(defineVariable('a', 1) | 2) and %a = 1", "undefined variable %a"},
      {"'\\u12'", "\\u must be followed by four hexadecimal digits"},
      {"status.", "expected a name after the dot"},
      {"iif(true, 1,)", "expected an argument after the comma"},
  };
  for (const Refusal& row : rows)
    EXPECT_NE(refusal(row.text).find(row.says), std::string::npos) << row.text << "\n  " << refusal(row.text);
}

TEST(Compile, CountsColumnsInCharacters) {
  EXPECT_NE(refusal("'äöü€😀' = #").find("column 11:"), std::string::npos) << refusal("'äöü€😀' = #");
}

TEST(Compile, RefusesTextNodesAndDepthBeyondTheLimits) {
  EXPECT_NE(refusal(std::string(16 * 1024 + 1, ' ')).find("longer than 16384 bytes"), std::string::npos);
  std::string many = "1";
  for (int i = 0; i < 300; ++i) many += " + 1 * 1 * 1 * 1 * 1";
  EXPECT_NE(refusal(many).find("more than 2000 parts"), std::string::npos) << refusal(many);
  EXPECT_NE(refusal(std::string(200, '(') + "1" + std::string(200, ')')).find("nested deeper than 100"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(5000, '-') + "1").find("nested deeper than 100"), std::string::npos);
  std::string chain = "contained";
  for (int i = 0; i < 600; ++i) chain += ".first()";
  EXPECT_NE(refusal(chain).find("nested too deeply"), std::string::npos);
  EXPECT_NE(refusal("status.matches('" + std::string(1001, 'a') + "')").find("longer than 1000 bytes"),
            std::string::npos);
}

TEST(Compile, AcceptsLongChainsOfConditions) {
  std::string text = "status = 'a'";
  for (int i = 0; i < 150; ++i) text += " or status = 'b'";
  EXPECT_EQ(refusal(text), "accepted");
}

TEST(Compile, WarnsAboutWhatIsHardlyMeant) {
  const Refusal rows[] = {
      {"valueQuantity.exists()", "valueQuantity is the JSON name; in FHIRPath write value.ofType(Quantity)"},
      {"Encounter.status = 'finished'", "Encounter is never the type here (Observation)"},
      {"status.ofType(Quantity).exists()", "code is never of type Quantity"},
      {"code", "the result is CodeableConcept, not a Boolean"},
      {"{}", "the result is always empty"},
      {"component.where(code).exists()", "the criterion is CodeableConcept, not a Boolean"},
      {"children().first().exists()", "their order is not defined"},
  };
  for (const Refusal& row : rows)
    EXPECT_NE(first_warning(row.text).find(row.says), std::string::npos)
        << row.text << "\n  " << first_warning(row.text);
}

TEST(Compile, IsSilentAboutGoodCriteria) {
  for (const char* text :
       {"status = 'final'", "%current.status != %previous.status", "value.ofType(Quantity).value > 5",
        "component.exists(code.coding.exists(code = 'x'))", "contained.ofType(Patient).name.exists()",
        "descendants().where($this is Coding and code = 'x').exists()", "Observation.status = 'final'",
        "extension('http://x').value.ofType(string).exists()", "hasMember.resolve().exists()",
        "DomainResource.id.exists()"}) {
    EXPECT_EQ(first_warning(text), "") << text;
  }
}

TEST(Compile, ChecksNothingOfTheRootWhenItsTypeIsUnknown) { EXPECT_TRUE(Expression::compile("anything.at.all = 1")); }

TEST(Compile, KnowsWhichVariablesAreUsed) {
  const auto expression = Expression::compile("%current.status = 'final'", options_for("Observation")).value();
  EXPECT_TRUE(expression->uses_variable("current"));
  EXPECT_FALSE(expression->uses_variable("previous"));
  EXPECT_FALSE(expression->uses_variable("other"));
  EXPECT_EQ(expression->text(), "%current.status = 'final'");
}

}  // namespace
}  // namespace embergate::fhirpath::test
