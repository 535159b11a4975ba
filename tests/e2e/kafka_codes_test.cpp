// SPDX-License-Identifier: Apache-2.0
// Each code of the table that is about Kafka, provoked, and read alike in `$status`, log, metrics and health. A
// real broker where it can be brought to do it; the library's own cluster, or a scripted peer, for answers that it
// gives only in rare moments.
#include <openssl/ssl.h>

#include <sstream>

#include "e2e/gateway_test.hpp"
#include "integration/kafka/mock_cluster.hpp"
#include "support/oidc_provider.hpp"
#include "support/pki.hpp"
#include "support/port_forward.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

class CodeOfKafka : public GatewayTest {
 protected:
  void SetUp() override {
    lane = world.add_lane();
    ASSERT_NE(lane.destination.bootstrap, "");
  }
  // A destination of the cluster in memory, which knows no logins.
  void use(const MockCluster& cluster) {
    lane.destination.bootstrap = cluster.servers();
    lane.destination.security_protocol = "PLAINTEXT";
    lane.destination.ca_file.clear();
  }
  static std::string closed_port() { return "127.0.0.1:" + std::to_string(free_port()); }

  void start_and_write() {
    ASSERT_TRUE(world.start());
    const RestReply made = world.create_topic_and_destination(lane);
    ASSERT_EQ(made.status(), 201) << made;
    ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Coded")).status(), 201);
  }
  [[nodiscard]] bool status_shows(const std::string& code) {
    const json status = world.status("events");
    for (const json& parameter : status["parameter"]) {
      if (parameter["name"] == "code" && parameter["valueString"] == code) return true;
    }
    return false;
  }
  [[nodiscard]] bool errors_show(const std::string& code) {
    const json status = world.status("events");
    for (const json& parameter : status["parameter"]) {
      if (parameter["name"] != "lastErrorDetail") continue;
      for (const json& part : parameter["part"]) {
        if (part["name"] == "code" && part["valueString"] == code) return true;
      }
    }
    return false;
  }
  [[nodiscard]] bool log_shows(const std::string& code) {
    return world.gateway().output().find("\"code\":\"" + code + "\"") != std::string::npos;
  }
  [[nodiscard]] bool metrics_show(const std::string& code) const {
    return world.metrics().body.find("embergate_destination_errors_total{code=\"" + code + "\"") != std::string::npos;
  }
  [[nodiscard]] bool lasts(const std::string& code) const {
    const std::string body = world.metrics().body;
    const std::string series = "embergate_faults{code=\"" + code + "\"} ";
    return body.find(series) != std::string::npos && body.find(series + "0") == std::string::npos;
  }
  [[nodiscard]] bool ended(const std::string& code) {
    std::istringstream lines(world.gateway().output());
    for (std::string line; std::getline(lines, line);) {
      const json one = json::parse(line, nullptr, false);
      if (one.is_object() && one.value("ev", "") == "fault/ended" && one.value("code", "") == code) return true;
    }
    return false;
  }
  [[nodiscard]] bool health_shows(const std::string& code) {
    const json checks = world.root().get("/health").json["checks"];
    return checks.contains("kafka:events") && checks["kafka:events"][0].value("code", "") == code;
  }
  // Also after another one that stands in the way first.
  [[nodiscard]] bool health_has(const std::string& code) {
    const json checks = world.root().get("/health").json["checks"];
    return checks.contains("kafka:events") &&
           checks["kafka:events"][0].value("codes", json::array()).dump().find(code) != std::string::npos;
  }
  void expect_everywhere(const std::string& code, const std::string& state) {
    constexpr std::chrono::seconds kLimit(60);
    ASSERT_TRUE(eventually([&] { return status_shows(code); }, kLimit)) << world.status("events").dump(1);
    EXPECT_TRUE(eventually([&] { return errors_show(code); }, kLimit)) << world.status("events").dump(1);
    EXPECT_TRUE(eventually([&] { return log_shows(code); }, kLimit)) << world.gateway().output();
    EXPECT_TRUE(eventually([&] { return metrics_show(code); }, kLimit)) << world.metrics().body;
    EXPECT_TRUE(eventually([&] { return health_shows(code); }, kLimit)) << world.root().get("/health");
    const json status = world.status("events");
    for (const json& parameter : status["parameter"]) {
      if (parameter["name"] != "state") continue;
      EXPECT_EQ(parameter["valueCode"], state) << status.dump(1);
    }
  }

