// SPDX-License-Identifier: Apache-2.0
// What a client may get wrong: each has the code of contract 5.5, names the element, and leaves nothing behind.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class BadInput : public GatewayTest {
 protected:
  void SetUp() override {
    lane = world.add_lane();
    world.add_secret("other-secret", world.canary("other"), "Client", "other");
    world.add_secret("intake-secret", world.canary("intake"), "Client", "intake");
    ASSERT_TRUE(world.start());
  }

  RestReply post_destination(const json& destination) {
    return world.root().post("/fhir/AidboxTopicDestination", destination);
  }
  // The destination with one parameter replaced or added.
  json with_parameter(const json& parameter) const {
    json destination = lane.destination.json();
    json& all = destination["parameter"];
    for (json& one : all) {
      if (one["name"] == parameter["name"]) {
        one = parameter;
        return destination;
      }
    }
    all.push_back(parameter);
    return destination;
  }
  void expect_refused(const RestReply& reply, int status, const std::string& code, const std::string& names) {
    EXPECT_EQ(reply.status(), status) << reply;
    EXPECT_EQ(reply.issue_code(), code) << reply;
    EXPECT_EQ(reply.json.value("resourceType", ""), "OperationOutcome");
    EXPECT_THAT(reply.expression() + " " + reply.diagnostics(), HasSubstr(names));
  }
  void expect_no_destination() { EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/events").status(), 404); }

  KafkaLane lane;
};

