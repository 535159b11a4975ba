// SPDX-License-Identifier: Apache-2.0
// Criteria are untrusted: every evaluation ends, and says why.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "evaluation.hpp"
#include "support/pause.hpp"

namespace embergate::fhirpath::test {
namespace {

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
  Limits limits;
  EXPECT_TRUE(says(limited(product(7) + ".count()", limits), "more than 1000000 steps"));
  limits.max_steps = 100;
  EXPECT_TRUE(says(limited(product(2) + ".count()", limits), "more than 100 steps"));
  limits.max_steps = 1000;
  EXPECT_EQ(limited(product(2) + ".count()", limits), "Integer:100");
}

// A process that is stopped for a while, as a CPU quota does, decides like one that runs through.
TEST(Limits, DoNotCountTheTimeInWhichTheProcessStoodStill) {
  const pid_t child = fork();
  if (child == 0) {
    Limits limits;
    limits.max_steps = 1'000'000'000;
    limits.max_cpu = std::chrono::seconds(30);
    _exit(limited(product(6) + ".count()", limits) == "Integer:1000000" ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  // Stopped for longer than any bound of time there ever was, again and again until it ends.
  int status = 0;
  for (int stops = 0; waitpid(child, &status, WNOHANG) == 0; ++stops) {
    kill(child, SIGSTOP);
    if (stops < 20) embergate::test::stand_still(std::chrono::milliseconds(80));
    kill(child, SIGCONT);
    embergate::test::stand_still(std::chrono::milliseconds(2));
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Limits, HaveALastGuardOfTheThreadsOwnTime) {
  Limits limits;
  limits.max_cpu = std::chrono::milliseconds(0);
  limits.max_steps = 1'000'000'000;
  EXPECT_TRUE(says(limited(product(7) + ".count()", limits), "worked longer than 0 ms"));
}

TEST(Limits, AreToldFromOtherErrors) {
  CompileOptions options;
  options.limits.max_steps = 100;
  EvaluationError error;
  const auto too_much = Expression::compile(product(2) + ".exists($this > 100)", options).value();
  EXPECT_EQ(too_much->evaluate_truth({}, &error), Truth::kError);
  EXPECT_TRUE(error.exhausted) << error.message;
  const auto wrong = Expression::compile("(1 | 2) + 1 = 2", options).value();
  EXPECT_EQ(wrong->evaluate_truth({}, &error), Truth::kError);
  EXPECT_FALSE(error.exhausted) << error.message;
}

// What an evaluation may not decide because it is too much must be told from what it decides.
TEST(Limits, EveryBoundIsToldFromOtherErrors) {
  Limits tight;
  tight.max_items = 50;
  tight.max_string_bytes = 100;
  tight.max_bytes = 20'000;
  const std::string long_text(60, 'x');
  const std::vector<std::string> texts{
      product(2),
      product(3) + ".select($this.toString() & '" + long_text + "').count()",
      product(2) + ".select('ab').join()",
      "('" + long_text + "' & '" + long_text + "').exists()",
      "'a'.matches('" + std::string(600, 'a') + "' & '" + std::string(600, 'b') + "')",
      "'a'.matches('[\\\\pL]{1000' & '}')",
      "1.repeatAll('x').exists($this = 'y')",
      "'" + std::string(90, 'a') + "'.replaceMatches('a', '" + std::string(90, 'b') + "')"};
  for (const std::string& text : texts) {
    CompileOptions options;
    options.limits = tight;
    const auto expression = Expression::compile(text, options);
    ASSERT_TRUE(expression) << text << ": " << expression.error().diagnostics;
    EvaluationError error;
    EXPECT_FALSE((*expression)->evaluate({}, &error)) << text;
    EXPECT_TRUE(error.exhausted) << text << ": " << error.message;
  }
}

TEST(Limits, BoundWhatIsBuiltInAll) {
  Limits limits;
  limits.max_bytes = 1'000'000;
  EXPECT_TRUE(
      says(limited(product(5) + ".select($this.toString() & 'some text that is kept').where(false).count()", limits),
           "built more than 1000000 bytes"));
}

// Otherwise what was evaluated before on the same thread would decide.
TEST(Limits, AComputedPatternCostsTheSameForEveryEvaluation) {
  CompileOptions options;
  const auto expression = Expression::compile("'abc'.matches('b' & 'c?')", options).value();
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  EvaluationContext context;
  context.steps_used = &first;
  EXPECT_EQ(expression->evaluate_truth(context), Truth::kTrue);
  context.steps_used = &second;
  EXPECT_EQ(expression->evaluate_truth(context), Truth::kTrue);
  EXPECT_EQ(first, second);
}

TEST(Limits, CountTheBytesOfTextsThatAreComparedAndSearched) {
  const std::string word(4'000, 'a');
  for (const char* work : {"name.family.contains(%context.name.family & 'b')", "name.family.matches('(a+a+)+b')",
                           "name.family.indexOf(%context.name.family.substring(2000) & 'b')",
                           "name.family.replace(%context.name.family.substring(2000) & 'b', 'c')",
                           "name.family = %context.name.family & ''", "name.family ~ %context.name.family & ''",
                           "name.family <= %context.name.family & ''"}) {
    const auto patient = resource(R"({"resourceType":"Patient","name":[{"family":")" + word + R"("}]})");
    const auto short_one = resource(R"({"resourceType":"Patient","name":[{"family":"a"}]})");
    const auto expression = Expression::compile(work).value();
    std::uint64_t few = 0;
    std::uint64_t many = 0;
    EvaluationContext context;
    context.resource = short_one.get();
    context.steps_used = &few;
    static_cast<void>(expression->evaluate_truth(context));
    context.resource = patient.get();
    context.steps_used = &many;
    static_cast<void>(expression->evaluate_truth(context));
    EXPECT_GE(many, few + word.size() / 64) << work;
  }
}

TEST(Limits, ALargerBudgetComparesLargerElements) {
  std::string text = R"({"resourceType":"Claim","item":[{"diagnosisSequence":[)";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + ",";
  const auto left = resource(text + "1]}]}");
  const auto right = resource(text + "1]},{\"diagnosisSequence\":[1]}]}");
  CompileOptions options;
  options.variables = {"left", "right"};
  options.limits.max_steps = 2'000;
  EvaluationContext context;
  context.variables = {{"left", left.get()}, {"right", right.get()}};
  EXPECT_EQ(Expression::compile("%left.item[0] ~ %right.item[0]", options).value()->evaluate_truth(context),
            Truth::kError);
  options.limits.max_steps = 10'000'000;
  EXPECT_EQ(Expression::compile("%left.item[0] ~ %right.item[0]", options).value()->evaluate_truth(context),
            Truth::kTrue);
}

TEST(Limits, AnEvaluationCanBeEnded) {
  const std::atomic<bool> stop{true};
  const auto expression = Expression::compile(product(4) + ".exists($this > 100)").value();
  EvaluationContext context;
  context.stop = &stop;
  EvaluationError error;
  EXPECT_EQ(expression->evaluate_truth(context, &error), Truth::kError);
  EXPECT_TRUE(error.exhausted);
}

TEST(Limits, BoundTheItemsOfACollection) {
  Limits limits;
  limits.max_items = 50;
  EXPECT_TRUE(says(limited(product(2), limits), "more than 50 items"));
}

TEST(Limits, BoundTheTextsThatAreBuilt) {
  Limits limits;
  limits.max_string_bytes = 100;
  EXPECT_TRUE(says(limited(product(2) + ".select('ab').join()", limits), "too long"));
  EXPECT_TRUE(says(limited("'aaaaaaaaaaaaaaaaaaaa'.replace('', 'bbbbbbbbbb')", limits), "longer than 100 bytes"));
  EXPECT_TRUE(
      says(limited("1.repeat('a').select($this & '" + std::string(100, 'x') + "')", limits), "longer than 100 bytes"));
}

TEST(Limits, EndRepeatsThatDoNot) {
  EXPECT_TRUE(says(limited("1.repeatAll('x')", Limits()), "does not come to an end"));
  EXPECT_TRUE(says(limited("1.repeat($this + 1)", Limits()), "does not come to an end"));
}

TEST(Limits, CountQuadraticWorkAsSteps) {
  Limits limits;
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
  EXPECT_TRUE(says(
      limited("'" + std::string(12'000, 'a') + "'.replaceMatches('a', '" + std::string(3'500, 'b') + "')", Limits()),
      "too long"));
}

std::shared_ptr<const fhir::Resource> patient_of_family(std::size_t characters) {
  const std::string text = R"({"resourceType":"Patient","name":[{"family":")" + std::string(characters, 'a') + "\"}]}";
  return fhir::Resource::parse(text).value();
}

TEST(Limits, CountEachMatchOfAReplacement) {
  Limits limits;
  limits.max_steps = 100'000;
  const std::string text = "name.family.replaceMatches('[^b]', '').length()";
  EXPECT_TRUE(says(limited(text, limits, patient_of_family(100'000).get()), "more than 100000 steps"));
  EXPECT_EQ(limited(text, limits, patient_of_family(1'000).get()), "Integer:0");
}

// Such a pattern looks to the end of the text for each match: seconds for 200 kB, hours for some megabytes.
TEST(Limits, CountHowFarAMatchOfAReplacementMayLook) {
  const std::string text = "name.family.replaceMatches('(?:a.*b)|a', 'a').length()";
  EXPECT_TRUE(says(limited(text, Limits(), patient_of_family(200'000).get()), "more than 1000000 steps"));
}

TEST(Limits, ShareABudgetAcrossTheTopicsOfAnEvent) {
  CompileOptions options;
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
  EXPECT_EQ(limited(text, Limits()), "Boolean:true");
  EXPECT_EQ(limited(text, Limits()), "Boolean:true");
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
  Limits limits;
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
