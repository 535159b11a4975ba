// SPDX-License-Identifier: Apache-2.0
// Rights for each type and interaction (contract 4.5): a feed client writes clinical resources and nothing else, by
// whatever way it tries.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Rights : public GatewayTest {
 protected:
  void SetUp() override {
    world.add_secret("feed-secret", feed_secret, "Client", "feed");
    world.add_secret("kept-secret", world.canary("kept"), "Client", "kept");
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.root().put("/fhir/Client/feed", samples::client_with_reference("feed", "feed-secret")).status(),
              201);
    ASSERT_EQ(world.root().put("/fhir/Client/kept", samples::client_with_reference("kept", "kept-secret")).status(),
              201);
    ASSERT_EQ(
        world.root()
            .post("/fhir/AidboxSubscriptionTopic", samples::topic(samples::kTopicUrl, {samples::trigger("Patient")}))
            .status(),
        201);
  }
  void allow(const json& lists) {
    json policy = samples::allow_policy("feed");
    policy.update(lists);
    const RestReply reply = world.root().put("/fhir/AccessPolicy/allow-feed", policy);
    ASSERT_EQ(reply.status() / 100, 2) << reply;
  }
  RestClient feed() { return world.client("feed", feed_secret); }
  static void expect_forbidden(const RestReply& reply, const std::string& what) {
    EXPECT_EQ(reply.status(), 403) << what << reply;
    EXPECT_EQ(reply.json.value("resourceType", ""), "OperationOutcome") << what;
    EXPECT_THAT(reply.diagnostics(), HasSubstr("Forbidden")) << what;
  }
  static json patient_of(const std::string& organization) {
    json patient = samples::patient("p1", "Doe");
    patient["managingOrganization"]["reference"] = organization;
    return patient;
  }

  const std::string feed_secret = world.canary("feed");
};

TEST_F(Rights, AFeedClientWritesItsTypesAndNothingElse) {
  allow({{"resource_types", {"Patient", "Encounter"}}});
  EXPECT_EQ(feed().put("/fhir/Patient/p1", samples::patient("p1", "Doe")).status(), 201);
  EXPECT_EQ(feed().get("/fhir/Patient/p1").status(), 200);
  EXPECT_EQ(feed().get("/fhir/Patient/p1/_history").status(), 200);
  EXPECT_EQ(feed().remove("/fhir/Patient/p1").status(), 200);
  for (const char* type :
       {"Observation", "Client", "AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination", "User", "Role"}) {
    const std::string base = std::string("/fhir/") + type;
    const json body{{"resourceType", type}, {"id", "x"}};
    expect_forbidden(feed().post(base, body), "create " + base);
    // A destination cannot be changed by anybody, which says nothing of those that exist.
    if (type != std::string("AidboxTopicDestination"))
      expect_forbidden(feed().put(base + "/x", body), "update " + base);
    expect_forbidden(feed().get(base + "/x"), "read " + base);
    expect_forbidden(feed().get(base + "/x/_history"), "history " + base);
    expect_forbidden(feed().get(base + "/x/_history/1"), "vread " + base);
    expect_forbidden(feed().remove(base + "/x"), "delete " + base);
  }
  expect_forbidden(feed().get("/Client/kept"), "without the prefix");
  expect_forbidden(feed().get("/fhir/AidboxTopicDestination/none/$status"), "$status");
  expect_forbidden(feed().post("/fhir/AidboxSubscriptionTopic/$dry-run", {{"resourceType", "Parameters"}}), "$dry-run");
  expect_forbidden(feed().get("/fhir/$vault-status"), "$vault-status");
  expect_forbidden(feed().post("/$drop-cache", json::object()), "$drop-cache");
  expect_forbidden(feed().get("/$version"), "$version");
  EXPECT_EQ(feed().get("/fhir/nothing").status(), 404);
  // The administrator's own answers do not change.
  EXPECT_EQ(world.root().get("/fhir/$vault-status").status(), 200);
  EXPECT_EQ(world.root().get("/fhir/Client/kept").status(), 200);
}

