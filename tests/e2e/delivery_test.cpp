// SPDX-License-Identifier: Apache-2.0
// The true path: a write over REST becomes a keyed record on a SASL_SSL topic, with credentials that exist only as
// references to files.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::IsEmpty;

class Delivery : public GatewayTest {};

TEST_F(Delivery, CreateUpdateAndDeleteBecomeKeyedRecordsInTheShapeOfTheContract) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  json destination = lane.destination.json();
  destination["includeEntryAction"] = true;
  destination["includeVersionId"] = true;
  ASSERT_EQ(
      world.root()
          .post("/fhir/AidboxSubscriptionTopic", samples::topic(samples::kTopicUrl, {samples::trigger("Patient")}))
          .status(),
      201);
  const RestReply made = world.root().post("/fhir/AidboxTopicDestination", destination);
  ASSERT_EQ(made.status(), 201) << made;
  EXPECT_EQ(made.id(), "events");

  const HttpHeaders correlation{{"X-Topic-Correlation-Id", "batch-17"}};
  const RestReply created = world.root().post("/fhir/Patient", samples::patient("p1", "First"), correlation);
  const RestReply updated = world.root().put("/fhir/Patient/p1", samples::patient("p1", "Second"));
  const RestReply removed = world.root().remove("/fhir/Patient/p1");
  ASSERT_EQ(created.status(), 201) << created;
  ASSERT_EQ(updated.status(), 200) << updated;
  ASSERT_EQ(removed.status(), 200) << removed;
  ASSERT_TRUE(world.drained("events", 3));

  const EventLog log = world.events(lane, 3);
  ASSERT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  ASSERT_EQ(log.events.size(), 3u);
  EXPECT_EQ(log.duplicates, 0u);
  const std::vector<std::string> methods{"POST", "PUT", "DELETE"};
  const std::vector<std::string> urls{"/fhir/Patient", "/fhir/Patient/p1", "/fhir/Patient/p1"};
  const std::vector<std::string> actions{"create", "update", "delete"};
  const std::vector<std::int64_t> versions{created.version(), updated.version(), removed.version()};
  for (std::size_t i = 0; i < 3; ++i) {
    const Event& event = log.events[i];
    EXPECT_EQ(event.key, "p1");
    EXPECT_EQ(event.number, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(event.version, versions[i]);
    const json& bundle = event.bundle;
    EXPECT_EQ(bundle["resourceType"], "Bundle");
    EXPECT_EQ(bundle["type"], "history");
    EXPECT_TRUE(bundle.contains("timestamp"));
    const json& status = bundle["entry"][0]["resource"];
    EXPECT_EQ(status["resourceType"], "AidboxSubscriptionStatus");
    EXPECT_EQ(status["type"], "event-notification");
    EXPECT_EQ(status["status"], "active");
    EXPECT_EQ(status["topic"], samples::kTopicUrl);
    EXPECT_EQ(status["topic-destination"]["reference"], "AidboxTopicDestination/events");
    EXPECT_EQ(status["notificationEvent"][0]["focus"]["reference"], "Patient/p1");
    const json& entry = bundle["entry"][1];
    EXPECT_EQ(entry["fullUrl"], "http://gw.example/fhir/Patient/p1");
    EXPECT_EQ(entry["request"], json({{"method", methods[i]}, {"url", urls[i]}}));
    const json& extension = entry["extension"];
    ASSERT_EQ(extension.size(), 2u) << entry;
    EXPECT_EQ(extension[0]["valueCode"], actions[i]);
    EXPECT_EQ(extension[1]["valueId"], std::to_string(versions[i]));
  }
  EXPECT_EQ(log.events[0].bundle["entry"][0]["resource"]["notificationEvent"][0]["correlationId"], "batch-17");
  EXPECT_FALSE(log.events[1].bundle["entry"][0]["resource"]["notificationEvent"][0].contains("correlationId"));
  EXPECT_EQ(log.events[0].bundle["entry"][1]["resource"], created.json);
  EXPECT_EQ(log.events[1].bundle["entry"][1]["resource"]["name"][0]["family"], "Second");
  EXPECT_EQ(log.events[2].bundle["entry"][1]["resource"]["name"][0]["family"], "Second");
}

TEST_F(Delivery, OnlyChangesThatMeetTheCriteriaBecomeEvents) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  const json topic =
      samples::topic(samples::kTopicUrl, {samples::trigger("Patient", "%current.gender != %previous.gender"),
                                          samples::trigger("Encounter", "status = 'finished'")});
  ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);

  json patient = samples::patient("p1", "Same");
  for (const char* gender : {"male", "male", "female", "female", "other"}) {
    patient["gender"] = gender;
    ASSERT_LT(world.root().put("/fhir/Patient/p1", patient).status(), 300);
  }
  for (const char* status : {"planned", "finished"}) {
    const json encounter{{"resourceType", "Encounter"},
                         {"status", status},
                         {"class", {{"code", "AMB"}}},
                         {"subject", {{"reference", "Patient/p1"}}}};
    const RestReply made = world.root().post("/fhir/Encounter", encounter);
    ASSERT_EQ(made.status(), 201) << made;
  }
  ASSERT_TRUE(world.drained("events", 3));
  const EventLog log = world.events(lane, 3);
  ASSERT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  ASSERT_EQ(log.events.size(), 3u);
  std::vector<std::string> what;
  for (const Event& event : log.events) {
    const json& resource = event.bundle["entry"][1]["resource"];
    what.push_back(event.type + " " + resource.value("gender", resource.value("status", "")));
  }
  EXPECT_THAT(what, testing::UnorderedElementsAre("Patient female", "Patient other", "Encounter finished"));
}

