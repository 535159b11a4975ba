// SPDX-License-Identifier: Apache-2.0
#include "app/fhirpath_command.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "app/fhirpath_evaluation.hpp"
#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

using nlohmann::json;

constexpr std::string_view kObservation = R"({"resourceType":"Observation","id":"o1","status":"final",
  "_issued":{"extension":[{"url":"u","valueBoolean":true}]},"effectiveDateTime":"2026-01-10",
  "valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},
  "category":[{"text":"a"},{"text":"b"}]})";

class FhirpathCommand : public testing::Test {
 protected:
  FhirpathCommand() {
    options.resource_file = folder.write("resource.json", kObservation);
    options.now = "2026-01-15T12:00:00Z";
  }

  int run(const std::string& expression) {
    options.expression = expression;
    return run();
  }

  int run() {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int code = fhirpath_command(options, in, out, err);
    output = out.str();
    errors = err.str();
    return code;
  }

  // The answers to these lines, one for each.
  std::vector<json> cases(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    options.resource_file.clear();
    options.cases_file = folder.write("cases.ndjson", text);
    EXPECT_EQ(run(), 0) << errors;
    std::vector<json> answers;
    std::istringstream stream(output);
    for (std::string line; std::getline(stream, line);) answers.push_back(json::parse(line));
    return answers;
  }

  test::TempDir folder;
  FhirpathOptions options;
  std::string input;
  std::string output;
  std::string errors;
};

TEST_F(FhirpathCommand, PrintsAResultAsPeopleReadIt) {
  EXPECT_EQ(run("status"), 0);
  EXPECT_EQ(output, "final\n");
  run("category.text");
  EXPECT_EQ(output, "a\nb\n");
  run("today() - 5 days = effective and 2 > 1");
  EXPECT_EQ(output, "true\n");
  run("@2026-01 | 1.50 | 3 'mg' | 2 weeks");
  EXPECT_EQ(output, "2026-01\n1.50\n3 mg\n2 weeks\n");
  run("category.first()");
  EXPECT_EQ(output, "{\"text\":\"a\"}\n");
  run("issued");
  EXPECT_EQ(output, "(no value: Observation.issued)\n");
  EXPECT_EQ(run("category.where(text = 'c')"), 0);
  EXPECT_EQ(output, "{}\n");
}

TEST_F(FhirpathCommand, PrintsJsonWithTypeValueAndPath) {
  options.json = true;
  EXPECT_EQ(run("status | 1.50 | @2026-01 | 4.0 'g' | issued | category.first()"), 0);
  EXPECT_EQ(
      output,
      R"([{"type":"FHIR.code","value":"final","path":"Observation.status"},)"
      R"({"type":"System.Decimal","value":1.50,"path":""},{"type":"System.Date","value":"2026-01","path":""},)"
      R"({"type":"System.Quantity","value":{"value":4.0,"unit":"g","code":"g","system":"http://unitsofmeasure.org"},"path":""},)"
      R"({"type":"FHIR.instant","value":null,"path":"Observation.issued"},)"
      R"({"type":"FHIR.CodeableConcept","value":{"text":"a"},"path":"Observation.category[0]"}])"
      "\n");
  run("{}");
  EXPECT_EQ(output, "[]\n");
}

TEST_F(FhirpathCommand, ReadsStandardInputAndThePreviousState) {
  options.resource_file = "-";
  options.previous_file = folder.write("previous.json", R"({"resourceType":"Observation","status":"registered"})");
  input = kObservation;
  EXPECT_EQ(run("%current.status | %previous.status | %resource.status"), 0);
  EXPECT_EQ(output, "final\nregistered\n");
  options.previous_file.clear();
  run("%previous.exists()");
  EXPECT_EQ(output, "false\n");
}

TEST_F(FhirpathCommand, TellsAnEvaluationErrorFromABadExpression) {
  EXPECT_EQ(run("'a' < 1"), 1);
  EXPECT_TRUE(errors.starts_with("line 1, column 5: ")) << errors;
  EXPECT_EQ(output, "");
  EXPECT_EQ(run("status ="), 2);
  EXPECT_TRUE(errors.starts_with("line 1, column 9: ")) << errors;
  EXPECT_EQ(run("statis = 'final'"), 2);
  EXPECT_NE(errors.find("status"), std::string::npos) << errors;
  EXPECT_EQ(run("%nobody"), 2);
}

