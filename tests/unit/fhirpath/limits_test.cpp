// SPDX-License-Identifier: Apache-2.0
// Criteria are untrusted: every evaluation ends, and says why.
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

// The clock is not what most of these tests are about, and a busy machine must not make them so.
Limits without_clock() {
  Limits limits;
  limits.max_wall = std::chrono::minutes(1);
  return limits;
}

std::string limited(std::string_view text, const Limits& limits, const fhir::Resource* on = nullptr) {
  CompileOptions options;
  options.limits = limits;
  return evaluate(text, on, options);
}

bool says(const std::string& result, std::string_view part) { return result.find(part) != std::string::npos; }

// Ten to the number of brackets.
std::string product(int factors) {
  std::string text = "1";
  for (int i = 0; i < factors; ++i) text = "(0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9).select(" + text + ")";
  return text;
}

TEST(Limits, EndAnEvaluationOfTooManySteps) {
  Limits limits = without_clock();
  EXPECT_TRUE(says(limited(product(7) + ".count()", limits), "more than 1000000 steps"));
  limits.max_steps = 100;
  EXPECT_TRUE(says(limited(product(2) + ".count()", limits), "more than 100 steps"));
  limits.max_steps = 1000;
  EXPECT_EQ(limited(product(2) + ".count()", limits), "Integer:100");
}

TEST(Limits, EndAnEvaluationThatTakesTooLong) {
  Limits limits;
  limits.max_wall = std::chrono::milliseconds(0);
  limits.max_steps = 1'000'000'000;
  EXPECT_TRUE(says(limited(product(7) + ".count()", limits), "took longer than 0 ms"));
}

TEST(Limits, AreToldFromOtherErrors) {
  CompileOptions options;
  options.limits = without_clock();
  options.limits.max_steps = 100;
  EvaluationError error;
  const auto too_much = Expression::compile(product(2) + ".exists($this > 100)", options).value();
  EXPECT_EQ(too_much->evaluate_truth({}, &error), Truth::kError);
  EXPECT_TRUE(error.exhausted) << error.message;
  const auto wrong = Expression::compile("(1 | 2) + 1 = 2", options).value();
  EXPECT_EQ(wrong->evaluate_truth({}, &error), Truth::kError);
  EXPECT_FALSE(error.exhausted) << error.message;
  options.limits = {};
  options.limits.max_wall = std::chrono::milliseconds(0);
  const auto too_long = Expression::compile(product(4) + ".exists($this > 100)", options).value();
  EXPECT_EQ(too_long->evaluate_truth({}, &error), Truth::kError);
  EXPECT_TRUE(error.exhausted) << error.message;
}

TEST(Limits, BoundTheItemsOfACollection) {
  Limits limits = without_clock();
  limits.max_items = 50;
  EXPECT_TRUE(says(limited(product(2), limits), "more than 50 items"));
}

TEST(Limits, BoundTheTextsThatAreBuilt) {
  Limits limits = without_clock();
  limits.max_string_bytes = 100;
  EXPECT_TRUE(says(limited(product(2) + ".select('ab').join()", limits), "too long"));
  EXPECT_TRUE(says(limited("'aaaaaaaaaaaaaaaaaaaa'.replace('', 'bbbbbbbbbb')", limits), "longer than 100 bytes"));
  EXPECT_TRUE(
      says(limited("1.repeat('a').select($this & '" + std::string(100, 'x') + "')", limits), "longer than 100 bytes"));
}

TEST(Limits, EndRepeatsThatDoNot) {
  EXPECT_TRUE(says(limited("1.repeatAll('x')", without_clock()), "does not come to an end"));
  EXPECT_TRUE(says(limited("1.repeat($this + 1)", without_clock()), "does not come to an end"));
}

TEST(Limits, CountQuadraticWorkAsSteps) {
  Limits limits = without_clock();
  limits.max_steps = 20'000;
  // A thousand dates all hash alike, so the set compares each with each.
  EXPECT_TRUE(
      says(limited(product(3) + ".select(@2020-01-01 + ($index.toString() & ' days').toQuantity()).distinct().count()",
                   limits),
           "steps"));
}

TEST(Limits, CountTheWorkInsideElements) {
  std::string text = R"({"resourceType":"Claim","item":[{"diagnosisSequence":[)";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + ",";
  const auto left = resource(text + "1]}]}");
  const auto right = resource(text + "2]},{\"diagnosisSequence\":[1]}]}");
  CompileOptions options;
  options.variables = {"left", "right"};
  options.limits.max_wall = std::chrono::minutes(1);
  const auto expression = Expression::compile("%left.item[0] ~ %right.item[0]", options).value();
  EvaluationContext context;
  context.variables = {{"left", left.get()}, {"right", right.get()}};
  EvaluationError error;
  EXPECT_EQ(expression->evaluate_truth(context, &error), Truth::kFalse) << error.message;
  options.limits.max_steps = 2'000;
  const auto tight = Expression::compile("%left.item[0] ~ %right.item[0]", options).value();
  EXPECT_EQ(tight->evaluate_truth(context, &error), Truth::kError);
  EXPECT_TRUE(says(error.message, "steps"));
}

