// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/notification.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "delivery/notification_writer.hpp"
#include "embergate/core/time_format.hpp"
#include "embergate/core/uuid.hpp"

namespace embergate::delivery {
namespace {

constexpr std::string_view kBody =
    R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"812"},"multipleBirthInteger":1.50})";

topic::TopicDestination destination() {
  topic::TopicDestination made;
  made.id = "events";
  made.topic_url = "http://gw.example/topics/patients";
  made.slot = 77;
  return made;
}

store::OutboxEvent event(store::Interaction interaction = store::Interaction::kCreate) {
  store::OutboxEvent made;
  made.event_number = 5;
  made.version_id = 812;
  made.interaction = interaction;
  made.type = "Patient";
  made.id = "p1";
  made.commit_time = *core::parse_instant("2026-03-01T08:15:30.012345Z");
  made.body = kBody;
  made.correlation_id = "batch-17";
  return made;
}

std::string bundle_of(const store::OutboxEvent& of, const topic::TopicDestination& to, bool aidbox_style = false) {
  std::string out;
  append_notification(out, of, to, {"box", "http://gw.example", aidbox_style});
  return out;
}

TEST(Notification, IsTheBundleOfTheContractByteForByte) {
  const std::string id = core::name_uuid("box/AidboxTopicDestination/events/77/5");
  EXPECT_EQ(
      bundle_of(event(), destination()),
      R"({"resourceType":"Bundle","type":"history","timestamp":"2026-03-01T08:15:30Z","entry":[)"
      R"({"resource":{"resourceType":"AidboxSubscriptionStatus","id":")" +
          id +
          R"(","status":"active","type":"event-notification",)"
          R"("notificationEvent":[{"eventNumber":5,"timestamp":"2026-03-01T08:15:30.012345Z","focus":{"reference":"Patient/p1"},)"
          R"("correlationId":"batch-17"}],"eventsSinceSubscriptionStart":5,"topic":"http://gw.example/topics/patients",)"
          R"("topic-destination":{"reference":"AidboxTopicDestination/events"}}},)"
          R"({"fullUrl":"http://gw.example/fhir/Patient/p1","request":{"method":"POST","url":"/fhir/Patient"},"resource":)" +
          std::string(kBody) + "}]}");
}

TEST(Notification, KeepsTheStoredBytesOfTheResource) {
  EXPECT_NE(bundle_of(event(), destination()).find(kBody), std::string::npos);
}

TEST(Notification, IsTheSameForEveryDeliveryAndAnotherForEveryEventAndLifeOfTheDestination) {
  EXPECT_EQ(bundle_of(event(), destination()), bundle_of(event(), destination()));
  EXPECT_EQ(notification_id("box", destination(), 5), notification_id("box", destination(), 5));
  EXPECT_NE(notification_id("box", destination(), 5), notification_id("box", destination(), 6));
  EXPECT_NE(notification_id("box", destination(), 5), notification_id("other", destination(), 5));
  auto later = destination();
  later.slot = 78;
  EXPECT_NE(notification_id("box", destination(), 5), notification_id("box", later, 5));
}

TEST(Notification, LeavesOutTheCorrelationIdWhenThereIsNone) {
  auto of = event();
  of.correlation_id = {};
  const auto json = nlohmann::json::parse(bundle_of(of, destination()));
  EXPECT_FALSE(json["entry"][0]["resource"]["notificationEvent"][0].contains("correlationId"));
}

TEST(Notification, EscapesWhatComesFromOutside) {
  auto of = event();
  of.correlation_id = "a\"b\\c\n";
  auto to = destination();
  to.topic_url = "with \"quotes\"";
  const auto json = nlohmann::json::parse(bundle_of(of, to));
  const auto& status = json["entry"][0]["resource"];
  EXPECT_EQ(status["notificationEvent"][0]["correlationId"], "a\"b\\c\n");
  EXPECT_EQ(status["topic"], "with \"quotes\"");
}

TEST(Notification, NamesTheRequestOfEachInteraction) {
  const auto request = [](store::Interaction interaction, bool aidbox_style) {
    const auto json = nlohmann::json::parse(bundle_of(event(interaction), destination(), aidbox_style));
    const auto& found = json["entry"][1]["request"];
    return found["method"].get<std::string>() + " " + found["url"].get<std::string>();
  };
  EXPECT_EQ(request(store::Interaction::kCreate, false), "POST /fhir/Patient");
  EXPECT_EQ(request(store::Interaction::kUpdate, false), "PUT /fhir/Patient/p1");
  EXPECT_EQ(request(store::Interaction::kDelete, false), "DELETE /fhir/Patient/p1");
  EXPECT_EQ(request(store::Interaction::kUpdate, true), "POST /fhir/Patient");
  EXPECT_EQ(request(store::Interaction::kDelete, true), "DELETE /fhir/Patient/p1");
}

TEST(Notification, LeavesTheResourceOutOfIdOnlyAndTheEntryOutOfEmpty) {
  auto to = destination();
  to.content = topic::Content::kIdOnly;
  auto json = nlohmann::json::parse(bundle_of(event(), to));
  ASSERT_EQ(json["entry"].size(), 2U);
  EXPECT_FALSE(json["entry"][1].contains("resource"));
  EXPECT_EQ(json["entry"][1]["fullUrl"], "http://gw.example/fhir/Patient/p1");
  to.content = topic::Content::kEmpty;
  to.include_entry_action = true;
  json = nlohmann::json::parse(bundle_of(event(), to));
  ASSERT_EQ(json["entry"].size(), 1U);
  EXPECT_EQ(json["entry"][0]["resource"]["notificationEvent"][0]["focus"]["reference"], "Patient/p1");
}

