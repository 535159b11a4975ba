// SPDX-License-Identifier: Apache-2.0
// AidboxSubscriptionTopic/$dry-run over HTTP: what an author of criteria is told, who may ask, and that nothing comes
// of it (contract 2.2, 4.5, 5.5); and what a criterion that fails at run time does to the write.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kPath = "/fhir/AidboxSubscriptionTopic/$dry-run";

json patient_with(const std::string& gender) {
  json patient = samples::patient("p1", "Dry");
  patient["gender"] = gender;
  return patient;
}

json request_of(const json& topic, const json& current, const json& previous = nullptr) {
  json body{{"resourceType", "Parameters"}, {"parameter", json::array({topic})}};
  if (!current.is_null()) body["parameter"].push_back({{"name", "current"}, {"resource", current}});
  if (!previous.is_null()) body["parameter"].push_back({{"name", "previous"}, {"resource", previous}});
  return body;
}

json find(const json& list, const std::string& name) {
  for (const json& entry : list) {
    if (entry["name"] == name) return entry;
  }
  return nullptr;
}

class DryRun : public GatewayTest {
 protected:
  void SetUp() override {
    world.add_secret("intake-secret", intake, "Client", "intake");
    ASSERT_TRUE(world.start());
  }
  const std::string intake = world.canary("intake");
  const json changed = samples::topic(
      samples::kTopicUrl, {samples::trigger("Patient", "%current.gender = 'female' and %previous.gender != 'female'")});
  const json given = {{"name", "topic"}, {"resource", changed}};
  const json stored = {{"name", "topic"}, {"valueCanonical", samples::kTopicUrl}};
};

TEST_F(DryRun, TellsWhyATopicNeverFiresAndLeavesNothingBehind) {
  const RestReply create = world.root().post(kPath, request_of(given, patient_with("female")));
  ASSERT_EQ(create.status(), 200) << create;
  EXPECT_EQ(create.json["resourceType"], "Parameters");
  EXPECT_EQ(find(create.json["parameter"], "fires")["valueBoolean"], false);
  EXPECT_EQ(find(create.json["parameter"], "interaction")["valueCode"], "create");
  const json parts = find(create.json["parameter"], "trigger")["part"];
  EXPECT_EQ(find(parts, "outcome")["valueCode"], "empty");
  EXPECT_THAT(find(parts, "why")["valueString"].get<std::string>(), HasSubstr("because `%previous` is empty"));

  const RestReply update = world.root().post(kPath, request_of(given, patient_with("female"), patient_with("male")));
  ASSERT_EQ(update.status(), 200) << update;
  EXPECT_EQ(find(update.json["parameter"], "fires")["valueBoolean"], true) << update;

  // Neither the topic nor the states were stored: the url is free, the patient unknown.
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
  EXPECT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", changed).status(), 201);
  const RestReply found =
      world.root().post("/AidboxSubscriptionTopic/$dry-run", request_of(stored, nullptr, patient_with("male")));
  ASSERT_EQ(found.status(), 200) << found;
  EXPECT_EQ(find(found.json["parameter"], "interaction")["valueCode"], "delete");
  EXPECT_EQ(find(found.json["parameter"], "destinations")["valueInteger"], 0);
}

TEST_F(DryRun, RefusesWhatItCannotReadAndWhoMayNotAsk) {
  RestClient root = world.root();
  const json good = request_of(given, patient_with("male"));
  EXPECT_EQ(world.anonymous().post(kPath, good).status(), 401);
  ASSERT_EQ(root.put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(), 201);
  EXPECT_EQ(world.client("intake", intake).post(kPath, good).status(), 403);
  ASSERT_EQ(root.put("/fhir/AccessPolicy/allow-intake", samples::allow_policy("intake")).status(), 201);
  EXPECT_EQ(world.client("intake", intake).post(kPath, good).status(), 200);

  EXPECT_EQ(root.send_text("POST", kPath, "{").status(), 400);
  EXPECT_EQ(root.get(kPath).status(), 405);
  const RestReply unknown = root.post(kPath, request_of(stored, patient_with("male")));
  EXPECT_EQ(unknown.status(), 422) << unknown;
  EXPECT_EQ(unknown.expression(), "Parameters.parameter[0].valueCanonical");
  json broken = given;
  broken["resource"]["trigger"][0]["fhirPathCriteria"] = "gendr = 'male'";
  const RestReply refused = root.post(kPath, request_of(broken, patient_with("male")));
  EXPECT_EQ(refused.status(), 422) << refused;
  EXPECT_EQ(refused.expression(), "Parameters.parameter[0].resource.trigger[0].fhirPathCriteria");
  EXPECT_THAT(refused.diagnostics(), HasSubstr("line 1, column 1"));
}

TEST_F(DryRun, ACriterionThatFailsIsCountedAndLoggedAndItsWriteSucceeds) {
  const KafkaLane lane = world.add_lane();
  world.write_vault_config();
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  ASSERT_TRUE(world.start());
  const json topic =
      samples::topic(samples::kTopicUrl, {samples::trigger("Patient", "name.given"), samples::trigger("Group")});
  ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  json patient = samples::patient("p1", "Several");
  patient["name"][0]["given"] = {"a", "b"};
  for (int i = 0; i < 3; ++i) EXPECT_LT(world.root().put("/fhir/Patient/p1", patient).status(), 300);
  EXPECT_THAT(world.metrics().body,
              HasSubstr("embergate_topic_criteria_errors_total{topic=\"" + samples::kTopicUrl + "\"} 3"));
  EXPECT_TRUE(world.gateway().logged("topic/criteria-error"));
  const RestReply why = world.root().post(kPath, request_of(stored, patient));
  ASSERT_EQ(why.status(), 200) << why;
  EXPECT_EQ(find(find(why.json["parameter"], "trigger")["part"], "outcome")["valueCode"], "error") << why;
}

}  // namespace
}  // namespace embergate::test