TEST(Limits, BoundReplacementsByPattern) {
  EXPECT_TRUE(says(limited("'" + std::string(12'000, 'a') + "'.replaceMatches('a', '" + std::string(3'500, 'b') + "')",
                           without_clock()),
                   "too long"));
}

TEST(Limits, ShareABudgetAcrossTheTopicsOfAnEvent) {
  CompileOptions options;
  options.limits = without_clock();
  const auto expression = Expression::compile(product(3) + ".exists()", options).value();
  const auto counted = Expression::compile(product(3) + ".count() > 5", options).value();
  std::uint64_t budget = 5'000;
  EvaluationContext context;
  context.step_budget = &budget;
  EXPECT_EQ(expression->evaluate_truth(context), Truth::kTrue);
  EXPECT_LT(budget, 5'000U);
  EXPECT_EQ(counted->evaluate_truth(context), Truth::kTrue);
  EvaluationError error;
  for (int i = 0; i < 5 && budget > 0; ++i) static_cast<void>(counted->evaluate_truth(context));
  EXPECT_EQ(budget, 0U);
  EXPECT_EQ(counted->evaluate_truth(context, &error), Truth::kError);
  EXPECT_TRUE(says(error.message, "steps"));
}

TEST(Limits, SurviveDeepResources) {
  std::string text = R"({"resourceType":"Parameters","parameter":[)";
  for (int i = 0; i < 50; ++i) text += R"({"name":"a","part":[)";
  text += R"({"name":"b"})";
  for (int i = 0; i < 50; ++i) text += "]}";
  text += "]}";
  const auto parameters = resource(text);
  EXPECT_EQ(evaluate("descendants().where(name = 'b').exists()", parameters.get()), "Boolean:true");
  EXPECT_EQ(evaluate("repeat(parameter | part).count()", parameters.get()), "Integer:51");
}

TEST(Limits, BoundTheDepthOfDescendants) {
  std::string text = R"({"resourceType":"Basic","extension":)";
  for (int i = 0; i < 300; ++i) text += R"([{"url":"u","extension":)";
  text += "[]";
  for (int i = 0; i < 300; ++i) text += "}]";
  text += "}";
  fhir::ParseLimits parse;
  parse.max_depth = 2'000;
  const auto deep = fhir::Resource::parse(text, parse).value();
  EXPECT_TRUE(says(evaluate("descendants().count()", deep.get()), "deeper than 200 levels"));
}

TEST(Limits, BoundRegularExpressionsThatAreComputed) {
  EXPECT_TRUE(says(evaluate("'a'.matches('" + std::string(600, 'a') + "' & '" + std::string(600, 'b') + "')"),
                   "longer than 1000 bytes; split it"));
  EXPECT_TRUE(says(evaluate("'a'.matches('(?' & '=a)')"), "not accepted: invalid perl operator: (?=; the syntax"));
  EXPECT_TRUE(says(evaluate("'a'.matches('a', 'x' & '')"), "unknown flag 'x'"));
}

TEST(Limits, KeepOnlySomeOfTheComputedPatterns) {
  // Two hundred different ones, twice, and one that is used all the time.
  const std::string text = "(" + product(2) + " | (" + product(2) +
                           ").select($index + 200)).select(('x' & $index.toString()).matches('^x' & "
                           "$index.toString() & '$') and 'y'.matches('y' & '')).allTrue()";
  EXPECT_EQ(limited(text, without_clock()), "Boolean:true");
  EXPECT_EQ(limited(text, without_clock()), "Boolean:true");
}

TEST(Limits, SurviveTheEdgesOfNumbers) {
  EXPECT_EQ(evaluate("-2147483648 div -1"), "");
  EXPECT_EQ(evaluate("-2147483648 mod -1"), "Integer:0");
  EXPECT_EQ(evaluate("(-9223372036854775807L - 1L) div -1L"), "");
  EXPECT_EQ(evaluate("(-9223372036854775807L - 1L) mod -1L"), "Long:0");
  EXPECT_EQ(evaluate("-(-2147483648)"), "");
  EXPECT_EQ(evaluate("2147483647 + 1"), "");
  EXPECT_EQ(evaluate("9223372036854775807L * 2L"), "");
  EXPECT_EQ(evaluate("99999999999999999999999999999999999999.0 * 10"), "");
  EXPECT_EQ(evaluate("(10.power(37) * 1.0).exists()"), "Boolean:false");
  EXPECT_EQ(evaluate("@9999-12-31 + 1 day"),
            "error: line 1, column 13: the resulting date is outside the years 1 to 9999");
  EXPECT_EQ(evaluate("1 '10*99'  = 1 '10*98'"), "");
}

TEST(Limits, LeaveRoomForLargeSetsThatAreHashed) {
  std::string text = R"({"resourceType":"Patient","name":[{"given":["x")";
  for (int i = 0; i < 5000; ++i) text += ",\"" + std::to_string(i) + "\"";
  const auto patient = resource(text + "]}]}");
  Limits limits = without_clock();
  limits.max_steps = 100'000;  // each with each would take twelve million
  for (const char* set : {"name.given.distinct()", "(name.given | name.given)", "name.given.intersect(name.given)",
                          "name.given.exclude('x').combine('x')"}) {
    EXPECT_EQ(limited(std::string(set) + ".count()", limits, patient.get()), "Integer:5001") << set;
  }
  EXPECT_EQ(limited("name.given.subsetOf(name.given) and name.given.isDistinct()", limits, patient.get()),
            "Boolean:true");
}

TEST(Limits, AnErrorSaysWhereInTheText) {
  const auto expression = Expression::compile("true and\n  (1 < 'a')").value();
  EvaluationError error;
  EXPECT_EQ(expression->evaluate_truth({}, &error), Truth::kError);
  EXPECT_EQ(error.line, 2U);
  EXPECT_EQ(error.column, 6U);
}

TEST(Limits, AnEvaluationAfterAnErrorStartsAfresh) {
  const auto expression = Expression::compile("iif(exists(), 1 < 'a', true)").value();
  const auto patient = resource(R"({"resourceType":"Patient"})");
  EvaluationContext context;
  context.resource = patient.get();
  EXPECT_EQ(expression->evaluate_truth(context), Truth::kError);
  EXPECT_EQ(expression->evaluate_truth({}), Truth::kTrue);
}

}  // namespace
}  // namespace embergate::fhirpath::test