TEST(Notification, AddsTheExtensionsThatTheFlagsAskFor) {
  constexpr std::string_view kBase = "http://health-samurai.io/fhir/core/StructureDefinition/";
  auto to = destination();
  to.content = topic::Content::kIdOnly;
  to.include_entry_action = true;
  auto json = nlohmann::json::parse(bundle_of(event(store::Interaction::kUpdate), to));
  EXPECT_EQ(json["entry"][1]["extension"],
            nlohmann::json::array({{{"url", std::string(kBase) + "bundle-entryActionCode"}, {"valueCode", "update"}}}));
  to.include_version_id = true;
  json = nlohmann::json::parse(bundle_of(event(store::Interaction::kDelete), to));
  ASSERT_EQ(json["entry"][1]["extension"].size(), 2U);
  EXPECT_EQ(json["entry"][1]["extension"][0]["valueCode"], "delete");
  EXPECT_EQ(json["entry"][1]["extension"][1],
            (nlohmann::json{{"url", std::string(kBase) + "bundle-entryVersionId"}, {"valueId", "812"}}));
  to.include_entry_action = false;
  json = nlohmann::json::parse(bundle_of(event(), to));
  EXPECT_EQ(json["entry"][1]["extension"].size(), 1U);
}

TEST(Notification, PutsTheVersionIntoTheFocusWhenAsked) {
  auto to = destination();
  to.include_version_id_in_focus = true;
  const auto json = nlohmann::json::parse(bundle_of(event(), to));
  EXPECT_EQ(json["entry"][0]["resource"]["notificationEvent"][0]["focus"]["reference"], "Patient/p1/_history/812");
  EXPECT_EQ(json["entry"][1]["fullUrl"], "http://gw.example/fhir/Patient/p1");
}

TEST(NotificationWriter, NeverWritesMoreThanItsBound) {
  const std::string long_id(64, 'i');
  const std::string control(1'024, '\x01');
  for (const auto content : {topic::Content::kFullResource, topic::Content::kIdOnly, topic::Content::kEmpty}) {
    auto to = destination();
    to.content = content;
    to.include_entry_action = to.include_version_id = to.include_version_id_in_focus = true;
    to.topic_url = std::string(500, '"');
    NotificationWriter writer(to, {"box", "http://gw.example", false});
    auto of = event(store::Interaction::kDelete);
    of.type = "MedicinalProductPharmaceutical";
    of.id = long_id;
    of.correlation_id = control;
    of.event_number = of.version_id = std::numeric_limits<std::int64_t>::max();
    std::string out;
    writer.append(out, of);
    EXPECT_LE(out.size(), writer.bound(of));
  }
}

TEST(NotificationWriter, SaysWhereTheResourceIsNamed) {
  NotificationWriter writer(destination(), {"box", "http://gw.example", false});
  std::string out = "before";
  const auto place = writer.append(out, event());
  EXPECT_EQ(out.substr(place.resource, place.resource_length), "Patient/p1");
  EXPECT_EQ(place.id_length, 2U);
}

TEST(NotificationWriter, WritesTheStatusOfAnAttemptForTheLog) {
  NotificationWriter writer(destination(), {"box", "http://gw.example", false});
  const auto failed = nlohmann::json::parse(writer.attempt_status(5, "Connection \"refused\""));
  EXPECT_EQ(failed["id"], notification_id("box", destination(), 5));
  EXPECT_EQ(failed["error"], nlohmann::json::array({"Connection \"refused\""}));
  EXPECT_EQ(failed["topic-destination"]["reference"], "AidboxTopicDestination/events");
  EXPECT_FALSE(nlohmann::json::parse(writer.attempt_status(5, "")).contains("error"));
}

TEST(Notification, EventsOfOneNumberInTwoEpochsHaveTwoIdsAndASecondSendingTheSame) {
  const NotificationContext context{"box", "http://gw.example", false};
  const std::vector<store::EventEpoch> before{{1, store::kFirstEpoch}};
  const std::vector<store::EventEpoch> after{{1, store::kFirstEpoch}, {5, 1'800'000'000}, {9, 1'800'000'700}};
  const NotificationWriter first(destination(), context, before);
  const NotificationWriter restored(destination(), context, after);
  EXPECT_EQ(restored.id_of(4), first.id_of(4)) << "numbered before the copy was made";
  EXPECT_EQ(first.id_of(5), NotificationWriter(destination(), context).id_of(5)) << "as without epochs";
  EXPECT_NE(restored.id_of(5), first.id_of(5));
  EXPECT_EQ(restored.id_of(8), notification_id("box", destination(), 8, 1'800'000'000));
  EXPECT_EQ(restored.id_of(9), notification_id("box", destination(), 9, 1'800'000'700));
}

TEST(Notification, ShowsTheEpochOfTheEventWhenTheDestinationWantsIt) {
  topic::TopicDestination to = destination();
  const std::vector<store::EventEpoch> epochs{{1, store::kFirstEpoch}, {5, 1'800'000'000}};
  const auto extension_of = [&](store::EventNumber number) {
    std::string text;
    store::OutboxEvent one = event();
    one.event_number = number;
    NotificationWriter(to, {"box", "http://gw.example", false}, epochs).append(text, one);
    const auto bundle = nlohmann::json::parse(text);
    return bundle["entry"][0]["resource"]["notificationEvent"][0].value("extension", nlohmann::json());
  };
  EXPECT_TRUE(extension_of(5).is_null());
  to.include_event_epoch = true;
  EXPECT_EQ(extension_of(4)[0]["valueDecimal"], 1);
  EXPECT_EQ(extension_of(5)[0]["valueDecimal"], 1'800'000'000);
  EXPECT_EQ(extension_of(5)[0]["url"], "urn:embergate:event-epoch");
}

}  // namespace
}  // namespace embergate::delivery
