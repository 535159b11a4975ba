// SPDX-License-Identifier: Apache-2.0
// The broker goes away and comes back (FA-01), and records that it will not take.
#include "robustness/robustness_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

// Always leaves the broker running, whatever the test found.
class Broker : public RobustnessTest {
 protected:
  ~Broker() override { KafkaEnvironment::get().run("start"); }

  bool tells(const std::string& text) {
    const json status = world.status("events");
    for (const json& parameter : status["parameter"]) {
      if (parameter.value("name", "") == "lastErrorDetail" && parameter.dump().find(text) != std::string::npos)
        return true;
    }
    return false;
  }
};

TEST_F(Broker, StoppedAndStartedUnderLoadEverythingArrivesInOrder) {
  const KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  LoadOptions options;
  options.writes_per_second = 500;
  auto load = start_load(options);
  ASSERT_TRUE(eventually([&] { return load->accepted() > 200; }));
  for (const char* end : {"stop", "kill"}) {
    KafkaEnvironment::get().run(end);
    const std::uint64_t before = load->accepted();
    EXPECT_TRUE(eventually([&] { return load->accepted() > before + 1'500; }))
        << "writes go on while the broker is away";
    EXPECT_GT(world.status_number("events", "messagesQueued") + world.status_number("events", "messagesInProcess"), 0);
    KafkaEnvironment::get().run("start");
    const double delivered = world.status_number("events", "messagesDelivered");
    EXPECT_TRUE(eventually([&] { return world.status_number("events", "messagesDelivered") > delivered + 1'500; },
                           std::chrono::seconds(90), std::chrono::milliseconds(50)))
        << world.status("events");
  }
  load->stop();
  EXPECT_EQ(load->refused(), 0u);
  const auto written = load->versions();
  ASSERT_TRUE(world.drained("events", static_cast<std::int64_t>(total(written)), std::chrono::seconds(90)))
      << total(written);
  expect_delivered(lane, written);
}

TEST_F(Broker, ADestinationCreatedWhileItIsAwayComesUpByItself) {
  KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  KafkaEnvironment::get().run("stop");
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Early")).status(), 201);
  EXPECT_TRUE(eventually([&] { return tells("message"); })) << world.status("events");
  KafkaEnvironment::get().run("start");
  ASSERT_TRUE(world.drained("events", 1, std::chrono::seconds(90)));
  EXPECT_EQ(world.gateway().starts(), 1);
}

TEST_F(Broker, FA01_ARotationWhileItIsAwayIsTakenWhenItIsBack) {
  KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(start_with(lane));
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  const std::string fresh = world.password("fresh");
  world.set_broker_password(lane, fresh);
  KafkaEnvironment::get().run("stop");
  world.set_file_password(lane, fresh);
  LoadOptions options;
  options.writers = 4;
  options.writes_per_second = 2'000;
  auto load = start_load(options);
  ASSERT_TRUE(eventually([&] { return load->accepted() > 10'000; }, std::chrono::seconds(90)));
  load->stop();
  KafkaEnvironment::get().run("start");
  const auto accepted = load->versions();
  ASSERT_TRUE(world.drained("events", 1 + static_cast<std::int64_t>(total(accepted)), std::chrono::seconds(120)));
  EXPECT_EQ(world.secret_part("events", "generation"), 2) << world.status("events");
  auto written = accepted;
  written["Patient/p1"] = committed({{"Patient/p1", {}}})["Patient/p1"];
  expect_delivered(lane, written);
}

class LargeRecord : public Broker {
 protected:
  static json heavy_patient(const std::string& id, std::size_t bytes) {
    json patient = samples::patient(id, "Heavy");
    patient["text"] = {{"status", "generated"},
                       {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + std::string(bytes, 'x') + "</div>"}};
    return patient;
  }
  // The first resource that $status says is held back, as name -> value; empty when there is none.
  json waiting() {
    const json status = world.status("events");
    json found = json::object();
    for (const json& parameter : status["parameter"]) {
      if (parameter.value("name", "") != "waiting") continue;
      for (const json& part : parameter["part"]) found[part["name"]] = part.value("valueString", "");
      break;
    }
    return found;
  }
  // Sends a patient that cannot be delivered, and others around it: only the first waits, and $status says why.
  void expect_only_its_own_resource_waits(const json& destination, const json& patient) {
    ASSERT_EQ(
        world.root()
            .post("/fhir/AidboxSubscriptionTopic", samples::topic(samples::kTopicUrl, {samples::trigger("Patient")}))
            .status(),
        201);
    const RestReply made = world.root().post("/fhir/AidboxTopicDestination", destination);
    ASSERT_EQ(made.status(), 201) << made;
    ASSERT_EQ(world.root().put("/fhir/Patient/before", samples::patient("before", "Small")).status(), 201);
    const RestReply heavy = world.root().put("/fhir/Patient/heavy", patient);
    ASSERT_EQ(heavy.status(), 201) << heavy;
    for (int i = 0; i < 20; ++i) {
      const std::string id = "after-" + std::to_string(i);
      ASSERT_EQ(world.root().put("/fhir/Patient/" + id, samples::patient(id, "Small")).status(), 201);
    }
    EXPECT_TRUE(eventually([&] {
      return world.status_number("events", "messagesDelivered") >= 21 &&
             waiting().value("resource", "") == "Patient/heavy";
    })) << world.status("events");
    EXPECT_THAT(waiting().value("reason", ""),
                testing::AnyOf(testing::HasSubstr("maxRequestSize"), testing::HasSubstr("MSG_SIZE_TOO_LARGE")));
    // Later versions of the same resource wait behind it; others do not.
    ASSERT_EQ(world.root().put("/fhir/Patient/heavy", samples::patient("heavy", "Light")).status(), 200);
    ASSERT_EQ(world.root().put("/fhir/Patient/before", samples::patient("before", "Again")).status(), 200);
    EXPECT_TRUE(eventually([&] { return world.status_number("events", "messagesDelivered") >= 22; }))
        << world.status("events");
    EXPECT_EQ(world.status_number("events", "messagesDelivered"), 22);
    EXPECT_EQ(world.status_number("events", "messagesQueued") + world.status_number("events", "messagesInProcess"), 2);
  }
};

TEST_F(LargeRecord, AboveTheLimitOfTheDestinationHoldsBackOnlyItsOwnResource) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  json destination = lane.destination.json();
  destination["parameter"].push_back({{"name", "maxRequestSize"}, {"valueInteger", 20'000}});
  expect_only_its_own_resource_waits(destination, heavy_patient("heavy", 30'000));
}

TEST_F(LargeRecord, AboveTheLimitOfTheBrokerHoldsBackOnlyItsOwnResource) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  json destination = lane.destination.json();
  destination["parameter"].push_back({{"name", "maxRequestSize"}, {"valueInteger", 4'000'000}});
  json patient = samples::patient("heavy", "Heavy");
  // One string may be at most 1 MiB, so the weight is spread.
  patient["contained"] = json::array();
  for (int i = 0; i < 3; ++i) {
    json part = heavy_patient("c" + std::to_string(i), 500'000);
    part["id"] = "c" + std::to_string(i);
    patient["contained"].push_back(part);
  }
  expect_only_its_own_resource_waits(destination, patient);
}

}  // namespace
}  // namespace embergate::test
