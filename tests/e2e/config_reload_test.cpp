// SPDX-License-Identifier: Apache-2.0
// The vault config of a running gateway changes: whole and checked, or not at all.
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class ConfigReload : public GatewayTest {
 protected:
  json config() const { return json::parse(read_file(world.vault_config_file())); }
  void write(const std::string& text) const { replace_by_rename(world.vault_config_file(), text); }
  void scope_of(const std::string& secret, const std::string& scope) const {
    json changed = config();
    changed["secret"][secret]["scope"] = json::array({scope});
    write(changed.dump());
  }
  RestReply write_patient(const std::string& id) {
    return world.root().put("/fhir/Patient/" + id, samples::patient(id, "Reload"));
  }
  bool logged(const std::string& text) {
    return eventually([&] { return world.gateway().output().find(text) != std::string::npos; });
  }
  json health_of_config() { return world.root().get("/health").json["checks"]["vault:config"][0]; }
};

TEST_F(ConfigReload, ADestinationWhoseSecretIsNotInTheConfigYetDeliversOnceItIs) {
  const KafkaLane lane = world.add_lane();
  world.gateway().set("BOX_VAULT_STRICT_REFERENCES", "false");
  ASSERT_TRUE(world.start());
  const json whole = config();
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  json without = whole;
  without["secret"].erase("events-jaas");
  write(without.dump());
  ASSERT_TRUE(world.gateway().start());
  const RestReply made = world.create_topic_and_destination(lane);
  ASSERT_EQ(made.status(), 201) << made;
  ASSERT_EQ(write_patient("p1").status(), 201);
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "reason") == "unknown-name"; }))
      << world.status("events").dump();
  EXPECT_THAT(world.secret_part("events", "explanation").dump(), Not(HasSubstr("restart")));

  write("{\"secret\":\n  oops}");
  ASSERT_TRUE(logged("vault/reload-refused"));
  EXPECT_THAT(world.gateway().output(), HasSubstr("is not valid JSON at line 2, column 3"));
  EXPECT_TRUE(eventually([&] { return health_of_config()["status"] == "warn"; })) << health_of_config();
  EXPECT_THAT(world.metrics().body, HasSubstr("embergate_vault_config_reload_failed 1"));

  write(whole.dump());
  EXPECT_TRUE(world.drained("events", 1));
  EXPECT_EQ(world.events(lane, 1).events.size(), 1U);
  EXPECT_TRUE(eventually([&] { return health_of_config()["status"] == "pass"; })) << health_of_config();
  EXPECT_THAT(world.metrics().body, HasSubstr("embergate_vault_config_reload_failed 0"));
}

TEST_F(ConfigReload, AScopeThatIsNarrowedStopsItsDestinationAndRefusesNewOnesUntilItIsWideAgain) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(write_patient("p1").status(), 201);
  ASSERT_TRUE(world.drained("events", 1));

  scope_of("events-jaas", "AidboxTopicDestination/elsewhere");
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "state") == "scope-denied"; }))
      << world.status("events").dump();
  ASSERT_TRUE(logged("topic-destination/suspended"));
  ASSERT_EQ(write_patient("p2").status(), 201);
  samples::Destination second = lane.destination;
  second.id = "second";
  EXPECT_EQ(world.root().post("/fhir/AidboxTopicDestination", second.json()).status(), 422);
  ASSERT_TRUE(eventually([&] {
    return world.status("events").dump().find("its scope does not allow AidboxTopicDestination/events") !=
           std::string::npos;
  })) << world.status("events").dump();
  EXPECT_EQ(world.status_number("events", "messagesDelivered"), 1);

  scope_of("events-jaas", "AidboxTopicDestination/events");
  EXPECT_TRUE(world.drained("events", 2));
  EXPECT_EQ(world.events(lane, 2).events.size(), 2U);
  EXPECT_EQ(world.secret_part("events", "state"), "ok");
}

TEST_F(ConfigReload, AClientWhoseScopeGoesIsRefusedFromThenOn) {
  const std::string secret = world.canary("loader");
  world.add_secret("loader-secret", secret, "Client", "loader");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().put("/fhir/Client/loader", samples::client_with_reference("loader", "loader-secret")).status(),
            201);
  // Logged in, though nothing allows it anything.
  ASSERT_EQ(world.client("loader", secret).get("/fhir/Patient/p").status(), 403);
  scope_of("loader-secret", "Client/other");
  EXPECT_TRUE(eventually([&] { return world.client("loader", secret).get("/fhir/Patient/p").status() == 401; }));
  scope_of("loader-secret", "Client/loader");
  EXPECT_TRUE(eventually([&] { return world.client("loader", secret).get("/fhir/Patient/p").status() == 403; }));
}

}  // namespace
}  // namespace embergate::test