TEST_F(BadInput, BodiesThatAreNoJsonAreRefusedWithTheirPlace) {
  const std::vector<std::string> bodies{
      R"({"resourceType":"Patient",)",  "null",           "[]",
      R"({"resourceType":"Patient"}x)", "\xEF\xBB\xBF{}", R"({"resourceType":"Patient","id":"a","id":"b"})",
      std::string(10'000, '[')};
  for (const std::string& body : bodies) {
    const RestReply reply = world.root().send_text("POST", "/fhir/Patient", body);
    EXPECT_EQ(reply.status(), 400) << body.substr(0, 60) << " -> " << reply;
    EXPECT_EQ(reply.issue_code(), "invalid") << reply;
    EXPECT_FALSE(reply.diagnostics().empty());
  }
}

TEST_F(BadInput, ResourcesOfWrongShapeAreRefusedWithTheElement) {
  json patient = samples::patient("p1", "Wrong");
  patient["gender"] = json::array({"male"});
  expect_refused(world.root().post("/fhir/Patient", patient), 422, "invalid", "Patient.gender");
  patient = samples::patient("p1", "Wrong");
  patient["birthDate"] = "yesterday";
  expect_refused(world.root().post("/fhir/Patient", patient), 422, "invalid", "Patient.birthDate");
  patient = samples::patient("p1", "Wrong");
  patient["nmae"] = "typo";
  expect_refused(world.root().post("/fhir/Patient", patient), 422, "invalid", "nmae");
  patient = samples::patient("p1", "Wrong");
  patient["managingOrganization"] = {{"reference", "Organization/nowhere"}};
  expect_refused(world.root().post("/fhir/Patient", patient), 422, "invalid", "Organization/nowhere");
  expect_refused(world.root().post("/fhir/Observation", samples::patient("p1", "Other")), 422, "invalid", "Patient");
  patient = samples::patient("not an id", "Wrong");
  expect_refused(world.root().post("/fhir/Patient", patient), 422, "invalid", "Patient.id");
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
}

TEST_F(BadInput, WhatIsNotThereOrNotAllowedHasItsOwnCode) {
  EXPECT_EQ(world.root().get("/fhir/Patient/unknown").status(), 404);
  EXPECT_EQ(world.root().get("/fhir/Nonsense/x").status(), 404);
  EXPECT_EQ(world.root().get("/nothing/here").status(), 404);
  EXPECT_EQ(world.root().send("PATCH", "/health").status(), 405);
  EXPECT_EQ(world.root().remove("/fhir/Patient/unknown").status(), 204);
  EXPECT_EQ(world.root().get("/fhir/Patient/unknown", {{"Accept", "application/xml"}}).status(), 406);
  HttpConnection connection(world.gateway().port());
  const HttpReply xml = connection.request(
      "POST", "/fhir/Patient",
      {{"Content-Type", "application/fhir+xml"}, {"Authorization", "Basic " + base64("root:" + world.root_secret())}},
      "<Patient/>");
  EXPECT_EQ(xml.status, 415);
  const RestReply large = world.root().send_text("POST", "/fhir/Patient", std::string(20'971'521, ' '));
  EXPECT_EQ(large.status(), 413) << large;
}

TEST_F(BadInput, VersionsThatDoNotMatchAreRefused) {
  const RestReply first = world.root().post("/fhir/Patient", samples::patient("p1", "One"));
  ASSERT_EQ(first.status(), 201);
  const std::string tag = "W/\"" + std::to_string(first.version()) + "\"";
  EXPECT_EQ(first.http.header("ETag"), tag);
  EXPECT_EQ(first.http.header("Location"),
            "http://gw.example/fhir/Patient/p1/_history/" + std::to_string(first.version()));
  EXPECT_EQ(world.root().get("/fhir/Patient/p1", {{"If-None-Match", tag}}).status(), 304);
  EXPECT_EQ(world.root().post("/fhir/Patient", samples::patient("p1", "Again")).status(), 409);
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Two"), {{"If-Match", tag}}).status(), 200);
  const RestReply stale = world.root().put("/fhir/Patient/p1", samples::patient("p1", "Lost"), {{"If-Match", tag}});
  expect_refused(stale, 412, "conflict", "");
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").json["name"][0]["family"], "Two");
  EXPECT_EQ(world.root().put("/fhir/Patient/new", samples::patient("new", "No"), {{"If-Match", "*"}}).status(), 412);
  EXPECT_EQ(world.root().remove("/fhir/Patient/p1").status(), 200);
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 410);
  EXPECT_EQ(world.root().get("/fhir/Patient/p1/_history/" + std::to_string(first.version())).status(), 200);
  const RestReply again = world.root().put("/fhir/Patient/p1", samples::patient("p1", "Back"));
  EXPECT_EQ(again.status(), 201) << again;
  const RestReply history = world.root().get("/fhir/Patient/p1/_history");
  ASSERT_EQ(history.status(), 200) << history;
  ASSERT_EQ(history.json["entry"].size(), 4u);
  EXPECT_EQ(history.json["entry"][1]["request"]["method"], "DELETE");
}

TEST_F(BadInput, TopicsWithBrokenCriteriaAreRefusedWithTheirPlace) {
  for (const char* criteria : {"name.where(", "Patient.nmae = 'x'", "unknownFunction()"}) {
    const RestReply reply =
        world.root().post("/fhir/AidboxSubscriptionTopic",
                          samples::topic("http://gw.example/broken", {samples::trigger("Patient", criteria)}));
    expect_refused(reply, 422, "invalid", "trigger[0]");
  }
  json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Nonsense")});
  expect_refused(world.root().post("/fhir/AidboxSubscriptionTopic", topic), 422, "invalid", "trigger[0]");
  topic = samples::topic(samples::kTopicUrl, {samples::trigger("Client")});
  EXPECT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 422);
  topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient")});
  EXPECT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  expect_refused(world.root().post("/fhir/AidboxSubscriptionTopic", topic), 409, "duplicate", "url");
}

TEST_F(BadInput, BI19_DestinationParametersThatCannotWorkAreRefusedByName) {
  const auto text = [](const char* name, const char* value) { return json{{"name", name}, {"valueString", value}}; };
  for (const char* name :
       {"plugin.library.paths", "debug", "sasl.kerberos.kinit.cmd", "ssl.ca.location", "kafkatopic"}) {
    expect_refused(post_destination(with_parameter(text(name, "x"))), 422, "invalid", "parameter[");
  }
  expect_refused(post_destination(with_parameter({{"name", "kafkaTopic"}, {"valueInteger", 7}})), 422, "invalid",
                 "parameter[0]");
  expect_refused(post_destination(with_parameter(text("securityProtocol", "SASL"))), 422, "invalid", "parameter[2]");
  expect_refused(post_destination(with_parameter(text("saslMechanism", "GSSAPI"))), 422, "not-supported",
                 "parameter[3]");
  expect_refused(post_destination(with_parameter(text("bootstrapServers", "no port"))), 422, "invalid", "parameter[1]");
  expect_refused(post_destination(with_parameter({{"name", "requestTimeoutMs"}, {"valueInteger", -1}})), 422, "invalid",
                 "parameter[");
  json twice = lane.destination.json();
  twice["parameter"].push_back(twice["parameter"][0]);
  expect_refused(post_destination(twice), 422, "invalid", "parameter[");
  json without = lane.destination.json();
  without["parameter"].erase(0);
  expect_refused(post_destination(without), 422, "invalid", "kafkaTopic");
  json best_effort = lane.destination.json();
  best_effort["kind"] = "kafka-best-effort";
  EXPECT_EQ(post_destination(best_effort).status(), 422);
  json no_profile = lane.destination.json();
  no_profile.erase("meta");
  expect_refused(post_destination(no_profile), 422, "invalid", "meta.profile");
  expect_no_destination();
}

TEST_F(BadInput, ADestinationIsAnsweredWithAllItsFaultsAtOnce) {
  json wrong = lane.destination.json();
  wrong["parameter"] =
      json::array({{{"name", "bootstrapServer"}, {"valueString", "no port"}},
                   {{"name", "securityProtocol"}, {"valueString", "SASL_SSL"}},
                   {{"name", "saslMechanism"}, {"valueString", "SCRAM"}},
                   {{"name", "saslJaasConfig"}, {"_valueString", samples::secret_reference("evnts-jaas")}},
                   {{"name", "lingerMs"}, {"valueString", "5"}}});
  const RestReply reply = post_destination(wrong);
  EXPECT_EQ(reply.status(), 422) << reply;
  const std::string all = reply.json.dump();
  for (const char* text : {"did you mean \\\"bootstrapServers\\\"?", "did you mean \\\"events-jaas\\\"?",
                           "saslMechanism \\\"SCRAM\\\" is unknown", "lingerMs", "kafkaTopic\\\" is required"}) {
    EXPECT_THAT(all, HasSubstr(text));
  }
  EXPECT_EQ(reply.json["issue"].size(), 6U) << reply;
  expect_no_destination();
}

TEST_F(BadInput, ADestinationOfAMisspeltTopicIsMadeWithAWarningThatNamesTheNearestOne) {
  json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient")});
  ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  json misspelt = lane.destination.json();
  misspelt["topic"] = std::string(samples::kTopicUrl) + "s";
  const RestReply reply = post_destination(misspelt);
  ASSERT_EQ(reply.status(), 201) << reply;
  EXPECT_THAT(reply.http.header("Warning"), HasSubstr("did you mean " + std::string(samples::kTopicUrl) + "?"));
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  const RestReply right = post_destination(lane.destination.json());
  ASSERT_EQ(right.status(), 201) << right;
  EXPECT_EQ(right.http.header("Warning"), "");
}

TEST_F(BadInput, InlineCredentialsOfDestinationsAreRefusedWithTheReferenceToWriteInstead) {
  const std::string password = world.canary("inline");
  const RestReply reply = post_destination(
      with_parameter({{"name", "saslJaasConfig"}, {"valueString", samples::scram_jaas("gw", password)}}));
  EXPECT_EQ(reply.status(), 422) << reply;
  EXPECT_THAT(reply.diagnostics(), HasSubstr("secret-reference"));
  expect_no_destination();
}

TEST_F(BadInput, AL10_SecretReferencesAreCheckedWhenTheyAreWritten) {
  const auto with_reference = [&](const std::string& name) {
    return with_parameter({{"name", "saslJaasConfig"}, {"_valueString", samples::secret_reference(name)}});
  };
  expect_refused(post_destination(with_reference("no-such-secret")), 422, "not-found", "no-such-secret");
  const RestReply denied = post_destination(with_reference("other-secret"));
  expect_refused(denied, 422, "forbidden", "secret \"other-secret\" is not available to AidboxTopicDestination/events");
  EXPECT_THAT(denied.diagnostics(), testing::Not(HasSubstr("Client/other")));
  EXPECT_THAT(denied.diagnostics(), testing::Not(HasSubstr(world.directory().path().string())));
  json nameless = lane.destination.json();
  nameless.erase("id");
  expect_refused(post_destination(nameless), 422, "forbidden", "events-jaas");
  expect_no_destination();

  const json good = samples::client_with_reference("intake", "intake-secret");
  json both = good;
  both["secret"] = "inline-too";
  json unmasked = good;
  unmasked["_secret"]["extension"].erase(0);
  json unknown_reason = good;
  unknown_reason["_secret"]["extension"][0]["valueCode"] = "unknown";
  json twice = good;
  twice["_secret"]["extension"].push_back(twice["_secret"]["extension"][1]);
  json third = good;
  third["_secret"]["extension"].push_back({{"url", "http://gw.example/more"}, {"valueString", "x"}});
  json elsewhere = good;
  elsewhere["_description"] = good["_secret"];
  for (const json& client : {both, unmasked, unknown_reason, twice, third, elsewhere}) {
    const RestReply reply = world.root().put("/fhir/Client/intake", client);
    EXPECT_EQ(reply.status(), 422) << client << " -> " << reply;
  }
  json patient = samples::patient("p1", "Carrier");
  patient["name"][0]["_family"] = good["_secret"];
  EXPECT_EQ(world.root().post("/fhir/Patient", patient).status(), 422);
  std::string doubled = good.dump();
  doubled.insert(1, "\"_secret\":" + samples::secret_reference("other-secret").dump() + ",");
  EXPECT_EQ(world.root().send_text("PUT", "/fhir/Client/intake", doubled).status(), 400);
  EXPECT_EQ(world.root().get("/fhir/Client/intake").status(), 404);
  EXPECT_EQ(world.root().put("/fhir/Client/intake", good).status(), 201);
}

TEST_F(BadInput, BI06_OneOutOfScopeEntryRefusesItsWholeTransaction) {
  std::vector<json> entries;
  for (int i = 0; i < 19; ++i) {
    const std::string id = "t" + std::to_string(i);
    entries.push_back(samples::bundle_entry("PUT", "Patient/" + id, samples::patient(id, "Entry")));
  }
  entries.insert(entries.begin() + 7, samples::bundle_entry("PUT", "Client/intake",
                                                            samples::client_with_reference("intake", "other-secret")));
  const RestReply reply = world.root().post("/fhir", samples::bundle("transaction", entries));
  expect_refused(reply, 422, "forbidden", "Bundle.entry[7]");
  EXPECT_EQ(world.root().get("/fhir/Patient/t0").status(), 404);
  EXPECT_EQ(world.root().get("/fhir/Patient/t18").status(), 404);
}

}  // namespace
}  // namespace embergate::test