TEST_F(Rights, EachEntryOfABundleNeedsItsOwnRightBeforeAnythingElseOfItIsLookedAt) {
  allow({{"resource_types", {"Patient"}}});
  const json good = samples::bundle_entry("PUT", "Patient/p1", samples::patient("p1", "Doe"));
  // Valid and invalid ones, known and unknown secrets: one answer (S-13).
  std::vector<json> denied{
      samples::bundle_entry("GET", "Client/kept"),
      samples::bundle_entry("DELETE", "AccessPolicy/allow-feed"),
      samples::bundle_entry("PUT", "Observation/o1", {{"resourceType", "Observation"}, {"id", "o1"}}),
      samples::bundle_entry("PUT", "Client/other", samples::client_with_reference("other", "kept-secret")),
      samples::bundle_entry("PUT", "Client/other", samples::client_with_reference("other", "no-such-secret")),
      samples::bundle_entry("POST", "AidboxTopicDestination", {{"resourceType", "AidboxTopicDestination"}}),
      samples::bundle_entry("PUT", "AidboxTopicDestination/x", {{"resourceType", "AidboxTopicDestination"}})};
  std::vector<json> entries{good};
  entries.insert(entries.end(), denied.begin(), denied.end());
  const RestReply batch = feed().post("/fhir", samples::bundle("batch", entries));
  ASSERT_EQ(batch.status(), 200) << batch;
  EXPECT_EQ(batch.json["entry"][0]["response"]["status"], "201") << batch;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const json& response = batch.json["entry"][i]["response"];
    EXPECT_EQ(response["status"], "403") << entries[i] << response;
    EXPECT_THAT(response["outcome"]["issue"][0]["diagnostics"].get<std::string>(), HasSubstr("Forbidden"));
  }
  for (const json& entry : denied) {
    const json two = samples::bundle_entry("PUT", "Patient/p2", samples::patient("p2", "Doe"));
    const RestReply whole = feed().post("/fhir", samples::bundle("transaction", {two, entry}));
    expect_forbidden(whole, entry.dump());
    EXPECT_EQ(whole.expression(), "Bundle.entry[1]");
  }
  EXPECT_EQ(world.root().get("/fhir/Patient/p2").status(), 404);
  EXPECT_EQ(world.root().get("/fhir/AccessPolicy/allow-feed").status(), 200);
}

TEST_F(Rights, BatchAndTransactionAreRightsOfTheirOwn) {
  const json entry = samples::bundle_entry("PUT", "Patient/p1", samples::patient("p1", "Doe"));
  allow({{"interactions", {"update", "batch"}}});
  EXPECT_EQ(feed().post("/fhir", samples::bundle("batch", {entry})).status(), 200);
  expect_forbidden(feed().post("/fhir", samples::bundle("transaction", {entry})), "transaction");
  allow({{"interactions", {"update"}}});
  expect_forbidden(feed().post("/fhir", samples::bundle("batch", {entry})), "batch");
  EXPECT_EQ(feed().put("/fhir/Patient/p1", samples::patient("p1", "Roe")).status(), 200);
}

TEST_F(Rights, AConditionIsASearchWhereverItStands) {
  json organization{
      {"resourceType", "Organization"}, {"id", "org"}, {"identifier", {{{"system", "s"}, {"value", "1"}}}}};
  ASSERT_EQ(world.root().put("/fhir/Organization/org", organization).status(), 201);
  const json conditional = samples::bundle_entry("PUT", "Patient/p1", patient_of("Organization?identifier=s|1"));
  const json unmatched = samples::bundle_entry("PUT", "Patient/p1", patient_of("Organization?identifier=s|2"));
  const json probe = samples::bundle_entry("PUT", "Patient/p1", patient_of("Client?_id=kept"));

  allow({{"resource_types", {"Patient"}}});
  for (const json& entry : {conditional, unmatched, probe}) {
    const RestReply reply = feed().post("/fhir", samples::bundle("transaction", {entry}));
    expect_forbidden(reply, entry.dump());
    EXPECT_THAT(reply.diagnostics(), HasSubstr("search-type"));
  }
  allow({{"resource_types", {"Patient", "Organization"}}});
  EXPECT_EQ(feed().post("/fhir", samples::bundle("transaction", {conditional})).status(), 200);
  expect_forbidden(feed().post("/fhir", samples::bundle("transaction", {probe})), "Client?_id");

  allow({{"interactions", {"create", "update", "transaction", "batch"}}});
  expect_forbidden(feed().post("/fhir", samples::bundle("transaction", {conditional})), "no search");
  expect_forbidden(feed().post("/fhir/Patient", samples::patient("", "Doe"), {{"If-None-Exist", "_id=p1"}}), "create");
  json create = samples::bundle_entry("POST", "Patient", samples::patient("", "Doe"));
  create["request"]["ifNoneExist"] = "_id=p1";
  expect_forbidden(feed().post("/fhir", samples::bundle("transaction", {create})), "transaction create");
  allow({{"interactions", {"create", "search-type"}}});
  EXPECT_EQ(feed().post("/fhir/Patient", samples::patient("", "Doe"), {{"If-None-Exist", "_id=p1"}}).status(), 200);
}

