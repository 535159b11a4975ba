// SPDX-License-Identifier: Apache-2.0
#include "interaction/dry_run.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace embergate::interaction {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json patient(const std::string& gender) { return {{"resourceType", "Patient"}, {"id", "p1"}, {"gender", gender}}; }

json topic_with(const std::string& criteria) {
  return {{"resourceType", "AidboxSubscriptionTopic"},
          {"url", "urn:given"},
          {"status", "active"},
          {"trigger", {{{"resource", "Patient"}, {"fhirPathCriteria", criteria}}}}};
}

json parameter(const std::string& name, const json& resource) { return {{"name", name}, {"resource", resource}}; }

json parameters(const std::vector<json>& list) { return {{"resourceType", "Parameters"}, {"parameter", list}}; }

class DryRunRequest : public ::testing::Test {
 protected:
  DryRunRequest() {
    std::vector<fhir::Issue> issues;
    json stored = topic_with("gender = 'female'");
    stored["url"] = "urn:stored";
    const auto resource = fhir::Resource::parse(stored.dump()).value();
    std::shared_ptr<const topic::SubscriptionTopic> parsed =
        topic::SubscriptionTopic::parse(*resource, "stored", issues);
    auto destination = std::make_shared<topic::TopicDestination>();
    destination->topic_url = "urn:stored";
    destination->slot = 1;
    bound_ = std::make_unique<topic::Catalog>(
        std::vector{parsed}, std::vector<std::shared_ptr<const topic::TopicDestination>>{destination}, 1);
    unbound_ = std::make_unique<topic::Catalog>(std::vector{parsed},
                                                std::vector<std::shared_ptr<const topic::TopicDestination>>{}, 1);
  }

  Answer<std::string> run_text(const std::string& body) const {
    return dry_run(body, options_, *bound_, RequestContext());
  }
  json run(const json& body) const {
    const auto answer = run_text(body.dump());
    EXPECT_TRUE(answer) << answer.error().error.diagnostics;
    return answer ? json::parse(*answer) : json();
  }
  // "<code> <place>: <text>" of the first issue.
  std::string refused(const json& body) const {
    const auto answer = run_text(body.dump());
    if (answer) return "accepted: " + *answer;
    const core::Error& error = answer.error().error;
    return fmt::format("{} {}: {}", core::to_string(error.code), error.expression, error.diagnostics);
  }

  static Options named() {
    Options options;
    options.base_url = "http://gw.example";
    return options;
  }
  const Options options_ = named();
  std::unique_ptr<topic::Catalog> bound_;
  std::unique_ptr<topic::Catalog> unbound_;
};

json find(const json& list, const std::string& name) {
  for (const json& entry : list) {
    if (entry["name"] == name) return entry;
  }
  return nullptr;
}

TEST_F(DryRunRequest, AnswersForATopicThatIsGiven) {
  const json answer =
      run(parameters({parameter("topic", topic_with("%current.gender != %previous.gender")),
                      parameter("previous", patient("male")), parameter("current", patient("female"))}));
  const json& list = answer["parameter"];
  EXPECT_EQ(answer["resourceType"], "Parameters");
  EXPECT_EQ(find(list, "fires")["valueBoolean"], true);
  EXPECT_EQ(find(list, "interaction")["valueCode"], "update");
  EXPECT_EQ(find(list, "topic")["valueUri"], "urn:given");
  EXPECT_TRUE(find(list, "destinations").is_null());
  const json parts = find(list, "trigger")["part"];
  EXPECT_EQ(find(parts, "index")["valueInteger"], 0);
  EXPECT_EQ(find(parts, "resource")["valueCode"], "Patient");
  EXPECT_EQ(find(parts, "typeFits")["valueBoolean"], true);
  EXPECT_EQ(find(parts, "interactionFits")["valueBoolean"], true);
  EXPECT_EQ(find(parts, "outcome")["valueCode"], "true");
  EXPECT_EQ(find(parts, "criteria")["valueString"], "%current.gender != %previous.gender");
  EXPECT_GT(find(parts, "stepsUsed")["valueInteger"], 0);
  EXPECT_EQ(find(find(parts, "result")["part"], "value")["valueString"], "true");
  EXPECT_EQ(find(find(parts, "step")["part"], "expression")["valueString"], "%current.gender != %previous.gender");
}

