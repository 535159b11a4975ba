// SPDX-License-Identifier: Apache-2.0
// Transactions as real exports bring them (contract 5.3, decision 21), and the events that their commit produces.
#include <filesystem>
#include <set>

#include "e2e/gateway_test.hpp"
#include "support/gzip_lines.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class Bundles : public GatewayTest {
 protected:
  void SetUp() override {
    lane = world.add_lane();
    ASSERT_TRUE(world.start());
  }
  void subscribe(const std::vector<json>& triggers) {
    ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", samples::topic(samples::kTopicUrl, triggers)).status(),
              201);
    ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  }
  KafkaLane lane;
};

json organization(const std::string& system, const std::string& value) {
  return {
      {"resourceType", "Organization"}, {"name", "Clinic"}, {"identifier", {{{"system", system}, {"value", value}}}}};
}

TEST_F(Bundles, ATransactionResolvesItsUuidsConditionalReferencesAndIfNoneExist) {
  subscribe({samples::trigger("Patient"), samples::trigger("Observation"), samples::trigger("Organization")});
  ASSERT_EQ(world.root().post("/fhir/Organization", organization("urn:clinics", "c-1")).status(), 201);
  json patient = samples::patient("", "Linked");
  patient["managingOrganization"] = {{"reference", "Organization?identifier=urn:clinics|c-1"}};
  json patient_entry = samples::bundle_entry("POST", "Patient", patient);
  patient_entry["fullUrl"] = "urn:uuid:1b4f9a6e-0000-4000-8000-000000000001";
  json organization_entry = samples::bundle_entry("POST", "Organization", organization("urn:clinics", "c-1"));
  organization_entry["request"]["ifNoneExist"] = "identifier=urn:clinics|c-1";
  organization_entry["fullUrl"] = "urn:uuid:1b4f9a6e-0000-4000-8000-000000000002";
  const json observation{
      {"resourceType", "Observation"},
      {"status", "final"},
      {"code", {{"text", "pulse"}}},
      {"subject", {{"reference", "urn:uuid:1b4f9a6e-0000-4000-8000-000000000001"}}},
      {"performer", json::array({{{"reference", "urn:uuid:1b4f9a6e-0000-4000-8000-000000000002"}}})}};
  const RestReply reply = world.root().post(
      "/fhir", samples::bundle("transaction", {samples::bundle_entry("POST", "Observation", observation), patient_entry,
                                               organization_entry}));
  ASSERT_EQ(reply.status(), 200) << reply;
  ASSERT_EQ(reply.json["type"], "transaction-response");
  const json& entries = reply.json["entry"];
  EXPECT_EQ(entries[0]["response"]["status"], "201");
  EXPECT_EQ(entries[1]["response"]["status"], "201");
  EXPECT_EQ(entries[2]["response"]["status"], "200");
  const std::string patient_id = entries[1]["resource"]["id"];
  const std::string organization_id = entries[2]["resource"]["id"];
  const json stored = world.root().get("/fhir/Observation/" + entries[0]["resource"]["id"].get<std::string>()).json;
  EXPECT_EQ(stored["subject"]["reference"], "Patient/" + patient_id);
  EXPECT_EQ(stored["performer"][0]["reference"], "Organization/" + organization_id);
  EXPECT_EQ(world.root().get("/fhir/Patient/" + patient_id).json["managingOrganization"]["reference"],
            "Organization/" + organization_id);

  ASSERT_TRUE(world.drained("events", 3));  // the clinic, then patient and observation; the second clinic is no event
  const EventLog log = world.events(lane, 3);
  EXPECT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  std::vector<std::string> types;
  for (const Event& event : log.events) types.push_back(event.type);
  EXPECT_THAT(types, testing::UnorderedElementsAre("Organization", "Patient", "Observation"));
}

