// SPDX-License-Identifier: Apache-2.0
// Events that Kafka refused: seen, released and discarded over REST; a destination that has them is not deleted by
// mistake (contract 2.6, 2.8, 2.14).
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class HeldEvents : public GatewayTest {
 protected:
  // One version of p1 waits since the topic takes no record of its size.
  void SetUp() override {
    lane = world.add_lane();
    world.kafka().set_topic_setting(lane.destination.kafka_topic, "max.message.bytes", "20000");
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
    ASSERT_EQ(world.root().post("/fhir/Patient", samples::patient("p1", std::string(30'000, 'x'))).status(), 201);
    ASSERT_TRUE(
        eventually([this] { return world.status_number("events", "messagesWaiting") == 1; }, std::chrono::seconds(60)));
  }
  RestReply ask(const std::string& operation, const json& parameters) {
    return world.root().post("/fhir/AidboxTopicDestination/events/" + operation,
                             {{"resourceType", "Parameters"}, {"parameter", parameters}});
  }
  static json part(const json& parts, const std::string& name) {
    for (const json& one : parts) {
      if (one["name"] != name) continue;
      for (const auto& [member, value] : one.items()) {
        if (member != "name") return value;
      }
    }
    return nullptr;
  }
  KafkaLane lane;
};

TEST_F(HeldEvents, AreListedWithTheReasonAndDiscardedByNumber) {
  const RestReply page = world.root().get("/fhir/AidboxTopicDestination/events/$waiting?_count=1");
  ASSERT_EQ(page.status(), 200) << page;
  EXPECT_EQ(part(page.json["parameter"], "waiting"), 1);
  const json row = part(page.json["parameter"], "row");
  EXPECT_EQ(part(row, "eventNumber"), 1);
  EXPECT_EQ(part(row, "resource"), "Patient/p1");
  EXPECT_EQ(part(row, "state"), "waiting");
  EXPECT_EQ(part(row, "code"), "kafka.too-large");
  EXPECT_TRUE(part(row, "since").is_string());
  EXPECT_TRUE(part(row, "nextTry").is_string());
  EXPECT_EQ(world.root().post("/AidboxTopicDestination/events/$waiting", json::object()).status(), 200);

  const RestReply wrong = ask("$discard", {{{"name", "eventNumber"}, {"valueInteger", 0}}});
  EXPECT_EQ(wrong.status(), 422) << wrong;
  EXPECT_EQ(wrong.expression(), "Parameters.parameter[0].valueInteger");
  EXPECT_EQ(world.anonymous().get("/fhir/AidboxTopicDestination/events/$waiting").status(), 401);
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/other/$waiting").status(), 404);

  const RestReply done = ask("$discard", {{{"name", "eventNumber"}, {"valueInteger", 1}}});
  ASSERT_EQ(done.status(), 200) << done;
  EXPECT_EQ(part(done.json["parameter"], "count"), 1);
  EXPECT_EQ(world.status_number("events", "messagesWaiting"), 0);
  EXPECT_TRUE(
      eventually([this] { return world.status_number("events", "messagesQueued") == 0; }, std::chrono::seconds(60)));
  EXPECT_THAT(world.gateway().output(), HasSubstr("topic-destination/discarded"));
}

TEST_F(HeldEvents, KeepTheirDestinationUntilTheyAreDelivered) {
  const std::string path = "/fhir/AidboxTopicDestination/events";
  const RestReply refused = world.root().remove(path);
  EXPECT_EQ(refused.status(), 409) << refused;
  EXPECT_THAT(refused.diagnostics(), HasSubstr("1 events"));
  EXPECT_EQ(world.root().remove(path + "?discard=maybe").status(), 400);
  world.kafka().set_topic_setting(lane.destination.kafka_topic, "max.message.bytes", "1000000");
  const RestReply released =
      ask("$release", {{{"name", "all"}, {"valueBoolean", true}}, {{"name", "state"}, {"valueCode", "waiting"}}});
  EXPECT_EQ(released.status(), 200) << released;
  ASSERT_TRUE(world.drained("events", 1));
  EXPECT_EQ(world.root().remove(path).status(), 200);
}

TEST_F(HeldEvents, GoWithTheirDestinationWhenTheyAreDiscarded) {
  const RestReply gone = world.root().remove("/fhir/AidboxTopicDestination/events?discard=true");
  EXPECT_EQ(gone.status(), 200) << gone;
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/events/$waiting").status(), 410);
}

}  // namespace
}  // namespace embergate::test