TEST_F(DryRunRequest, TellsWarningsErrorsAndTraceWithTheirPositions) {
  const json answer =
      run(parameters({parameter("topic", topic_with("Encounter.status = 'x' or name.given.trace('given')")),
                      parameter("current", {{"resourceType", "Patient"}, {"name", {{{"given", {"a", "b"}}}}}})}));
  const json parts = find(answer["parameter"], "trigger")["part"];
  EXPECT_EQ(find(parts, "outcome")["valueCode"], "error");
  const json error = find(parts, "error")["part"];
  EXPECT_EQ(find(error, "line")["valueInteger"], 1);
  EXPECT_GT(find(error, "column")["valueInteger"], 1);
  EXPECT_FALSE(find(error, "message")["valueString"].get<std::string>().empty());
  EXPECT_EQ(find(find(parts, "warning")["part"], "line")["valueInteger"], 1);
  EXPECT_EQ(find(find(parts, "trace")["part"], "name")["valueString"], "given");
}

TEST_F(DryRunRequest, FindsAStoredTopicByUrlAndByReference) {
  for (const json& topic : std::vector<json>{
           {{"name", "topic"}, {"valueCanonical", "urn:stored"}},
           {{"name", "topic"}, {"valueString", "urn:stored"}},
           {{"name", "topic"}, {"valueReference", {{"reference", "AidboxSubscriptionTopic/stored"}}}},
           {{"name", "topic"},
            {"valueReference", {{"reference", "http://gw.example/fhir/AidboxSubscriptionTopic/stored"}}}}}) {
    const json answer = run(parameters({topic, parameter("current", patient("female"))}));
    EXPECT_EQ(find(answer["parameter"], "fires")["valueBoolean"], true) << topic;
    EXPECT_EQ(find(answer["parameter"], "destinations")["valueInteger"], 1);
    EXPECT_TRUE(find(answer["parameter"], "note").is_null());
  }
}

TEST_F(DryRunRequest, SaysThatNobodyGetsTheEventsOfATopicWithoutADestination) {
  const json body =
      parameters({{{"name", "topic"}, {"valueUri", "urn:stored"}}, parameter("previous", patient("male"))});
  const auto answer = dry_run(body.dump(), options_, *unbound_, RequestContext());
  ASSERT_TRUE(answer);
  const json list = json::parse(*answer)["parameter"];
  EXPECT_EQ(find(list, "interaction")["valueCode"], "delete");
  EXPECT_EQ(find(list, "destinations")["valueInteger"], 0);
  EXPECT_THAT(find(list, "note")["valueString"].get<std::string>(), HasSubstr("no AidboxTopicDestination"));
}

