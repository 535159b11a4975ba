// SPDX-License-Identifier: Apache-2.0
// Who may write destinations cannot read the secrets that they use (S-01, S-03, S-04, S-07, S-13; decision 44).
#include "e2e/gateway_test.hpp"
#include "support/pki.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class BorrowedSecret : public GatewayTest {
 protected:
  // A lane whose login was proven, and a client that may do what every client with a policy may.
  void prove_lane() {
    ASSERT_TRUE(world.start());
    const RestReply made = world.create_topic_and_destination(lane);
    ASSERT_EQ(made.status(), 201) << made;
    ASSERT_TRUE(proven("events")) << world.status("events").dump();
  }
  bool proven(const std::string& id) {
    return eventually(
        [&] { return world.secret_part(id, "state") == "ok" && world.secret_part(id, "generation") == 1; });
  }
  void restart(const std::string& policy = "first-use") {
    ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
    world.gateway().set("BOX_VAULT_TARGET_POLICY", policy);
    ASSERT_TRUE(world.start());
  }
  samples::Destination aimed_at(const ScriptedPeer& peer, const std::string& id = "events") const {
    samples::Destination destination = lane.destination;
    destination.id = id;
    destination.bootstrap = "127.0.0.1:" + std::to_string(peer.port());
    destination.security_protocol = "SASL_PLAINTEXT";
    destination.mechanism = "PLAIN";
    destination.ca_file.clear();
    return destination;
  }
  static json retarget_body(const std::string& resource, const json& target) {
    return {{"resourceType", "Parameters"},
            {"parameter",
             {{{"name", "secret"}, {"valueString", "events-jaas"}},
              {{"name", "resource"}, {"valueString", resource}},
              {{"name", "target"}, {"part", target}}}}};
  }
  RestReply post(const samples::Destination& destination) {
    return world.root().post("/fhir/AidboxTopicDestination", destination.json());
  }
  void expect_refused(const RestReply& reply) const {
    EXPECT_EQ(reply.status(), 422) << reply;
    for (const char* said : {"target-changed", "events-jaas", "allow", "$vault-retarget"})
      EXPECT_THAT(reply.diagnostics(), HasSubstr(said));
    EXPECT_THAT(reply.json.dump(), HasSubstr("AidboxTopicDestination.parameter[1]"));
    EXPECT_THAT(reply.json.dump(), Not(HasSubstr(lane.destination.bootstrap)));  // S-13
  }

  KafkaLane lane = world.add_lane();
  ScriptedPeer thief{[](const std::string&) { return std::string(ScriptedPeer::kSilence); }};
};

