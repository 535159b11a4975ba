// SPDX-License-Identifier: Apache-2.0
// Forms in which other programs' users deliver logins, each from a public report of a fault (the cases login-nn): a
// destination that is written as they write it delivers, on the real broker.
#include "e2e/gateway_test.hpp"
#include "support/pki.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

class PublicLogins : public GatewayTest {
 protected:
  // A destination with a SCRAM user of its own.
  samples::Destination destination_of(const std::string& id, const std::string& user, const std::string& password) {
    world.kafka().set_scram_password(user, password);
    samples::Destination destination;
    destination.id = id;
    destination.kafka_topic = world.kafka().create_topic(id);
    destination.security_protocol = "SASL_PLAINTEXT";
    destination.bootstrap = KafkaEnvironment::get().sasl_plaintext;
    destination.jaas_secret = id + "-jaas";
    world.add_secret(destination.jaas_secret, samples::scram_jaas(user, password), "AidboxTopicDestination", id);
    return destination;
  }
  // A destination with a client certificate; its secrets are those that the case names.
  samples::Destination mtls_destination(const std::string& id) {
    samples::Destination destination;
    destination.id = id;
    destination.kafka_topic = world.kafka().create_topic(id);
    destination.security_protocol = "SSL";
    destination.bootstrap = KafkaEnvironment::get().mtls;
    destination.ca_file = KafkaEnvironment::get().ca_file;
    return destination;
  }
  void deliver(samples::Destination& to, const std::string& parameter, const std::string& content) {
    const auto name = to.id + "-" + parameter;
    world.add_secret(name, content, "AidboxTopicDestination", to.id);
    to.secrets.emplace_back(parameter, name);
  }
  void expect_login(const json& destination) {
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.root()
                  .put("/fhir/AidboxSubscriptionTopic/patients",
                       samples::topic(samples::kTopicUrl, {samples::trigger("Patient")}))
                  .status(),
              201);
    const RestReply made = world.root().post("/fhir/AidboxTopicDestination", destination);
    ASSERT_EQ(made.status(), 201) << made;
    ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
    const std::string id = destination["id"];
    EXPECT_TRUE(world.drained(id, 1)) << world.status(id).dump(1);
  }
  static std::string broker_file(const std::string& name) { return read_file(KafkaEnvironment::get().tls_file(name)); }

  Authority authority_ = Authority::load(broker_file("ca.pem"), broker_file("ca-key.pem"));
};

TEST_F(PublicLogins, Login37_BlanksAtTheEndsBelongToThePassword) {
  auto destination = destination_of("login37", KafkaAdmin::random_name("ulogin37"), " pw 1 ");
  const std::string user = KafkaAdmin::random_name("ulogin37");
  world.kafka().set_scram_password(user, " pw 1 ");
  destination.texts.emplace_back("saslUsername", user);
  deliver(destination, "saslPassword", " pw 1 \n");
  json body = destination.json();
  auto& parameters = body["parameter"];
  for (auto one = parameters.begin(); one != parameters.end(); ++one) {
    if ((*one)["name"] != "saslJaasConfig") continue;
    parameters.erase(one);
    break;
  }
  expect_login(body);
}

TEST_F(PublicLogins, Login37_BlanksAtTheEndsBelongToUserAndPasswordOfAJaasLineToo) {
  expect_login(destination_of("login37b", "  " + KafkaAdmin::random_name("user") + " ", "\t pw 1  ").json());
}

TEST_F(PublicLogins, Login40_ASchemeInFrontOfABrokerDoesNotCount) {
  auto destination = destination_of("login40", KafkaAdmin::random_name("ulogin40"), "pw1");
  destination.bootstrap = "SASL_PLAINTEXT://" + destination.bootstrap;
  expect_login(destination.json());
}

TEST_F(PublicLogins, Login48_ANewlineBehindTheBrokersDoesNotCount) {
  auto destination = destination_of("login48", KafkaAdmin::random_name("ulogin48"), "pw1");
  destination.bootstrap += "\n";
  expect_login(destination.json());
}

TEST_F(PublicLogins, Login53_AKeyUnderAnOldCipherOpensAndIsWarnedAbout) {
  const Issued issued = authority_.issue("gw");
  auto destination = mtls_destination("login53");
  deliver(destination, "sslKeystoreKey", encrypted_key(issued.key, "kpw", OldCipher::kRc4) + issued.certificate);
  deliver(destination, "sslKeyPassword", "kpw");
  expect_login(destination.json());
  EXPECT_TRUE(world.gateway().logged("secret/legacy-cipher"));
}

TEST_F(PublicLogins, Login54_APkcs12StoreOfOlderToolsOpensAndIsWarnedAbout) {
  auto destination = mtls_destination("login54");
  deliver(destination, "sslKeystoreKey",
          pkcs12(authority_.issue("gw"), authority_.certificate(), "spw", OldCipher::kRc2));
  deliver(destination, "sslKeyPassword", "spw");
  destination.texts.emplace_back("sslKeystoreType", "PKCS12");
  expect_login(destination.json());
  EXPECT_TRUE(world.gateway().logged("secret/legacy-cipher"));
}

TEST_F(PublicLogins, Login69_TheAuthorityMayStandInFrontOfTheCertificate) {
  const Issued issued = authority_.issue("gw");
  auto destination = mtls_destination("login69");
  deliver(destination, "sslKeystoreKey", issued.key + authority_.certificate() + issued.certificate);
  expect_login(destination.json());
}

TEST_F(PublicLogins, Login77_TheRootMayStandBeforeTheIntermediate) {
  const Authority middle = authority_.intermediate("bar-int");
  const Issued issued = middle.issue("gw");
  auto destination = mtls_destination("login77");
  deliver(destination, "sslKeystoreKey", issued.key);
  deliver(destination, "sslKeystoreCertificateChain",
          issued.certificate + authority_.certificate() + middle.certificate());
  expect_login(destination.json());
}

TEST_F(PublicLogins, Login34_AQuoteThatIsNotClosedOnItsLineStaysRefused) {
  auto destination = destination_of("login34", KafkaAdmin::random_name("ulogin34"), "pw1");
  world.write_secret(destination.jaas_secret,
                     "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" "
                     "password=\"pw1\n;\n");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", destination.json()).status(), 201);
  EXPECT_TRUE(eventually([&] { return world.secret_part("login34", "reason") == "bad-jaas"; }))
      << world.status("login34").dump(1);
}

}  // namespace
}  // namespace embergate::test