TEST_F(FhirpathCommand, RefusesWrongUsage) {
  EXPECT_EQ(run(""), 2);
  options.now = "yesterday";
  EXPECT_EQ(run("1"), 2);
  EXPECT_NE(errors.find("--now"), std::string::npos);
  options.now.clear();
  options.fhir_version = "R3";
  EXPECT_EQ(run("1"), 2);
  options.fhir_version = "R4";
  options.type = "Patiant";
  EXPECT_EQ(run("1"), 2);
  options.type.clear();
  options.resource_file = folder.file("absent.json");
  EXPECT_EQ(run("1"), 2);
  options.resource_file = folder.write("broken.json", "{\"resourceType\":");
  EXPECT_EQ(run("1"), 2);
  EXPECT_NE(errors.find("broken.json"), std::string::npos) << errors;
  options.resource_file.clear();
  options.cases_file = folder.file("absent.ndjson");
  EXPECT_EQ(run(""), 2);
  options.cases_file = folder.write("cases.ndjson", "");
  EXPECT_EQ(run("1"), 2);
}

TEST_F(FhirpathCommand, TakesTheTypesOfAnotherVersionFromItsTable) {
  options.resource_file.clear();
  options.check = true;
  options.type = "ActorDefinition";  // of R5 only
  EXPECT_EQ(run("derivedFrom.exists()"), 2);
  options.fhir_version = "R5";
  EXPECT_EQ(run("derivedFrom.exists()"), 2);
  EXPECT_NE(errors.find("r5.tsv"), std::string::npos) << errors;
  options.model_folders = {folder.path(), EMBERGATE_SOURCE_DIR "/config/models"};
  EXPECT_EQ(run("derivedFrom.exists()"), 0) << errors;
  EXPECT_EQ(run("derivedFrum.exists()"), 2);
  folder.write("r5.tsv", "nonsense");
  EXPECT_EQ(run("derivedFrom.exists()"), 2);
}

TEST_F(FhirpathCommand, ExplainsHowAResultCameAbout) {
  options.explain = true;
  EXPECT_EQ(run("status.trace('s') = 'amended'"), 0);
  EXPECT_NE(output.find("tree\n"), std::string::npos) << output;
  EXPECT_NE(output.find("path status : code"), std::string::npos) << output;
  EXPECT_NE(output.find("\"final\""), std::string::npos) << output;
  EXPECT_NE(output.find("trace s: \"final\"\n"), std::string::npos) << output;
  EXPECT_TRUE(output.ends_with("result\nfalse\n")) << output;
  EXPECT_EQ(run("status < 1"), 1);
  EXPECT_NE(output.find("error: "), std::string::npos) << output;
}

TEST_F(FhirpathCommand, ExplainsInJson) {
  options.explain = true;
  options.json = true;
  EXPECT_EQ(run("valueQuantity.trace('q').value"), 0);
  const json story = json::parse(output);
  EXPECT_EQ(story["result"][0]["type"], "FHIR.decimal");
  EXPECT_EQ(story["warnings"][0]["position"]["column"], 1);
  EXPECT_EQ(story["trace"][0]["name"], "q");
  EXPECT_GT(story["counted"], 0);
  EXPECT_GE(story["steps"].size(), 2U);
  EXPECT_EQ(run("status < 1"), 1);
  EXPECT_EQ(json::parse(output)["error"]["position"]["column"], 8);
}

TEST_F(FhirpathCommand, ChecksWithoutAResource) {
  options.resource_file.clear();
  options.check = true;
  options.type = "Observation";
  EXPECT_EQ(run("status = 'final'"), 0);
  EXPECT_EQ(output, "no findings\n");
  EXPECT_EQ(run("valueQuantity.exists()"), 0);
  EXPECT_TRUE(output.starts_with("warning: line 1, column 1: valueQuantity")) << output;
  EXPECT_EQ(run("statis = 'final'"), 2);
  options.strict = true;
  EXPECT_EQ(run("valueQuantity.exists()"), 2);
  EXPECT_EQ(run("status"), 0) << "what a criterion should give is no finding";
  options.json = true;
  EXPECT_EQ(run("statis = 'final'"), 2);
  const json found = json::parse(output);
  EXPECT_EQ(found["errors"][0]["position"]["line"], 1);
  EXPECT_TRUE(found["warnings"].empty());
}

TEST_F(FhirpathCommand, AnswersCasesInTheirOrder) {
  const auto answers =
      cases({R"({"id":"a","expression":"status","resource":{"resourceType":"Observation","status":"final"}})",
             R"({"id":2,"expression":"1.50 | @2026"})", "", R"({"id":"c","expression":"'a' < 1"})",
             R"({"id":"d","expression":"1 +"})"});
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0], json::parse(R"({"id":"a","result":[{"type":"FHIR.code","value":"final"}]})"));
  EXPECT_NE(output.find(
                R"({"id":2,"result":[{"type":"System.Decimal","value":1.50},{"type":"System.Date","value":"2026"}]})"),
            std::string::npos)
      << output;
  EXPECT_EQ(answers[2]["id"], "c");
  EXPECT_EQ(answers[2]["position"], json::parse(R"({"line":1,"column":5})"));
  EXPECT_TRUE(answers[2]["error"].is_string());
  EXPECT_EQ(answers[3]["position"]["column"], 4);
}