TEST_F(Rights, AReferenceDoesNotTellWhetherAnOwnResourceExists) {
  allow({{"resource_types", {"Patient", "Basic"}}});
  const auto answer = [this](const std::string& reference) {
    json basic{{"resourceType", "Basic"}, {"id", "b"}, {"code", {{"text", "x"}}}};
    basic["subject"]["reference"] = reference;
    const RestReply direct = feed().put("/fhir/Basic/b", basic);
    const RestReply bundled =
        feed().post("/fhir", samples::bundle("transaction", {samples::bundle_entry("PUT", "Basic/b", basic)}));
    return std::to_string(direct.status()) + direct.diagnostics() + std::to_string(bundled.status()) +
           bundled.diagnostics();
  };
  const std::string there = answer("Client/kept");
  EXPECT_THAT(there, HasSubstr("403"));
  EXPECT_EQ(there, answer("Client/no-such-client"));
  EXPECT_THAT(answer("Patient/no-such-patient"), HasSubstr("422"));
}

TEST_F(Rights, ADeletionShowsItsContentOnlyToWhomMayRead) {
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Hidden")).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p2", samples::patient("p2", "Hidden")).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p3", samples::patient("p3", "Hidden")).status(), 201);
  allow({{"interactions", {"delete", "batch", "transaction"}}});
  std::string seen = feed().remove("/fhir/Patient/p1").http.body;
  for (const char* type : {"batch", "transaction"}) {
    const std::string id = type == std::string("batch") ? "p2" : "p3";
    const RestReply reply =
        feed().post("/fhir", samples::bundle(type, {samples::bundle_entry("DELETE", "Patient/" + id)}));
    EXPECT_EQ(reply.json["entry"][0]["response"]["status"], "200") << reply;
    seen += reply.http.body;
  }
  EXPECT_EQ(seen.find("Hidden"), std::string::npos) << seen;
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 410);
}

TEST_F(Rights, AnOperatorMayLookAtDestinationsWithoutBeingAnAdministrator) {
  allow({{"resource_types", {"AidboxTopicDestination", "AidboxSubscriptionTopic"}},
         {"interactions", {"read", "operation"}}});
  EXPECT_EQ(feed().get("/fhir/AidboxTopicDestination/none/$status").status(), 404);
  json dry_run = json::parse(R"({"resourceType":"Parameters","parameter":[{"name":"topic"},{"name":"current"}]})");
  dry_run["parameter"][0]["valueCanonical"] = samples::kTopicUrl;
  dry_run["parameter"][1]["resource"] = samples::patient("p1", "Doe");
  EXPECT_EQ(feed().post("/fhir/AidboxSubscriptionTopic/$dry-run", dry_run).status(), 200);
  expect_forbidden(feed().post("/fhir/AidboxTopicDestination", json::object()), "write");
  expect_forbidden(feed().get("/fhir/$vault-status"), "$vault-status");
  allow({{"resource_types", {"AidboxSubscriptionTopic"}}, {"interactions", {"operation"}}});
  expect_forbidden(feed().post("/fhir/AidboxSubscriptionTopic/$dry-run", dry_run), "a stored topic is read");
}

TEST_F(Rights, APolicyWithUnknownNamesIsNotStored) {
  json policy = samples::allow_policy("feed");
  policy["resource_types"] = {"Patiant"};
  const RestReply type = world.root().put("/fhir/AccessPolicy/allow-feed", policy);
  EXPECT_EQ(type.status(), 422) << type;
  EXPECT_EQ(type.expression(), "AccessPolicy.resource_types[0]");
  EXPECT_THAT(type.diagnostics(), HasSubstr("\"Patient\""));
  policy["resource_types"] = {"Patient"};
  policy["interactions"] = {"craete"};
  const RestReply interaction = world.root().put("/fhir/AccessPolicy/allow-feed", policy);
  EXPECT_EQ(interaction.status(), 422) << interaction;
  EXPECT_THAT(interaction.diagnostics(), HasSubstr("\"create\""));
  EXPECT_EQ(world.root().get("/fhir/AccessPolicy/allow-feed").status(), 404);
}

}  // namespace
}  // namespace embergate::test