TEST_F(DryRunRequest, NamesTheElementThatIsWrong) {
  const json good = parameter("topic", topic_with("true"));
  const json state = parameter("current", patient("male"));
  EXPECT_THAT(refused(patient("male")), HasSubstr("Parameters.resourceType: the body must be"));
  EXPECT_THAT(refused(parameters({state})), HasSubstr("Parameters.parameter: the parameter topic is missing"));
  EXPECT_THAT(refused(parameters({good})), HasSubstr("Parameters.parameter: give the state"));
  EXPECT_THAT(refused(parameters({good, state, state})), HasSubstr("Parameters.parameter[2].name: current is there"));
  EXPECT_THAT(refused(parameters({good, parameter("now", patient("male"))})),
              HasSubstr("Parameters.parameter[1].name: there is no parameter \"now\""));
  EXPECT_THAT(refused(parameters({good, {{"name", "current"}, {"valueString", "x"}}})),
              HasSubstr("Parameters.parameter[1].resource: a state is given"));
  EXPECT_THAT(refused(parameters({good, parameter("current", {{"resourceType", "Pacient"}})})),
              HasSubstr("Parameters.parameter[1].resource"));
  EXPECT_THAT(refused(parameters({good, parameter("current", {{"resourceType", "Patient"}, {"gender", 1}})})),
              HasSubstr("Parameters.parameter[1].resource.gender"));
  EXPECT_THAT(refused(parameters({good, parameter("current", {{"resourceType", "Client"}, {"id", "c"}})})),
              HasSubstr("Parameters.parameter[1].resource: Client is a resource of the server itself"));
  EXPECT_THAT(
      refused(parameters({good, state, parameter("previous", {{"resourceType", "Basic"}, {"code", {{"text", "x"}}}})})),
      HasSubstr("Parameters.parameter[2].resource: current is Patient/p1"));
}

TEST_F(DryRunRequest, NamesWhatIsWrongWithTheTopic) {
  const json state = parameter("current", patient("male"));
  EXPECT_THAT(refused(parameters({parameter("topic", topic_with("gendr = 'x'")), state})),
              HasSubstr("Parameters.parameter[0].resource.trigger[0].fhirPathCriteria: line 1"));
  EXPECT_THAT(refused(parameters({parameter("topic", patient("male")), state})),
              HasSubstr("Parameters.parameter[0].resource"));
  EXPECT_THAT(refused(parameters({{{"name", "topic"}}, state})), HasSubstr("Parameters.parameter[0]: topic needs"));
  EXPECT_THAT(refused(parameters({{{"name", "topic"}, {"valueUri", "urn:none"}}, state})),
              HasSubstr("Parameters.parameter[0].valueUri: no stored topic has the url \"urn:none\""));
  EXPECT_THAT(refused(parameters(
                  {{{"name", "topic"}, {"valueReference", {{"reference", "AidboxSubscriptionTopic/none"}}}}, state})),
              HasSubstr("valueReference.reference: Referenced resource AidboxSubscriptionTopic/none does not exist"));
  EXPECT_THAT(refused(parameters({{{"name", "topic"}, {"valueReference", {{"reference", "Patient/p1"}}}}, state})),
              HasSubstr("valueReference.reference: \"Patient/p1\" is no reference to a topic"));
}

TEST_F(DryRunRequest, RefusesWhatIsNoJsonAndStatesThatAreTooLarge) {
  const auto malformed = run_text("{");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().error.code, core::ErrorCode::kMalformed);
  json large = patient("male");
  large["contained"] = json::array();
  for (int i = 0; i < 3; ++i)
    large["contained"].push_back(
        {{"resourceType", "Binary"}, {"contentType", "x/y"}, {"data", std::string(400'000, 'A')}});
  const auto refused =
      run_text(parameters({parameter("topic", topic_with("true")), parameter("current", large)}).dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, core::ErrorCode::kTooLarge);
  EXPECT_EQ(refused.error().error.expression, "Parameters.parameter[1].resource");
}

TEST_F(DryRunRequest, AnswersForManyTriggersOnceThereAreTooMany) {
  json topic = topic_with("true");
  for (int i = 0; i < 149; ++i) topic["trigger"].push_back(topic["trigger"][0]);
  const json list = run(parameters({parameter("topic", topic), parameter("current", patient("male"))}))["parameter"];
  EXPECT_EQ(std::count_if(list.begin(), list.end(), [](const json& entry) { return entry["name"] == "trigger"; }), 100);
  EXPECT_THAT(find(list, "note")["valueString"].get<std::string>(), HasSubstr("150 triggers"));
}

}  // namespace
}  // namespace embergate::interaction
