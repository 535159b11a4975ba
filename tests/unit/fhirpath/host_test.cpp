// SPDX-License-Identifier: Apache-2.0
// What an evaluation gets from its host, what it gives back beside the result, and the shapes of results.
#include <gtest/gtest.h>

#include "evaluation.hpp"

namespace embergate::fhirpath::test {
namespace {

std::string with_variable(std::string_view text, std::string_view json) {
  CompileOptions options;
  options.variables = {"v"};
  const auto value = parse_value(json).value();
  EvaluationContext context;
  context.variables = {{"v", value.get(), true}};
  const auto items = Expression::compile(text, options).value()->evaluate(context);
  if (!items) return items.error().diagnostics;
  std::string line;
  for (const ResultItem& item : *items) line += item.type + "=" + item.value + ";";
  return line;
}

TEST(HostVariable, TakesAnyJson) {
  EXPECT_EQ(with_variable("%v", R"("a\"b")"), R"(System.String="a\"b";)");
  EXPECT_EQ(with_variable("%v + 1", "41"), "System.Integer=42;");
  EXPECT_EQ(with_variable("%v", "4100000000"), "System.Long=4100000000;");
  EXPECT_EQ(with_variable("%v", "1.50"), "System.Decimal=1.50;");
  EXPECT_EQ(with_variable("%v.not()", "false"), "System.Boolean=true;");
  EXPECT_EQ(with_variable("%v", "[1, \"b\", null, true]"), "System.Integer=1;System.String=\"b\";System.Boolean=true;");
  EXPECT_EQ(with_variable("%v.count()", "[]"), "System.Integer=0;");
  EXPECT_EQ(with_variable("%v.exists()", "null"), "System.Boolean=false;");
  EXPECT_EQ(with_variable("%v.a.b", R"({"a":[{"b":1},{"b":2}]})"), "FHIR.unknown=1;FHIR.unknown=2;");
  EXPECT_EQ(with_variable("%v.ofType(Patient).gender", R"([{"resourceType":"Patient","gender":"male"}, 1])"),
            "FHIR.code=\"male\";");
}

TEST(HostVariable, RefusesWhatIsNoJsonValue) {
  for (const char* text : {"", "a", "1, \"b\": 2", "{", "1}"}) EXPECT_FALSE(parse_value(text)) << text;
}

TEST(Trace, CollectsWhatTraceWrites) {
  const auto patient = resource(R"({"resourceType":"Patient","name":[{"given":["A","B"]},{"given":["C"]}]})");
  const auto expression = Expression::compile(
      "name.trace('names', given.first()).given.trace('given').count() = 3 and {}.trace('none').empty()");
  Trace trace;
  EvaluationContext context;
  context.resource = patient.get();
  context.trace = &trace;
  EXPECT_EQ((*expression)->evaluate_truth(context), Truth::kTrue);
  ASSERT_EQ(trace.lines.size(), 3U);
  EXPECT_EQ(trace.lines[0].name, "names");
  EXPECT_EQ(trace.lines[0].text, R"("A", "C")");
  EXPECT_EQ(trace.lines[1].text, R"("A", "B", "C")");
  EXPECT_EQ(trace.lines[2].text, "");
  EXPECT_FALSE(trace.cut);
}

TEST(Trace, IsCutAtItsLimit) {
  CompileOptions options;
  options.limits.max_trace_bytes = 40;
  const auto expression = Expression::compile("('ä' | 'b').select(trace('t') & '-').trace('long').count()", options);
  Trace trace;
  EvaluationContext context;
  context.trace = &trace;
  ASSERT_TRUE((*expression)->evaluate(context));
  EXPECT_FALSE(trace.cut);
  EXPECT_EQ(trace.lines.size(), 3U);
  options.limits.max_trace_bytes = 6;
  Trace small;
  context.trace = &small;
  ASSERT_TRUE(Expression::compile("('äöü' | 'b').trace('t').count()", options).value()->evaluate(context));
  EXPECT_TRUE(small.cut);
  ASSERT_EQ(small.lines.size(), 1U);
  EXPECT_EQ(small.lines[0].text, "\"äö...");
}

TEST(Evaluation, ReportsItsSteps) {
  const auto expression = Expression::compile("(1 | 2 | 3).where($this > 1).count()");
  std::uint64_t steps = 0;
  EvaluationContext context;
  context.steps_used = &steps;
  static_cast<void>((*expression)->evaluate_truth(context));
  EXPECT_GT(steps, 5U);
  EXPECT_LT(steps, 50U);
}

TEST(Model, OfAnotherVersionIsATable) {
  const auto r5 = fhir::Model::load(std::string(EMBERGATE_SOURCE_DIR) + "/config/models/r5.tsv").value();
  const auto observation = resource(R"({"resourceType":"Observation","valueReference":{"reference":"Patient/1"}})");
  CompileOptions options;
  options.model = r5.get();
  options.context_type = r5->find_type("Observation");
  EXPECT_EQ(evaluate("Observation.value.ofType(Reference).reference", observation.get(), options),
            "string:\"Patient/1\"");
  EXPECT_EQ(evaluate("value is DataType", observation.get(), options), "Boolean:true");
}

TEST(Result, HasTheShapesOfJson) {
  EXPECT_EQ(evaluate("@2015-02"), "Date:\"2015-02\"");
  EXPECT_EQ(evaluate("@2015-02-04T14:34Z"), "DateTime:\"2015-02-04T14:34Z\"");
  EXPECT_EQ(evaluate("@T14:34"), "Time:\"14:34\"");
  EXPECT_EQ(evaluate("1.50 'mg'"),
            R"(Quantity:{"value":1.50,"unit":"mg","code":"mg","system":"http://unitsofmeasure.org"})");
  EXPECT_EQ(evaluate("2 weeks"),
            R"(Quantity:{"value":2,"unit":"weeks","code":"wk","system":"http://unitsofmeasure.org"})");
  const auto patient = resource(R"({"resourceType":"Patient","name":[{"given": [null,"B"],
    "_given":[{"extension":[{"url":"u","valueCode":"c"}]},null],"period":{ "start" : "2015 \" }" }}],"birthDate":"2015"})");
  CompileOptions options;
  options.context_type = fhir::Model::r4().find_type("Patient");
  const auto items = Expression::compile("name.given | name.period | birthDate", options).value()->evaluate([&] {
    EvaluationContext context;
    context.resource = patient.get();
    return context;
  }());
  ASSERT_EQ(items->size(), 4U);
  EXPECT_EQ((*items)[0].type + (*items)[0].value + (*items)[0].path, "FHIR.stringnullPatient.name[0].given[0]");
  EXPECT_EQ((*items)[1].type + (*items)[1].value + (*items)[1].path, "FHIR.string\"B\"Patient.name[0].given[1]");
  EXPECT_EQ((*items)[2].type + (*items)[2].value, R"(FHIR.Period{"start":"2015 \" }"})");
  EXPECT_EQ((*items)[3].type + (*items)[3].value, R"(FHIR.date"2015")");
}

TEST(Expression, ShowsItsTree) {
  CompileOptions options;
  options.context_type = fhir::Model::r4().find_type("Observation");
  const auto expression = Expression::compile(
      "status = 'final' and\n  (component.where(code.exists()).value as Quantity).sort(-value) in ('a' | 'b')",
      options);
  ASSERT_TRUE(expression) << expression.error().diagnostics;
  EXPECT_EQ((*expression)->tree(), R"(1:18    and
1:8       =
1:1         path status : code
1:10        literal 'final'
2:67      in
2:54        sort()
2:41          as Quantity
2:35            .value : Quantity, CodeableConcept, string, boolean, integer, Range, Ratio, ...
2:14              where()
2:4                 path component : Observation.component
2:25                exists()
2:20                  path code : CodeableConcept
2:60          descending
2:60            path value
2:75        2 literals ('a' | 'b')
)");
}

std::string explained(std::string_view text, const fhir::Resource* on) {
  const auto expression = Expression::compile(text).value();
  std::vector<Step> steps;
  EvaluationContext context;
  context.resource = on;
  context.explain = &steps;
  static_cast<void>(expression->evaluate(context));
  std::string out;
  for (const Step& step : steps) {
    out += std::string(step.depth * 2, ' ') + std::to_string(step.line) + ":" + std::to_string(step.column) + " " +
           step.expression + (step.input.empty() ? "" : " on " + step.input) + " -> " + std::to_string(step.items) +
           " " + step.result + "\n";
  }
  return out;
}

TEST(Explanation, TellsWhatEachPartGave) {
  const auto observation = resource(R"({"resourceType":"Observation","status":"final","component":[
    {"code":{"text":"a"}},{"code":{"text":"b"}}]})");
  EXPECT_EQ(explained("status = 'final' and component.where(code.text = 'b').value.exists()", observation.get()),
            R"(1:18 status = 'final' and component.where(code.text = 'b').value.exists() -> 1 false
  1:8 status = 'final' -> 1 true
    1:1 status -> 1 "final"
  1:61 component.where(code.text = 'b').value.exists() -> 1 false
    1:55 component.where(code.text = 'b').value -> 0 
      1:32 component.where(code.text = 'b') -> 1 {"code":{"text":"b"}}
        1:22 component -> 2 {"code":{"text":"a"}}, {"code":{"text":"b"}}
        1:48 code.text = 'b' on {"code":{"text":"a"}} -> 1 false
          1:43 code.text on {"code":{"text":"a"}} -> 1 "a"
            1:38 code on {"code":{"text":"a"}} -> 1 {"text":"a"}
        1:48 code.text = 'b' on {"code":{"text":"b"}} -> 1 true
          1:43 code.text on {"code":{"text":"b"}} -> 1 "b"
            1:38 code on {"code":{"text":"b"}} -> 1 {"text":"b"}
)");
}

TEST(Explanation, ToldOfErrorsAndOfPartsThatAShortCutSkips) {
  EXPECT_EQ(explained("true or (1 < 'a')", nullptr), R"(1:6 true or (1 < 'a') -> 1 true
  1:12 (1 < 'a') -> 0 error: these two values have no order: they are of different types
)");
  EXPECT_EQ(explained("defineVariable('x', 2).select(%x + 1)", nullptr),
            "1:24 defineVariable('x', 2).select(%x + 1) -> 0 \n"
            "  1:1 defineVariable('x', 2) -> 0 \n");
}

TEST(Explanation, IsBounded) {
  std::string text = "1 = 1";
  for (int i = 0; i < 200; ++i) text += " and 1 = 1";
  std::vector<Step> steps;
  EvaluationContext context;
  context.explain = &steps;
  EXPECT_EQ(Expression::compile(text).value()->evaluate_truth(context), Truth::kTrue);
  EXPECT_EQ(steps.size(), kMaxExplainSteps);
}

}  // namespace
}  // namespace embergate::fhirpath::test
