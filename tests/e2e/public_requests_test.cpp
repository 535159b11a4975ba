// SPDX-License-Identifier: Apache-2.0
// Requests that users of other servers reported as handled wrong (the cases rest-nn and topic-14), each by its number.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::StartsWith;

class PublicRequests : public GatewayTest {
 protected:
  void SetUp() override { ASSERT_TRUE(world.start()); }

  RestReply put(const json& resource, HttpHeaders headers = {}) {
    return world.root().put(
        "/fhir/" + resource["resourceType"].get<std::string>() + "/" + resource["id"].get<std::string>(), resource,
        std::move(headers));
  }
  // The version id after a PUT of the patient.
  std::string version_of_put(const std::string& id, HttpHeaders headers = {}) {
    const RestReply reply = put({{"resourceType", "Patient"}, {"id", id}}, std::move(headers));
    EXPECT_THAT(reply.status(), testing::AnyOf(200, 201)) << reply;
    return reply.json["meta"]["versionId"];
  }
  void expect_refused(const json& resource) {
    const RestReply reply = put(resource);
    EXPECT_EQ(reply.status(), 422) << reply;
    EXPECT_EQ(world.root().get("/fhir/Patient/" + resource["id"].get<std::string>()).status(), 404);
  }
  RestReply transaction(std::vector<json> entries) {
    const RestReply reply = world.root().post("/fhir", samples::bundle("transaction", std::move(entries)));
    EXPECT_EQ(reply.status(), 200) << reply;
    return reply;
  }
  static json entry(const std::string& full_url, const json& resource) {
    json made = samples::bundle_entry("POST", resource["resourceType"], resource);
    made["fullUrl"] = full_url;
    return made;
  }
  static json patient_with(const std::string& id, const json& extension) {
    json patient{{"resourceType", "Patient"}, {"extension", json::array({extension})}};
    if (!id.empty()) patient["id"] = id;
    return patient;
  }
  static json observation(const std::string& id) {
    return {{"resourceType", "Observation"}, {"id", id}, {"status", "final"}, {"code", {{"text", "x"}}}};
  }
};

constexpr const char* kBinaryUrn = "urn:uuid:0b0e3a8e-5f2b-4c39-8d0c-000000000002";
const json kBinary{{"resourceType", "Binary"}, {"contentType", "text/plain"}, {"data", "QUJD"}};

TEST_F(PublicRequests, Rest07_OffsetsEndAtFourteenHours) {
  json fine = observation("r07");
  fine["effectiveDateTime"] = "2015-02-07T13:28:17+14:00";
  fine["issued"] = "2015-02-07T13:28:17.123456789012-00:00";
  EXPECT_EQ(put(fine).status(), 201);
  json wrong = observation("r07b");
  wrong["effectiveDateTime"] = "2015-02-07T13:28:17+14:30";
  EXPECT_EQ(put(wrong).status(), 422);
}

