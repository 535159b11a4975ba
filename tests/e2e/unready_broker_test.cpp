// SPDX-License-Identifier: Apache-2.0
// Destinations whose broker, certificate authority or secret file is not as it should be: accepted, their events kept,
// what is wrong shown in $status, and no restart once it comes right (contract 2.8; ).
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class UnreadyBroker : public GatewayTest {
 protected:
  void accept_one_event(const KafkaLane& lane) {
    const RestReply made = world.create_topic_and_destination(lane);
    ASSERT_EQ(made.status(), 201) << made;
    ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Waiting")).status(), 201);
  }
  // Whether $status tells this in one of its errors.
  bool tells(const std::string& text) {
    const json status = world.status("events");
    for (const json& parameter : status["parameter"]) {
      if (parameter.value("name", "") == "lastErrorDetail" && parameter.dump().find(text) != std::string::npos)
        return true;
    }
    return false;
  }
  bool has_error() { return tells("message"); }
  json check_of(const std::string& destination) {
    const json checks = world.root().get("/health").json["checks"];
    return checks.contains("kafka:" + destination) ? checks["kafka:" + destination][0] : json::object({{"status", ""}});
  }
};

TEST_F(UnreadyBroker, AnUnreachableBrokerLeavesTheEventQueuedAndSaysSo) {
  KafkaLane lane = world.add_lane();
  lane.destination.bootstrap = "127.0.0.1:" + std::to_string(free_port());
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return has_error(); })) << world.status("events");
  EXPECT_EQ(world.status_number("events", "messagesQueued") + world.status_number("events", "messagesInProcess"), 1);
  EXPECT_EQ(world.status_number("events", "messagesDelivered"), 0);
  const RestReply health = world.anonymous().get("/health");
  EXPECT_EQ(health.status(), 200);
  EXPECT_TRUE(eventually([&] { return world.anonymous().get("/health").json["status"] == "warn"; })) << health;
}

TEST_F(UnreadyBroker, HealthWarnsWhileTheTopicOfADestinationIsMissingInKafka) {
  KafkaLane lane = world.add_lane();
  lane.destination.kafka_topic = KafkaAdmin::random_name("missing");
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return world.anonymous().get("/health").json["status"] == "warn"; }));
  EXPECT_EQ(check_of("events")["status"], "warn");
}

TEST_F(UnreadyBroker, HealthWarnsWhileNoTopicHasTheUrlOfADestination) {
  KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  ASSERT_TRUE(eventually([&] {
    return check_of("events").value("output", "").find(lane.destination.topic_url) != std::string::npos;
  })) << world.root().get("/health");
  EXPECT_EQ(check_of("events")["status"], "warn");
  ASSERT_EQ(world.root()
                .post("/fhir/AidboxSubscriptionTopic",
                      samples::topic(lane.destination.topic_url, {samples::trigger("Patient")}))
                .status(),
            201);
  EXPECT_TRUE(eventually([&] { return check_of("events")["status"] == "pass"; })) << world.root().get("/health");
}

TEST_F(UnreadyBroker, AWrongCertificateAuthorityIsToldAndSendsNothing) {
  KafkaLane lane = world.add_lane();
  lane.destination.ca_file = KafkaEnvironment::get().other_ca_file;
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return tells("certificate"); })) << world.status("events");
  EXPECT_EQ(world.status_number("events", "messagesDelivered"), 0);
}

TEST_F(UnreadyBroker, RM23_ASecretFileThatComesLaterIsTakenWithoutARestart) {
  KafkaLane lane = world.add_lane("events", false);
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.anonymous().get("/health").status(), 200);
  accept_one_event(lane);
  EXPECT_EQ(world.secret_part("events", "state"), "missing") << world.status("events");
  EXPECT_EQ(world.status_number("events", "messagesQueued"), 1);
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(world.drained("events", 1));
  EXPECT_EQ(world.secret_part("events", "state"), "ok");
}

TEST_F(UnreadyBroker, AWrongPasswordIsToldAndTheRightOneTakenLater) {
  KafkaLane lane = world.add_lane();
  world.set_file_password(lane, world.password("wrong"));
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return has_error(); })) << world.status("events");
  EXPECT_EQ(world.status_number("events", "messagesDelivered"), 0);
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(world.drained("events", 1));
  const EventLog log = world.events(lane, 1);
  EXPECT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  EXPECT_EQ(log.duplicates, 0u);
}

TEST_F(UnreadyBroker, AnUnknownKafkaTopicIsToldAndServedOnceItExists) {
  KafkaLane lane = world.add_lane();
  lane.destination.kafka_topic = KafkaAdmin::random_name("late");
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return tells("opic"); }, std::chrono::seconds(60))) << world.status("events");
  world.kafka().create_named_topic(lane.destination.kafka_topic);
  ASSERT_TRUE(world.drained("events", 1, std::chrono::seconds(120)));
}

TEST_F(UnreadyBroker, ABrokenJaasLineIsToldByItsRuleAndMendedLater) {
  KafkaLane lane = world.add_lane();
  world.write_secret(lane.destination.jaas_secret, "org.apache.kafka.common.security.scram.ScramLoginModule required");
  ASSERT_TRUE(world.start());
  accept_one_event(lane);
  EXPECT_TRUE(eventually([&] { return has_error() || world.secret_part("events", "state") == "invalid"; }))
      << world.status("events");
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(world.drained("events", 1));
}

}  // namespace
}  // namespace embergate::test