TEST_F(BorrowedSecret, S07_ADestinationThatIsDeletedAndPostedAgainCannotTakeThePasswordElsewhere) {
  prove_lane();
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  expect_refused(post(aimed_at(thief)));
  const RestReply together = world.root().post(
      "/fhir", samples::bundle("transaction",
                               {samples::bundle_entry("POST", "AidboxTopicDestination", aimed_at(thief).json())}));
  EXPECT_EQ(together.status(), 422) << together;
  restart();  // the binding outlives the process and the destination
  expect_refused(post(aimed_at(thief)));
  ASSERT_EQ(post(lane.destination).status(), 201);
  ASSERT_TRUE(proven("events")) << world.status("events").dump();
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(BorrowedSecret, S07_ABundleThatDeletesAndPostsAtOnceChangesNothing) {
  prove_lane();
  const RestReply reply = world.root().post(
      "/fhir", samples::bundle("transaction",
                               {samples::bundle_entry("DELETE", "AidboxTopicDestination/events"),
                                samples::bundle_entry("POST", "AidboxTopicDestination", aimed_at(thief).json())}));
  EXPECT_EQ(reply.status(), 422) << reply;
  EXPECT_THAT(reply.diagnostics(), HasSubstr("target-changed"));
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/events").status(), 200);
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(BorrowedSecret, S07_NeitherLessProtectionNorOtherAuthoritiesAreTheSameTarget) {
  prove_lane();
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  samples::Destination weaker = lane.destination;
  weaker.security_protocol = "SASL_PLAINTEXT";
  weaker.ca_file.clear();
  expect_refused(post(weaker));
  weaker = lane.destination;
  weaker.texts.emplace_back("sslEndpointIdentificationAlgorithm", "none");
  expect_refused(post(weaker));
  weaker = lane.destination;
  weaker.mechanism = "PLAIN";
  expect_refused(post(weaker));
  weaker = lane.destination;
  weaker.bootstrap += ",127.0.0.1:" + std::to_string(thief.port());
  expect_refused(post(weaker));
  weaker = lane.destination;
  weaker.ca_file = world.directory().write("evil-ca.pem", Authority("evil").certificate());
  expect_refused(post(weaker));
  EXPECT_EQ(thief.connections(), 0);
}

TEST_F(BorrowedSecret, S07_ADestinationThatStoodThereBeforeSendsNothingToASecondTarget) {
  world.add_delivered_secret("events-jaas", world.secret_file("events-jaas"), "AidboxTopicDestination", "");
  prove_lane();
  const std::uint16_t port = free_port();
  // Stored while another policy was in force, when its server could not be reached.
  restart("warn");
  samples::Destination second = lane.destination;
  second.id = "second";
  second.bootstrap = "127.0.0.1:" + std::to_string(port);
  ASSERT_EQ(post(second).status(), 201);
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  const ScriptedPeer there([](const std::string&) { return std::string(ScriptedPeer::kSilence); }, std::nullopt, 0,
                           port);
  world.gateway().set("BOX_VAULT_TARGET_POLICY", "first-use");
  ASSERT_TRUE(world.start());
  EXPECT_TRUE(eventually([&] {
    return world.secret_part("second", "state") == "target-changed" &&
           world.secret_part("second", "code") == "secret.target-changed";
  })) << world.status("second").dump();
  EXPECT_TRUE(eventually([&] { return world.status("second").dump().find("target-changed: ") != std::string::npos; }));
  EXPECT_THAT(world.status("second").dump(), Not(HasSubstr(lane.destination.bootstrap)));
  EXPECT_EQ(there.connections(), 0);
  ASSERT_TRUE(proven("events")) << world.status("events").dump();
}

TEST_F(BorrowedSecret, S07_OfTwoDestinationsThatWereWrittenBeforeTheFirstLoginOneGetsTheSecret) {
  ScriptedPeer other{[](const std::string&) { return std::string(ScriptedPeer::kSilence); }};
  const std::string password = world.password("plain");
  world.add_secret("events-jaas", "", "AidboxTopicDestination");
  world.remove_secret("events-jaas");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root()
                .post("/fhir/AidboxSubscriptionTopic",
                      samples::topic(lane.destination.topic_url, {samples::trigger("Patient")}))
                .status(),
            201);
  ASSERT_EQ(post(aimed_at(thief, "one")).status(), 201);
  ASSERT_EQ(post(aimed_at(other, "two")).status(), 201);
  world.write_secret("events-jaas", samples::plain_jaas("gw", password));
  ASSERT_TRUE(eventually([&] { return thief.connections() + other.connections() > 0; }));
  const std::string loser = thief.connections() > 0 ? "two" : "one";
  EXPECT_TRUE(eventually([&] { return world.secret_part(loser, "state") == "target-changed"; }))
      << world.status(loser).dump();
  EXPECT_EQ(std::min(thief.connections(), other.connections()), 0);
  // Deleting the winner frees nothing: its login was never proven, and the secret is out of sight.
  const std::string winner = loser == "one" ? "two" : "one";
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/" + winner).status(), 200);
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/" + loser).status(), 200);
  EXPECT_EQ(post(aimed_at(loser == "one" ? thief : other, loser)).status(), 422);
  EXPECT_EQ(std::min(thief.connections(), other.connections()), 0);
}

TEST_F(BorrowedSecret, AnAdministratorMovesASecretAndNobodyElseDoes) {
  const std::string intake = world.canary("intake");
  world.add_secret("intake-secret", intake, "Client", "intake");
  prove_lane();
  ASSERT_EQ(world.root().put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(),
            201);
  // The same broker under another name: nobody else could tell.
  samples::Destination moved = lane.destination;
  const std::string port = moved.bootstrap.substr(moved.bootstrap.rfind(':'));
  moved.bootstrap = (moved.bootstrap.starts_with("localhost") ? "127.0.0.1" : "localhost") + port;
  moved.texts.emplace_back("sslEndpointIdentificationAlgorithm", "none");
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  expect_refused(post(moved));

  const json body = retarget_body("AidboxTopicDestination/events", moved.json()["parameter"]);
  EXPECT_EQ(world.anonymous().post("/fhir/$vault-retarget", body).status(), 401);
  EXPECT_EQ(world.client("intake", intake).post("/fhir/$vault-retarget", body).status(), 403);
  expect_refused(post(moved));
  const RestReply confirmed = world.root().post("/fhir/$vault-retarget", body);
  ASSERT_EQ(confirmed.status(), 200) << confirmed;
  EXPECT_THAT(confirmed.json.dump(), HasSubstr("previousTarget"));
  EXPECT_THAT(confirmed.json.dump(), HasSubstr(lane.destination.bootstrap));
  EXPECT_TRUE(world.gateway().logged("secret/retargeted"));
  ASSERT_EQ(post(moved).status(), 201);
  ASSERT_TRUE(proven("events")) << world.status("events").dump();
  EXPECT_THAT(world.root().get("/fhir/$vault-status").json.dump(), HasSubstr(moved.bootstrap));
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  EXPECT_EQ(post(lane.destination).status(), 422);  // the old one is another target now
}

TEST_F(BorrowedSecret, ADestinationAtTheOldTargetStopsWhenTheSecretMoves) {
  prove_lane();
  const json elsewhere = {{{"name", "bootstrapServers"}, {"valueString", "elsewhere.example:9093"}},
                          {{"name", "securityProtocol"}, {"valueString", "SASL_SSL"}},
                          {{"name", "saslMechanism"}, {"valueString", "SCRAM-SHA-512"}}};
  const RestReply moved =
      world.root().post("/fhir/$vault-retarget", retarget_body("AidboxTopicDestination/events", elsewhere));
  ASSERT_EQ(moved.status(), 200) << moved;
  EXPECT_TRUE(eventually([&] {
    return world.status("events").dump().find("\"connected\",\"valueBoolean\":false") != std::string::npos;
  })) << world.status("events").dump();
  EXPECT_EQ(world.secret_part("events", "state"), "target-changed");
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Waits")).status(), 201);
  EXPECT_EQ(world.status_number("events", "messagesQueued"), 1);
  // And goes on when the administrator takes it back, without a restart.
  const RestReply back = world.root().post(
      "/fhir/$vault-retarget", retarget_body("AidboxTopicDestination/events", lane.destination.json()["parameter"]));
  ASSERT_EQ(back.status(), 200) << back;
  EXPECT_TRUE(world.drained("events", 1));
  EXPECT_EQ(world.secret_part("events", "state"), "ok");
}

TEST_F(BorrowedSecret, SeveralDestinationsShareASecretAtOneTarget) {
  world.add_delivered_secret("events-jaas", world.secret_file("events-jaas"), "AidboxTopicDestination", "");
  prove_lane();
  samples::Destination second = lane.destination;
  second.id = "second";
  ASSERT_EQ(post(second).status(), 201);
  ASSERT_TRUE(proven("second")) << world.status("second").dump();
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Twice")).status(), 201);
  EXPECT_TRUE(world.drained("events", 1));
  EXPECT_TRUE(world.drained("second", 1));
}

TEST_F(BorrowedSecret, ARotatedValueKeepsTheTarget) {
  prove_lane();
  const std::string next = world.password("next");
  world.set_broker_password(lane, next);
  world.set_file_password(lane, next);
  EXPECT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 2; }))
      << world.status("events").dump();
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  expect_refused(post(aimed_at(thief)));
}

TEST_F(BorrowedSecret, TheCheckTellsThePolicyAndWhatIsNotPinned) {
  prove_lane();
  const ProgramResult text = run_program({gateway_binary(), "vault", "check"}, world.gateway().environment(),
                                         world.directory().path().string());
  EXPECT_THAT(text.output, HasSubstr("target policy: first-use"));
  EXPECT_THAT(text.output, HasSubstr("not pinned; bound to " + lane.destination.bootstrap));
  const ProgramResult as_json = run_program({gateway_binary(), "vault", "check", "--json"},
                                            world.gateway().environment(), world.directory().path().string());
  const json found = json::parse(as_json.output);
  EXPECT_EQ(found["targetPolicy"], "first-use");
  EXPECT_EQ(found["secrets"][0]["unpinned"], true);
  EXPECT_EQ(found["secrets"][0]["targetProven"], true);
}

}  // namespace
}  // namespace embergate::test