  KafkaLane lane;
};

TEST_F(CodeOfKafka, UnreachableIsAPortThatNoOneListensAt) {
  lane.destination.bootstrap = closed_port();
  start_and_write();
  expect_everywhere("kafka.unreachable", "waiting");
}

TEST_F(CodeOfKafka, DnsIsAHostThatNoOneKnows) {
  lane.destination.bootstrap = "broker.invalid:9093";
  start_and_write();
  expect_everywhere("kafka.dns", "waiting");
}

TEST_F(CodeOfKafka, TimeoutIsABrokerThatTakesRecordsAndDoesNotAnswer) {
  MockCluster cluster;
  cluster.create_topic(lane.destination.kafka_topic.c_str());
  use(cluster);
  start_and_write();
  ASSERT_TRUE(world.drained("events", 1));
  cluster.answer_after(std::chrono::seconds(100));
  ASSERT_EQ(world.root().put("/fhir/Patient/p2", samples::patient("p2", "Late")).status(), 201);
  expect_everywhere("kafka.timeout", "waiting");
}

// Answers are held back once more has been sent than the quota allows, so there is something to send until then.
TEST_F(CodeOfKafka, ThrottledIsAQuotaThatHoldsAnswersBack) {
  KafkaEnvironment::get().run("quota " + lane.user + " 500");
  start_and_write();
  RestClient root = world.root();
  int written = 0;
  ASSERT_TRUE(eventually([&] {
    const std::string id = "q" + std::to_string(++written);
    root.put("/fhir/Patient/" + id, samples::patient(id, std::string(2'000, 'q')));
    return status_shows("kafka.throttled");
  })) << world.status("events").dump(1);
  expect_everywhere("kafka.throttled", "delivering");
}

// Sooner than it would be forgotten for want of another answer that is held back.
TEST_F(CodeOfKafka, ThrottledEndsWithTheFirstAnswerThatIsNotHeldBack) {
  KafkaEnvironment::get().run("quota " + lane.user + " 500");
  start_and_write();
  RestClient root = world.root();
  int written = 0;
  const auto write = [&] {
    const std::string id = "q" + std::to_string(++written);
    root.put("/fhir/Patient/" + id, samples::patient(id, std::string(2'000, 'q')));
  };
  ASSERT_TRUE(eventually([&] {
    write();
    return log_shows("kafka.throttled");
  })) << world.gateway().output();
  KafkaEnvironment::get().run("quota " + lane.user + " 100000000");
  EXPECT_TRUE(eventually(
      [&] {
        write();
        return ended("kafka.throttled");
      },
      std::chrono::seconds(45)))
      << world.gateway().output();
  EXPECT_TRUE(eventually([&] { return !lasts("kafka.throttled"); })) << world.metrics().body;
}

TEST_F(CodeOfKafka, TlsUntrustedIsACertificateOfAnotherAuthority) {
  lane.destination.ca_file = KafkaEnvironment::get().other_ca_file;
  start_and_write();
  expect_everywhere("kafka.tls-untrusted", "waiting");
}

TEST_F(CodeOfKafka, TlsHostnameIsACertificateOfAnotherHost) {
  const Authority authority("Test CA");
  const ScriptedPeer peer([](const std::string&) { return std::string(); },
                          authority.issue("another.example", {.names = {"another.example"}, .addresses = {}}));
  lane.destination.ca_file = world.directory().write("ca.pem", authority.certificate());
  lane.destination.bootstrap = "localhost:" + std::to_string(peer.port());
  start_and_write();
  expect_everywhere("kafka.tls-hostname", "waiting");
}

TEST_F(CodeOfKafka, TlsExpectedIsAPortThatSpeaksTlsAndIsAskedInTheClear) {
  lane.destination.security_protocol = "SASL_PLAINTEXT";
  lane.destination.ca_file.clear();
  lane.destination.bootstrap = KafkaEnvironment::get().sasl_ssl;
  start_and_write();
  expect_everywhere("kafka.tls-expected", "waiting");
}

TEST_F(CodeOfKafka, PlaintextExpectedIsAPortThatIsAskedForTlsAndHasNone) {
  lane.destination.bootstrap = KafkaEnvironment::get().sasl_plaintext;
  start_and_write();
  expect_everywhere("kafka.plaintext-expected", "waiting");
}

TEST_F(CodeOfKafka, TlsFailedIsAPeerWithAnOldVersionOfIt) {
  const Authority authority("Test CA");
  const ScriptedPeer peer([](const std::string&) { return std::string(); }, authority.issue("localhost"),
                          TLS1_1_VERSION);
  lane.destination.ca_file = world.directory().write("ca.pem", authority.certificate());
  lane.destination.bootstrap = "localhost:" + std::to_string(peer.port());
  start_and_write();
  expect_everywhere("kafka.tls-failed", "waiting");
}

TEST_F(CodeOfKafka, AuthRefusedIsAWrongPassword) {
  world.set_file_password(lane, world.password("wrong"));
  start_and_write();
  expect_everywhere("kafka.auth-refused", "refused");
}

TEST_F(CodeOfKafka, AuthMechanismIsOneThatTheListenerDoesNotOffer) {
  const OidcProvider& provider = OidcProvider::get();
  const std::string client = KafkaAdmin::random_name("gw");
  const std::string secret = world.password("client");
  provider.set_secret_of(client, secret);
  world.add_secret("client", samples::oauth_jaas(client, secret, "kafka"), "AidboxTopicDestination");
  lane.destination.mechanism = "OAUTHBEARER";
  lane.destination.jaas_secret = "client";
  lane.destination.texts.emplace_back("saslOauthbearerTokenEndpointUrl", provider.token_url);
  start_and_write();
  expect_everywhere("kafka.auth-mechanism", "refused");
}

TEST_F(CodeOfKafka, TokenFailedIsATokenEndpointThatIsNotThere) {
  world.add_secret("client", samples::oauth_jaas("gw", world.password("client"), "kafka"), "AidboxTopicDestination");
  lane.destination.mechanism = "OAUTHBEARER";
  lane.destination.jaas_secret = "client";
  lane.destination.texts.emplace_back("saslOauthbearerTokenEndpointUrl", "http://" + closed_port() + "/token");
  start_and_write();
  expect_everywhere("kafka.token-failed", "waiting");
}

TEST_F(CodeOfKafka, TopicMissingIsATopicThatTheClusterDoesNotHave) {
  lane.destination.kafka_topic = KafkaAdmin::random_name("missing");
  start_and_write();
  expect_everywhere("kafka.topic-missing", "blocked");
}

TEST_F(CodeOfKafka, NotAuthorisedIsAUserWhoMayNotWrite) {
  MockCluster cluster;
  cluster.create_topic(lane.destination.kafka_topic.c_str());
  use(cluster);
  cluster.answer_all_produce_with(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  start_and_write();
  expect_everywhere("kafka.not-authorised", "blocked");
}

TEST_F(CodeOfKafka, NoLeaderIsAPartitionWhoseBrokersAreDown) {
  MockCluster cluster;
  cluster.create_topic(lane.destination.kafka_topic.c_str());
  use(cluster);
  cluster.take_leader(lane.destination.kafka_topic.c_str());
  start_and_write();
  expect_everywhere("kafka.no-leader", "waiting");
}

TEST_F(CodeOfKafka, TooLargeIsARecordBeyondTheTopicsLimit) {
  world.kafka().set_topic_setting(lane.destination.kafka_topic, "max.message.bytes", "400");
  start_and_write();
  expect_everywhere("kafka.too-large", "held");
}

TEST_F(CodeOfKafka, RecordRefusedIsARecordThatAPolicyOfTheClusterDoesNotTake) {
  MockCluster cluster;
  cluster.create_topic(lane.destination.kafka_topic.c_str());
  use(cluster);
  cluster.answer_all_produce_with(RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
  start_and_write();
  expect_everywhere("kafka.record-refused", "held");
}

TEST_F(CodeOfKafka, FailedIsWhateverElseABrokerAnswers) {
  MockCluster cluster;
  cluster.create_topic(lane.destination.kafka_topic.c_str());
  use(cluster);
  cluster.answer_all_produce_with(RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT);
  start_and_write();
  expect_everywhere("kafka.failed", "waiting");
}

TEST_F(CodeOfKafka, ScopeIsASecretThatIsTakenFromADestinationWhileItDelivers) {
  start_and_write();
  ASSERT_TRUE(world.drained("events", 1));
  json config = json::parse(read_file(world.vault_config_file()));
  config["secret"][lane.destination.jaas_secret]["scope"] = json::array({"AidboxTopicDestination/elsewhere"});
  replace_by_rename(world.vault_config_file(), config.dump());
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "state") == "scope-denied"; }));
  ASSERT_EQ(world.root().put("/fhir/Patient/p2", samples::patient("p2", "Taken")).status(), 201);
  expect_everywhere("secret.scope", "refused");
  EXPECT_THAT(world.root().get("/fhir/$vault-status").json.dump(), testing::HasSubstr("secret.scope"));
}

// The connection at work goes on; a new one would begin at an address that does not lead anywhere just now.
TEST_F(CodeOfKafka, UnprovenIsANewValueThatNoBrokerCanBeAskedAbout) {
  const std::string& broker = lane.destination.bootstrap;
  PortForward way(static_cast<std::uint16_t>(std::stoi(broker.substr(broker.rfind(':') + 1))));
  lane.destination.bootstrap = way.address();
  start_and_write();
  ASSERT_TRUE(world.drained("events", 1));
  way.shut();
  const std::string fresh = world.password("fresh");
  world.set_broker_password(lane, fresh);
  world.set_file_password(lane, fresh);
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "code") == "secret.unproven"; }))
      << world.status("events").dump(1);
  EXPECT_FALSE(lasts("secret.unproven")) << "a login takes its time";
  // The brokers may count as out of reach meanwhile, which is said first.
  constexpr std::chrono::seconds kLimit(60);
  EXPECT_TRUE(eventually([&] { return health_has("secret.unproven"); }, kLimit)) << world.root().get("/health");
  EXPECT_TRUE(eventually([&] { return errors_show("secret.unproven"); })) << world.status("events").dump(1);
  EXPECT_TRUE(eventually([&] { return log_shows("secret.unproven"); })) << world.gateway().output();
  EXPECT_TRUE(eventually([&] { return metrics_show("secret.unproven") && lasts("secret.unproven"); }))
      << world.metrics().body;
  way.open();
  EXPECT_TRUE(eventually([&] { return ended("secret.unproven"); }, kLimit)) << world.gateway().output();
  EXPECT_TRUE(eventually([&] { return !lasts("secret.unproven") && !health_has("secret.unproven"); }))
      << world.root().get("/health");
  EXPECT_EQ(world.secret_part("events", "inUse"), 2);
  EXPECT_NE(world.secret_part("events", "code"), "secret.unproven");
}

TEST_F(CodeOfKafka, TopicIdleIsADestinationWhoseTopicIsNotThere) {
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  expect_everywhere("topic.idle", "idle");
}

}  // namespace
}  // namespace embergate::test