TEST_F(PublicRequests, Rest12_TheLimitOfStringsIsNotThatOfBase64) {
  std::string big;
  for (int i = 0; i < 786'432; ++i) big += "QUJD";
  EXPECT_EQ(
      put({{"resourceType", "Binary"}, {"id", "r12"}, {"contentType", "application/pdf"}, {"data", big}}).status(),
      201);
  EXPECT_EQ(put({{"resourceType", "DocumentReference"},
                 {"id", "r12"},
                 {"status", "current"},
                 {"content", {{{"attachment", {{"data", big}}}}}}})
                .status(),
            201);
  EXPECT_EQ(put({{"resourceType", "Patient"}, {"id", "r12"}, {"photo", {{{"data", big}}}}}).status(), 201);
  EXPECT_EQ(put(patient_with("r12b", {{"url", "http://x/b"}, {"valueBase64Binary", big}})).status(), 201);
  EXPECT_EQ(put(patient_with("r12c", {{"url", "http://x/b"}, {"valueString", big}})).status(), 413);
}

TEST_F(PublicRequests, Rest13_ADataUrlIsNoBase64) {
  expect_refused(patient_with("r13", {{"url", "http://x/b"}, {"valueBase64Binary", "data:image/png;base64,QUJD"}}));
}

TEST_F(PublicRequests, Rest18_EachFormOfAnEntityTagIsUnderstoodInIfMatch) {
  std::string version = version_of_put("r18");
  version = version_of_put("r18", {{"If-Match", "\"" + version + "\""}});
  version = version_of_put("r18", {{"If-Match", "W/\"0\", W/\"" + version + "\""}});
  const json patient{{"resourceType", "Patient"}, {"id", "r18"}};
  EXPECT_EQ(put(patient, {{"If-Match", "W/\"0\", \"00\""}}).status(), 412);
  version_of_put("r18", {{"If-Match", "W/\"" + version + "\""}});
}

TEST_F(PublicRequests, Rest19_APutWithIfNoneMatchStarOverwritesNothing) {
  const HttpHeaders unless_there{{"If-None-Match", "*"}};
  EXPECT_EQ(put({{"resourceType", "Patient"}, {"id", "r19"}, {"active", true}}, unless_there).status(), 201);
  EXPECT_EQ(put({{"resourceType", "Patient"}, {"id", "r19"}, {"active", false}}, unless_there).status(), 412);
  EXPECT_EQ(world.root().get("/fhir/Patient/r19").json["active"], true);
}

TEST_F(PublicRequests, Rest20_ListsAndStarAreUnderstoodInIfNoneMatchOfARead) {
  const std::string version = version_of_put("r20");
  for (const std::string& tag : {"\"x\", W/\"" + version + "\"", std::string("*"), "\"" + version + "\""}) {
    const RestReply reply = world.root().get("/fhir/Patient/r20", {{"If-None-Match", tag}});
    EXPECT_EQ(reply.status(), 304) << tag;
    EXPECT_EQ(reply.http.body, "");
  }
  EXPECT_EQ(world.root().get("/fhir/Patient/r20", {{"If-None-Match", "W/\"0\""}}).status(), 200);
}

TEST_F(PublicRequests, Rest22_APutWithAnotherIdInItsBodyStoresNothing) {
  const json patient{{"resourceType", "Patient"}, {"id", "other"}, {"active", true}};
  const RestReply reply = world.root().put("/fhir/Patient/r22", patient);
  EXPECT_EQ(reply.status(), 400) << reply;
  EXPECT_EQ(reply.expression(), "Patient.id");
  EXPECT_EQ(world.root().get("/fhir/Patient/r22").status(), 404);
  const RestReply in_bundle = world.root().post(
      "/fhir", samples::bundle("transaction", {samples::bundle_entry("PUT", "Patient/r22", patient)}));
  EXPECT_EQ(in_bundle.status(), 400) << in_bundle;
  EXPECT_EQ(world.root().put("/fhir/Patient/r22", {{"resourceType", "Patient"}}).status(), 201);
}

TEST_F(PublicRequests, Rest24_APostHonoursTheIdOfItsBody) {
  EXPECT_EQ(world.root().post("/fhir/Patient", {{"resourceType", "Patient"}, {"id", "r24-own"}}).status(), 201);
  EXPECT_EQ(world.root().get("/fhir/Patient/r24-own").status(), 200);
}

TEST_F(PublicRequests, Rest29_ThePlusOfAFormatNeedsNoEscape) {
  version_of_put("r29");
  for (const char* format : {"application/fhir+json", "application%2Ffhir%2Bjson", "json&_pretty=true"})
    EXPECT_EQ(world.root().get(std::string("/fhir/Patient/r29?_format=") + format).status(), 200) << format;
  EXPECT_EQ(world.root().get("/fhir/Patient/r29?_format=application/fhir+xml").status(), 406);
}

TEST_F(PublicRequests, Rest34_ATransactionReplacesTheUrlOfAnAttachment) {
  const json document{{"resourceType", "DocumentReference"},
                      {"status", "current"},
                      {"content", {{{"attachment", {{"url", kBinaryUrn}}}}}}};
  const RestReply reply =
      transaction({entry("urn:uuid:0b0e3a8e-5f2b-4c39-8d0c-000000000001", document), entry(kBinaryUrn, kBinary)});
  const std::string id = reply.json["entry"][0]["resource"]["id"];
  const json stored = world.root().get("/fhir/DocumentReference/" + id).json;
  EXPECT_EQ(stored["content"][0]["attachment"]["url"],
            "Binary/" + reply.json["entry"][1]["resource"]["id"].get<std::string>());
}

TEST_F(PublicRequests, Rest36_ATransactionReplacesUrisAndLeavesCanonicals) {
  json patient{{"resourceType", "Patient"},
               {"text",
                {{"status", "additional"},
                 {"div", std::string("<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"") + kBinaryUrn +
                             "\">x</a></div>"}}},
               {"extension", json::array({{{"url", "http://x/uri"}, {"valueUri", kBinaryUrn}},
                                          {{"url", "http://x/uuid"}, {"valueUuid", kBinaryUrn}},
                                          {{"url", "http://x/s"}, {"valueString", kBinaryUrn}},
                                          {{"url", "http://x/c"}, {"valueCanonical", kBinaryUrn}}})}};
  const RestReply reply =
      transaction({entry("urn:uuid:0b0e3a8e-5f2b-4c39-8d0c-000000000001", patient), entry(kBinaryUrn, kBinary)});
  const json& stored = reply.json["entry"][0]["resource"];
  const std::string place = "Binary/" + reply.json["entry"][1]["resource"]["id"].get<std::string>();
  EXPECT_EQ(stored["extension"][0]["valueUri"], place);
  EXPECT_EQ(stored["extension"][1]["valueUuid"], place);
  EXPECT_EQ(stored["extension"][2]["valueString"], kBinaryUrn);
  EXPECT_EQ(stored["extension"][3]["valueCanonical"], kBinaryUrn);
  EXPECT_THAT(stored["text"]["div"].get<std::string>(), testing::HasSubstr("<a href=\"" + place + "\">"));
}

TEST_F(PublicRequests, Rest37_ARelativeReferenceMeansTheEntryBesideItsOwn) {
  const std::string base = "http://ehr.example/fhir/";
  json relative = observation("");
  relative.erase("id");
  relative["subject"] = {{"reference", "Patient/77"}};
  json absolute = relative;
  absolute["subject"] = {{"reference", base + "Patient/77"}};
  const RestReply reply =
      transaction({entry(base + "Patient/77", {{"resourceType", "Patient"}, {"active", true}}),
                   entry(base + "Observation/1", relative), entry(base + "Observation/2", absolute)});
  const std::string patient = "Patient/" + reply.json["entry"][0]["resource"]["id"].get<std::string>();
  EXPECT_NE(patient, "Patient/77");
  EXPECT_EQ(reply.json["entry"][1]["resource"]["subject"]["reference"], patient);
  EXPECT_EQ(reply.json["entry"][2]["resource"]["subject"]["reference"], patient);
}

TEST_F(PublicRequests, Rest39_AFullUrlMayBeOfAnyScheme) {
  const json immunization{{"resourceType", "Immunization"},
                          {"status", "completed"},
                          {"vaccineCode", {{"text", "v"}}},
                          {"patient", {{"reference", "resource:0"}}},
                          {"occurrenceDateTime", "2021-01-01"}};
  const RestReply reply = transaction(
      {entry("resource:0", {{"resourceType", "Patient"}, {"active", true}}), entry("resource:1", immunization)});
  EXPECT_THAT(reply.json["entry"][1]["resource"]["patient"]["reference"].get<std::string>(), StartsWith("Patient/"));
}

TEST_F(PublicRequests, Rest42_EntriesOfATransactionRunAsGiven) {
  ASSERT_EQ(put({{"resourceType", "Patient"}, {"id", "r42"}, {"active", true}}).status(), 201);
  const RestReply reply =
      transaction({{{"request", {{"method", "GET"}, {"url", "Patient/r42"}}}},
                   samples::bundle_entry("PUT", "Patient/r42", {{"resourceType", "Patient"}, {"active", false}})});
  EXPECT_EQ(reply.json["entry"][0]["resource"]["active"], true);
}

TEST_F(PublicRequests, Rest45_OneResourceMayBeWrittenTwiceButAFullUrlNotGivenTwice) {
  const auto write = [](bool active) {
    return samples::bundle_entry("PUT", "Patient/r45", {{"resourceType", "Patient"}, {"active", active}});
  };
  EXPECT_EQ(transaction({write(true), write(false)}).json["entry"][1]["resource"]["active"], false);
  json first = write(true);
  json second = write(false);
  first["fullUrl"] = second["fullUrl"] = "urn:uuid:0b0e3a8e-5f2b-4c39-8d0c-000000000045";
  EXPECT_EQ(world.root().post("/fhir", samples::bundle("transaction", {first, second})).status(), 422);
}

TEST_F(PublicRequests, Rest48_AConditionMayBeWrittenAsASearch) {
  const json task{{"resourceType", "Task"}, {"status", "draft"}, {"intent", "order"}};
  json known = task;
  known["identifier"] = {{{"system", "http://tempuri.example"}, {"value", "r48"}}};
  ASSERT_EQ(world.root().post("/fhir/Task", known).status(), 201);
  for (const std::string& condition :
       {std::string("identifier=http://tempuri.example|r48"),
        std::string("identifier=http%3A%2F%2Ftempuri.example%7Cr48"),
        std::string("?identifier=http://tempuri.example|r48"),
        std::string("Task?identifier=http://tempuri.example|r48"), std::string("identifier=r48"),
        std::string("http://gw.example") + "/fhir/Task?identifier=http://tempuri.example|r48"}) {
    EXPECT_EQ(world.root().post("/fhir/Task", task, {{"If-None-Exist", condition}}).status(), 200) << condition;
  }
  EXPECT_EQ(world.root().post("/fhir/Task", task, {{"If-None-Exist", "Patient?identifier=r48"}}).status(), 422);
}

TEST_F(PublicRequests, Rest50_EscapedSeparatorsOfAConditionBelongToTheValue) {
  ASSERT_EQ(world.root()
                .post("/fhir/Patient", {{"resourceType", "Patient"},
                                        {"identifier", {{{"system", "http://foo,123"}, {"value", "A,B|C"}}}}})
                .status(),
            201);
  EXPECT_EQ(world.root()
                .post("/fhir/Patient", {{"resourceType", "Patient"}},
                      {{"If-None-Exist", R"(identifier=http://foo\,123|A\,B\|C)"}})
                .status(),
            200);
}

json document(const std::string& base, const std::string& prefix) {
  const auto one = [&](const std::string& type, const std::string& id, json resource) {
    resource["resourceType"] = type;
    resource["id"] = id;
    return json{{"fullUrl", base + type + "/" + id}, {"resource", resource}};
  };
  return {{"resourceType", "Bundle"},
          {"type", "document"},
          {"identifier", {{"system", "https://example.org/PrescriptionId"}, {"value", "160"}}},
          {"timestamp", "2026-01-01T00:00:00Z"},
          {"entry",
           {one("Composition", prefix + "c",
                {{"status", "final"},
                 {"type", {{"text", "t"}}},
                 {"subject", {{"reference", "Patient/" + prefix + "p"}}},
                 {"date", "2026-01-01"},
                 {"author", {{{"reference", "Practitioner/" + prefix + "d"}}}},
                 {"title", "t"}}),
            one("Patient", prefix + "p", json::object()), one("Practitioner", prefix + "d", json::object())}}};
}

TEST_F(PublicRequests, Rest51_ReferencesWithinAStoredBundleAreNotLookedUpOnTheServer) {
  const RestReply reply = world.root().post("/fhir/Bundle", document("http://ehr.example/fhir/", "r51"));
  EXPECT_EQ(reply.status(), 201) << reply;
}

TEST_F(PublicRequests, Rest66_AnotherFhirVersionIsRefused) {
  const json patient{{"resourceType", "Patient"}, {"id", "r66"}};
  EXPECT_EQ(put(patient, {{"Content-Type", "application/fhir+json; fhirVersion=3.0"}}).status(), 415);
  EXPECT_EQ(put(patient, {{"Content-Type", "application/fhir+json; fhirVersion=4.0"}}).status(), 201);
  EXPECT_EQ(world.root().get("/fhir/Patient/r66", {{"Accept", "application/fhir+json; fhirVersion=5.0"}}).status(),
            406);
}

TEST_F(PublicRequests, Rest71_OidsAndUuidsHaveTheirForm) {
  json fine = patient_with("r71", {{"url", "http://x"}, {"valueOid", "urn:oid:1.2.3"}});
  fine["extension"].push_back({{"url", "http://x"}, {"valueUuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}});
  EXPECT_EQ(put(fine).status(), 201);
  for (const char* oid : {"1.2.3", "urn:oid:2", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1.", "urn:oid:1..2"})
    expect_refused(patient_with("r71b", {{"url", "http://x"}, {"valueOid", oid}}));
  for (const char* uuid : {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
                           "urn:uuid:c757873dec9a4326a141556f43239520"})
    expect_refused(patient_with("r71b", {{"url", "http://x"}, {"valueUuid", uuid}}));
}

TEST_F(PublicRequests, Rest72_DocumentsOfAForeignSystemAreStoredAsTheyAre) {
  json bundle = document("http://pvs.praxis.local/fhir/", "r72");
  bundle["id"] = "r72";
  ASSERT_EQ(put(bundle).status(), 201);
  EXPECT_EQ(world.root().get("/fhir/Bundle/r72").json["entry"], bundle["entry"]);
}

TEST_F(PublicRequests, Rest78_HistoriesAndVersionsCanBeReadInABundle) {
  const std::string version = version_of_put("r78");
  version_of_put("r78");
  const auto read = [](const std::string& url) { return json{{"request", {{"method", "GET"}, {"url", url}}}}; };
  for (const char* type : {"batch", "transaction"}) {
    const RestReply reply = world.root().post(
        "/fhir",
        samples::bundle(type, {read("Patient/r78/_history?_count=1"), read("Patient/r78/_history/" + version)}));
    ASSERT_EQ(reply.status(), 200) << reply;
    const json& entries = reply.json["entry"];
    EXPECT_EQ(entries[0]["response"]["status"], "200");
    EXPECT_EQ(entries[0]["resource"]["type"], "history");
    EXPECT_EQ(entries[0]["resource"]["entry"].size(), 1);
    EXPECT_EQ(entries[1]["response"]["status"], "200");
    EXPECT_EQ(entries[1]["resource"]["meta"]["versionId"], version);
  }
}

TEST_F(PublicRequests, AReadInABundleHasItsPreconditions) {
  const std::string version = version_of_put("r79");
  json read{{"request", {{"method", "GET"}, {"url", "Patient/r79"}, {"ifNoneMatch", "W/\"" + version + "\""}}}};
  for (const char* type : {"batch", "transaction"}) {
    const RestReply reply = world.root().post("/fhir", samples::bundle(type, {read}));
    ASSERT_EQ(reply.status(), 200) << reply;
    EXPECT_EQ(reply.json["entry"][0]["response"]["status"], "304");
    EXPECT_FALSE(reply.json["entry"][0].contains("resource"));
  }
}

TEST_F(PublicRequests, AnInstantOfLastChangeSparesAReadAndGuardsAWrite) {
  version_of_put("r80");
  const std::string modified(world.root().get("/fhir/Patient/r80").http.header("Last-Modified"));
  ASSERT_NE(modified, "");
  EXPECT_EQ(world.root().get("/fhir/Patient/r80", {{"If-Modified-Since", modified}}).status(), 304);
  const json patient{{"resourceType", "Patient"}, {"id", "r80"}};
  EXPECT_EQ(put(patient, {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status(), 412);
  EXPECT_EQ(put(patient, {{"If-Unmodified-Since", modified}}).status(), 200);
}

class PublicTopics : public PublicRequests {
 protected:
  void SetUp() override {
    lane = world.add_lane();
    PublicRequests::SetUp();
  }
  KafkaLane lane;
};

TEST_F(PublicTopics, Topic14_AWriteThatItsConditionStoppedMakesNoEvent) {
  ASSERT_EQ(world.root()
                .post("/fhir/AidboxSubscriptionTopic",
                      samples::topic(samples::kTopicUrl, {samples::trigger("Patient", "id = 't14'")}))
                .status(),
            201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  ASSERT_EQ(put({{"resourceType", "Patient"}, {"id", "t14"}, {"active", true}}).status(), 201);
  const json stopped{{"resourceType", "Patient"}, {"id", "t14"}, {"active", false}};
  EXPECT_EQ(put(stopped, {{"If-Match", "W/\"0\""}}).status(), 412);
  EXPECT_EQ(put(stopped, {{"If-None-Match", "*"}}).status(), 412);
  ASSERT_TRUE(world.drained(lane.destination.id, 1)) << world.status(lane.destination.id).dump(1);
}

}  // namespace
}  // namespace embergate::test