TEST_F(Bundles, AFailedTransactionNamesItsEntryStoresNothingAndSendsNothing) {
  subscribe({samples::trigger("Patient")});
  json orphan = samples::patient("b", "Orphan");
  orphan["managingOrganization"] = {{"reference", "Organization?identifier=urn:clinics|missing"}};
  const RestReply reply = world.root().post(
      "/fhir", samples::bundle("transaction", {samples::bundle_entry("PUT", "Patient/a", samples::patient("a", "Good")),
                                               samples::bundle_entry("PUT", "Patient/b", orphan)}));
  EXPECT_EQ(reply.status(), 412) << reply;
  EXPECT_THAT(reply.expression() + reply.diagnostics(), HasSubstr("Bundle.entry[1]"));
  EXPECT_EQ(world.root().get("/fhir/Patient/a").status(), 404);
  ASSERT_EQ(world.root().put("/fhir/Patient/c", samples::patient("c", "Later")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  const EventLog log = world.events(lane, 1);
  ASSERT_EQ(log.events.size(), 1u);
  EXPECT_EQ(log.events[0].id, "c");
  EXPECT_EQ(log.events[0].number, 1);
}

TEST_F(Bundles, EntriesOfABatchStandAlone) {
  const RestReply reply = world.root().post(
      "/fhir",
      samples::bundle("batch", {samples::bundle_entry("PUT", "Patient/a", samples::patient("a", "One")),
                                samples::bundle_entry("GET", "Patient/unknown"),
                                samples::bundle_entry("POST", "Patient", {{"resourceType", "Patient"}, {"gender", 1}}),
                                samples::bundle_entry("GET", "Patient/a")}));
  ASSERT_EQ(reply.status(), 200) << reply;
  EXPECT_EQ(reply.json["type"], "batch-response");
  std::vector<std::string> statuses;
  for (const json& entry : reply.json["entry"]) statuses.push_back(entry["response"]["status"]);
  EXPECT_THAT(statuses, testing::ElementsAre("201", "404", "422", "200"));
}

// Hospitals and practitioners come in files of their own; a patient's bundle refers to them by identifier.
json referenced_first(const std::string& text) {
  std::set<std::string> conditions;
  for (std::size_t at = 0; (at = text.find("?identifier=", at)) != std::string::npos; ++at) {
    const std::size_t begin = text.rfind('"', at) + 1;
    conditions.insert(text.substr(begin, text.find('"', at) - begin));
  }
  std::vector<json> entries;
  for (const std::string& condition : conditions) {
    const std::string type = condition.substr(0, condition.find('?'));
    const std::string token = condition.substr(condition.find('=') + 1);
    const std::size_t bar = token.find('|');
    json resource{{"resourceType", type},
                  {"identifier", {{{"system", token.substr(0, bar)}, {"value", token.substr(bar + 1)}}}}};
    if (type == "Location") resource["name"] = "Ward";
    json entry = samples::bundle_entry("POST", type, resource);
    entry["request"]["ifNoneExist"] = "identifier=" + token;
    entries.push_back(entry);
  }
  return samples::bundle("transaction", entries);
}

TEST_F(Bundles, WholeSyntheaExportsLoadAndEveryExpectedEventArrivesOnce) {
  subscribe({samples::trigger("Patient"), samples::trigger("Encounter", "status = 'finished'"),
             samples::trigger("Observation", "status = 'final'")});
  std::map<std::string, std::vector<std::int64_t>> expected;
  std::size_t count = 0;
  const std::filesystem::path folder = std::filesystem::path(EMBERGATE_SOURCE_DIR) / "tests/data/synthea";
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".gz") continue;
    ++files;
    const std::string text = read_gzip(file.path());
    const json first = referenced_first(text);
    if (!first["entry"].empty()) {
      const RestReply made = world.root().post("/fhir", first);
      ASSERT_EQ(made.status(), 200) << file.path() << ": " << made;
    }
    const RestReply reply = world.root().send_text("POST", "/fhir", text);
    ASSERT_EQ(reply.status(), 200) << file.path() << ": " << reply;
    const json sent = json::parse(text);
    ASSERT_EQ(reply.json["entry"].size(), sent["entry"].size());
    for (std::size_t i = 0; i < sent["entry"].size(); ++i) {
      const json& resource = sent["entry"][i]["resource"];
      const json& answer = reply.json["entry"][i];
      ASSERT_EQ(answer["response"]["status"], "201") << answer;
      const std::string type = resource["resourceType"];
      const std::string status = resource.value("status", "");
      if (type != "Patient" && !(type == "Encounter" && status == "finished") &&
          !(type == "Observation" && status == "final")) {
        continue;
      }
      const std::string version = answer["resource"]["meta"]["versionId"];
      expected[type + "/" + answer["resource"]["id"].get<std::string>()].push_back(std::stoll(version));
      ++count;
    }
  }
  ASSERT_EQ(files, 5u);
  ASSERT_GT(count, 1'000u);
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(count), std::chrono::seconds(120)));
  const EventLog log = world.events(lane, count, false);
  EXPECT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  EXPECT_THAT(compare_versions(log, expected), IsEmpty()) << in_words(compare_versions(log, expected));
  EXPECT_EQ(log.events.size(), count);
  EXPECT_EQ(log.duplicates, 0u);
}

}  // namespace
}  // namespace embergate::test