TEST_F(Delivery, IdOnlyAndEmptyContentLeaveTheResourceOut) {
  const KafkaLane slim = world.add_lane("slim");
  const KafkaLane bare = world.add_lane("bare");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(
      world.root()
          .post("/fhir/AidboxSubscriptionTopic", samples::topic(samples::kTopicUrl, {samples::trigger("Patient")}))
          .status(),
      201);
  for (const auto& [lane, content] : {std::pair{slim, "id-only"}, std::pair{bare, "empty"}}) {
    json destination = lane.destination.json();
    destination["content"] = content;
    const RestReply made = world.root().post("/fhir/AidboxTopicDestination", destination);
    ASSERT_EQ(made.status(), 201) << made;
  }
  ASSERT_EQ(world.root().post("/fhir/Patient", samples::patient("p1", "Hidden")).status(), 201);
  ASSERT_TRUE(world.drained("slim", 1));
  ASSERT_TRUE(world.drained("bare", 1));
  const EventLog ids = world.events(slim, 1);
  const EventLog empties = world.events(bare, 1);
  ASSERT_EQ(ids.events.size(), 1u);
  ASSERT_EQ(empties.events.size(), 1u);
  EXPECT_EQ(ids.events[0].bundle["entry"][1]["fullUrl"], "http://gw.example/fhir/Patient/p1");
  EXPECT_FALSE(ids.events[0].bundle["entry"][1].contains("resource"));
  EXPECT_EQ(empties.events[0].bundle["entry"].size(), 1u);
  EXPECT_EQ(empties.events[0].id, "p1");
}

TEST_F(Delivery, ADestinationIsMadeAnewByDeleteAndPostInOneBatchAndNeverChanged) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  const json remake =
      samples::bundle("batch", {samples::bundle_entry("DELETE", "AidboxTopicDestination/events"),
                                samples::bundle_entry("POST", "AidboxTopicDestination", lane.destination.json())});
  const RestReply first = world.root().post("/fhir", remake);
  ASSERT_EQ(first.status(), 200) << first;
  EXPECT_EQ(first.json["entry"][0]["response"]["status"], "204") << first;
  EXPECT_EQ(first.json["entry"][1]["response"]["status"], "201") << first;
  const RestReply second = world.root().post("/fhir", remake);
  EXPECT_EQ(second.json["entry"][0]["response"]["status"], "200") << second;
  EXPECT_EQ(second.json["entry"][1]["response"]["status"], "201") << second;

  EXPECT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 409);
  const RestReply put = world.root().put("/fhir/AidboxTopicDestination/events", lane.destination.json());
  EXPECT_EQ(put.status(), 405) << put;
  EXPECT_EQ(put.issue_code(), "not-supported");
  EXPECT_EQ(put.http.header("Allow"), "GET, DELETE");
  const RestReply in_batch = world.root().post(
      "/fhir", samples::bundle(
                   "batch", {samples::bundle_entry("PUT", "AidboxTopicDestination/events", lane.destination.json())}));
  EXPECT_EQ(in_batch.json["entry"][0]["response"]["status"], "405") << in_batch;
  const RestReply in_transaction = world.root().post(
      "/fhir",
      samples::bundle("transaction",
                      {samples::bundle_entry("POST", "Patient", samples::patient("never", "Stored")),
                       samples::bundle_entry("PUT", "AidboxTopicDestination/events", lane.destination.json())}));
  EXPECT_EQ(in_transaction.status(), 405) << in_transaction;
  EXPECT_EQ(world.root().get("/fhir/Patient/never").status(), 404);
  EXPECT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  EXPECT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 204);
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/events/$status").status(), 410);
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/other/$status").status(), 404);
}

TEST_F(Delivery, StatusShowsCountersAndTheSecretsStateButNeverItsValue) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/Patient", samples::patient("p1", "Counted")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  const json status = world.status("events");
  EXPECT_EQ(status["resourceType"], "Parameters");
  std::set<std::string> names;
  for (const json& parameter : status["parameter"]) names.insert(parameter.value("name", ""));
  for (const char* name : {"messagesDelivered", "messagesDeliveryAttempts", "messagesInProcess", "messagesQueued",
                           "startTimestamp", "status", "secret"}) {
    EXPECT_TRUE(names.contains(name)) << name << " is missing in " << status.dump();
  }
  EXPECT_EQ(world.secret_part("events", "name"), "events-jaas");
  EXPECT_EQ(world.secret_part("events", "state"), "ok");
  EXPECT_EQ(world.secret_part("events", "generation"), 1) << status.dump();
  const json stored = world.root().get("/fhir/AidboxTopicDestination/events").json;
  EXPECT_EQ(stored["parameter"], lane.destination.json()["parameter"]);
}

TEST_F(Delivery, ARotatedPasswordIsProvenAndTakenWithoutARestart) {
  KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/Patient", samples::patient("p1", "Before")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  world.set_broker_password(lane, world.password("second"));
  world.set_file_password(lane, lane.password);
  EXPECT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 2; })) << world.status("events");
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "After")).status(), 200);
  ASSERT_TRUE(world.drained("events", 2));
  const EventLog log = world.events(lane, 2);
  EXPECT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  EXPECT_EQ(log.duplicates, 0u);
  EXPECT_EQ(world.gateway().starts(), 1);
}

}  // namespace
}  // namespace embergate::test
