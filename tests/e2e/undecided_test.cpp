// SPDX-License-Identifier: Apache-2.0
// A criterion that is too costly for a write, or a process that stands still for a while, costs no event.
#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <thread>

#include "e2e/gateway_test.hpp"
#include "support/pause.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::IsEmpty;

// Cubic in the number of names, whatever it finds.
constexpr const char* kCostly =
    "name.where(%resource.name.where(%resource.name.where(family = 'last').count() > 0).count() > 0).count() > 0";

json patient_with_names(const std::string& id, int count, const std::string& last) {
  json patient = samples::patient(id, "first");
  patient["name"] = json::array();
  for (int i = 1; i < count; ++i) patient["name"].push_back({{"family", "f"}});
  patient["name"].push_back({{"family", last}});
  return patient;
}

// A CPU quota that stops a process again and again; at its end the process runs.
class Quota {
 public:
  explicit Quota(pid_t process)
      : thread_([this, process] {
          while (!over_) {
            kill(process, SIGSTOP);
            stand_still(std::chrono::milliseconds(80));
            kill(process, SIGCONT);
            stand_still(std::chrono::milliseconds(15));
          }
        }) {}
  ~Quota() {
    over_ = true;
    thread_.join();
  }
  Quota(const Quota&) = delete;
  Quota& operator=(const Quota&) = delete;

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

class Undecided : public GatewayTest {
 protected:
  void configure(const KafkaLane& lane, const std::string& criteria) {
    ASSERT_TRUE(world.start());
    const json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient", criteria)});
    ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
    ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  }
};

TEST_F(Undecided, EventsOfACriterionThatIsTooCostlyForAWriteArriveInTheOrderOfTheirResource) {
  const KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(configure(lane, kCostly));
  std::map<std::string, std::vector<std::int64_t>> wanted;
  const auto write = [&](const std::string& id, int names, const std::string& last) {
    const RestReply reply = world.root().put("/fhir/Patient/" + id, patient_with_names(id, names, last));
    ASSERT_LT(reply.status(), 300) << reply;
    if (last == "last") wanted["Patient/" + id].push_back(reply.version());
  };
  for (int round = 0; round < 4; ++round) {
    for (const char* id : {"p1", "p2"}) {
      write(id, 101, round % 2 == 0 ? "last" : "none");  // decided later
      write(id, 2, "last");                              // decided at once, and waits behind the one before
    }
    write("p3", 2, "last");
  }
  ASSERT_TRUE(world.drained("events", 16));
  const EventLog log = world.events(lane, 16);
  EXPECT_THAT(compare_versions(log, wanted), IsEmpty());
  EXPECT_EQ(log.versions(), wanted) << "in the order of each resource";
  EXPECT_EQ(log.duplicates, 0u);
  EXPECT_EQ(world.status_number("events", "messagesUndecided"), 0);
}

TEST_F(Undecided, WhatNoBudgetDecidesIsShownAndReleased) {
  const KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(configure(lane, "name.count() > 2 and 1.repeat($this + 1).count() = 7"));
  ASSERT_LT(world.root().put("/fhir/Patient/p1", patient_with_names("p1", 3, "x")).status(), 300);
  ASSERT_LT(world.root().put("/fhir/Patient/p2", patient_with_names("p2", 3, "x")).status(), 300);
  const std::string destination = "/fhir/AidboxTopicDestination/events";
  const auto rows = [&] {
    std::vector<json> found;
    const json waiting = world.root().get(destination + "/$waiting").json;
    for (const json& part : waiting["parameter"]) {
      if (part["name"] == "row") found.push_back(part);
    }
    return found;
  };
  ASSERT_TRUE(eventually([&] { return world.status_number("events", "messagesUndecided") == 2; }));
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_NE(rows()[0].dump().find("trigger[0] could not decide"), std::string::npos) << rows()[0];
  EXPECT_TRUE(eventually([&] {
    const RestReply health = world.root().get("/health");
    return health.json["status"] == "warn";
  }));
  EXPECT_TRUE(
      eventually([&] { return world.metrics().body.find("embergate_destination_undecided{") != std::string::npos; }));
  const auto selection = [](int number) {
    return json{{"resourceType", "Parameters"}, {"parameter", {{{"name", "eventNumber"}, {"valueDecimal", number}}}}};
  };
  ASSERT_EQ(world.root().post(destination + "/$discard", selection(1)).status(), 200);
  ASSERT_EQ(world.root().post(destination + "/$release", selection(2)).status(), 200);
  ASSERT_TRUE(world.drained("events", 1));
  const EventLog log = world.events(lane, 1);
  ASSERT_EQ(log.events.size(), 1u);
  EXPECT_EQ(log.events[0].id, "p2");
  EXPECT_EQ(world.status_number("events", "messagesUndecided"), 0);
}

// 4,500 steps for each event, and a process that a CPU quota stops again and again.
TEST_F(Undecided, AProcessThatIsStoppedForAWhileLosesNoEvent) {
  const KafkaLane lane = world.add_lane();
  ASSERT_NO_FATAL_FAILURE(
      configure(lane, "name.exists(%resource.name.exists(family = 'none')) or name.exists(family = 'last')"));
  std::optional<Quota> quota(world.gateway().pid());
  for (int i = 0; i < 100; ++i) {
    const std::string id = "p" + std::to_string(i);
    EXPECT_LT(world.root().put("/fhir/Patient/" + id, patient_with_names(id, 40, "last")).status(), 300);
  }
  quota.reset();
  EXPECT_TRUE(world.drained("events", 100));
  EXPECT_EQ(world.status_number("events", "messagesUndecided"), 0);
  EXPECT_EQ(world.metrics().body.find("embergate_topic_criteria_undecided_total"), std::string::npos)
      << "not even decided later";
}

}  // namespace
}  // namespace embergate::test