TEST_F(FhirpathCommand, CasesSeeStatesAndVariables) {
  const auto answers = cases(
      {R"({"id":1,"expression":"%current.status & %previous.status & status","current":{"resourceType":"Task","status":"b"},"previous":{"resourceType":"Task","status":"a"}})",
       R"({"id":2,"expression":"%current.status","resource":{"resourceType":"Task","status":"r"},"previous":null})",
       R"({"id":3,"expression":"status","previous":{"resourceType":"Task","status":"gone"}})",
       R"({"id":4,"expression":"%n + 1 | %s | %all.count() | %none.count() | %who.active","variables":{"n":1.5,"%s":"x","all":[1,"b"],"none":null,"who":{"resourceType":"Patient","active":true}}})",
       R"({"id":5,"expression":"%current","variables":{"current":7}})"});
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_EQ(answers[0]["result"][0]["value"], "bab");
  EXPECT_EQ(answers[1]["result"][0]["value"], "r");
  EXPECT_EQ(answers[2]["result"][0]["value"], "gone");
  ASSERT_TRUE(answers[3].contains("result")) << answers[3];
  EXPECT_EQ(answers[3]["result"].size(), 5U);
  EXPECT_EQ(answers[3]["result"][0]["value"], 2.5);
  EXPECT_EQ(answers[3]["result"][4]["value"], true);
  EXPECT_EQ(answers[4]["result"][0]["value"], 7);
}

TEST_F(FhirpathCommand, CasesFindResourceFilesBesideThem) {
  const auto answers = cases({R"({"id":1,"expression":"id","resourceFile":"resource.json"})",
                              R"({"id":2,"expression":"status","resourceFile":"resource.json"})",
                              R"({"id":3,"expression":"id","resourceFile":")" + folder.file("resource.json") + R"("})",
                              R"({"id":4,"expression":"id","resourceFile":"absent.json"})"});
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0]["result"][0]["value"], "o1");
  EXPECT_EQ(answers[1]["result"][0]["value"], "final");
  EXPECT_EQ(answers[2]["result"][0]["value"], "o1");
  EXPECT_NE(answers[3]["error"].get<std::string>().find("absent.json"), std::string::npos);
  EXPECT_FALSE(answers[3].contains("position"));
}

TEST_F(FhirpathCommand, ABadLineIsAnsweredAndTheRestGoesOn) {
  const auto answers = cases({"{\"id\":1,", R"({"id":"x"})", R"({"id":3,"expression":"1","resource":[]})", "[]",
                              R"({"id":5,"expression":"1","expression":"2"})", R"({"expression":"1"})"});
  ASSERT_EQ(answers.size(), 6U);
  EXPECT_EQ(answers[0]["id"], nullptr);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(answers[i].contains("error")) << answers[i];
  EXPECT_EQ(answers[1]["id"], "x");
  EXPECT_EQ(answers[2]["id"], 3);
  EXPECT_EQ(answers[5], json::parse(R"({"id":null,"result":[{"type":"System.Integer","value":1}]})"));
}

TEST_F(FhirpathCommand, ALineThatIsTooLongIsSkippedWithAnError) {
  std::string line = R"({"id":1,"expression":"1","pad":")";
  line.append(kMaxInputBytes, 'x');
  const auto answers = cases({line + "\"}", R"({"id":2,"expression":"1"})"});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_NE(answers[0]["error"].get<std::string>().find("line 1 is longer"), std::string::npos);
  EXPECT_EQ(answers[1]["id"], 2);
}

TEST_F(FhirpathCommand, CasesTakeTheFixedClockAndTheStrictMode) {
  EXPECT_EQ(cases({R"x({"id":1,"expression":"now()"})x"})[0]["result"][0]["value"], "2026-01-15T12:00:00.000Z");
  const std::string line =
      R"x({"id":1,"expression":"valueQuantity.exists()","resource":{"resourceType":"Observation"}})x";
  EXPECT_TRUE(cases({line})[0].contains("result"));
  options.strict = true;
  EXPECT_TRUE(cases({line})[0].contains("error"));
}

TEST_F(FhirpathCommand, ALastLineWithoutItsEndCounts) {
  options.resource_file.clear();
  options.cases_file = "-";
  input = R"({"id":1,"expression":"1"})";
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(output, "{\"id\":1,\"result\":[{\"type\":\"System.Integer\",\"value\":1}]}\n");
}

}  // namespace
}  // namespace embergate::app
