// SPDX-License-Identifier: Apache-2.0
// What administrators and the command line are told of secrets (R-48, AL-10, AL-19).
#include <map>

#include "e2e/gateway_test.hpp"
#include "support/pki.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class VaultStatus : public GatewayTest {
 protected:
  static json part_of(const json& parts, const std::string& name) {
    for (const json& part : parts) {
      if (part.value("name", "") == name) return part;
    }
    return {};
  }
  static json secret_of(const json& status, const std::string& name) {
    for (const json& parameter : status.value("parameter", json::array())) {
      if (part_of(parameter["part"], "name")["valueString"] == name) return parameter["part"];
    }
    return {};
  }
  ProgramResult check(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), gateway_binary());
    return run_program(std::move(arguments), world.gateway().environment(), world.directory().path().string());
  }
};

TEST_F(VaultStatus, AL19_IsForAdministratorsAndShowsStatesAndUsersOnly) {
  const KafkaLane lane = world.add_lane();
  const std::string intake = world.canary("intake");
  world.add_secret("intake-secret", intake, "Client", "intake");
  world.add_secret("gone-secret", "", "Client", "gone");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  for (const char* id : {"intake", "gone"}) {
    ASSERT_EQ(
        world.root()
            .put(std::string("/fhir/Client/") + id, samples::client_with_reference(id, std::string(id) + "-secret"))
            .status(),
        201);
  }
  EXPECT_EQ(world.anonymous().get("/fhir/$vault-status").status(), 401);
  EXPECT_EQ(world.client("intake", intake).get("/fhir/$vault-status").status(), 403);
  EXPECT_EQ(world.client("gone", "any").get("/fhir/$vault-status").status(), 401);
  EXPECT_TRUE(eventually([&] {
    const RestReply status = world.root().get("/fhir/$vault-status");
    return part_of(secret_of(status.json, "events-jaas"), "state")["valueString"] == "ok";
  }));
  const RestReply status = world.root().get("/fhir/$vault-status");
  ASSERT_EQ(status.status(), 200) << status;
  EXPECT_EQ(status.json["resourceType"], "Parameters");
  const json jaas = secret_of(status.json, "events-jaas");
  EXPECT_EQ(part_of(part_of(jaas, "usedBy")["part"], "resource")["valueString"], "AidboxTopicDestination/events");
  EXPECT_EQ(part_of(jaas, "generation")["valueInteger"], 1);
  const json gone = secret_of(status.json, "gone-secret");
  EXPECT_EQ(part_of(gone, "state")["valueString"], "missing");
  EXPECT_EQ(part_of(gone, "reason")["valueString"], "missing");
  EXPECT_EQ(part_of(part_of(gone, "usedBy")["part"], "resource")["valueString"], "Client/gone");
  EXPECT_EQ(std::string(status.json.dump()).find(world.directory().path().string()), std::string::npos);

  EXPECT_TRUE(eventually([&] {
    return world.root().get("/health").json.dump().find("gone-secret missing") != std::string::npos;
  })) << world.root().get("/health");
  const RestReply open = world.anonymous().get("/health");
  EXPECT_EQ(open.status(), 200) << open;
  EXPECT_EQ(open.json["checks"]["vault:secrets"][0]["status"], "warn");
  EXPECT_EQ(open.json.dump().find("gone-secret"), std::string::npos) << open;

  const ProgramResult text = check({"vault", "check"});  // beside the running gateway
  EXPECT_EQ(text.exit_code.value_or(-1), 1) << text.error;
  EXPECT_THAT(text.output, HasSubstr("(used by AidboxTopicDestination/events)"));
  EXPECT_THAT(text.output, HasSubstr("its file does not exist"));
  ASSERT_EQ(world.root().remove("/fhir/Client/gone").status(), 200);
  const ProgramResult unused = check({"vault", "check", "--json"});
  EXPECT_EQ(unused.exit_code.value_or(-1), 0) << unused.output << unused.error;
  for (const ProgramResult& result : {text, unused}) {
    EXPECT_EQ((result.output + result.error).find("cnry-"), std::string::npos);
  }
}

// It was `ok` everywhere, and the next start had no login.
TEST_F(VaultStatus, AValueThatDoesNotFitItsDestinationIsReportedEverywhereWhileTheOneBeforeWorksOn) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 1; })) << world.status("events");
  world.write_secret("events-jaas",
                     "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"gw\" "
                     "password=\"cnry-unfit\";\n");
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "state") == "refused"; })) << world.status("events");
  EXPECT_EQ(world.secret_part("events", "reason"), "login-unusable");
  EXPECT_THAT(world.secret_part("events", "detail").dump(), HasSubstr("does not fit saslMechanism SCRAM-SHA-512"));
  EXPECT_EQ(world.secret_part("events", "generation"), 1);
  EXPECT_EQ(world.secret_part("events", "fileGeneration"), 2);
  const json told = secret_of(world.root().get("/fhir/$vault-status").json, "events-jaas");
  EXPECT_EQ(part_of(told, "state")["valueString"], "refused");
  EXPECT_EQ(part_of(told, "since")["valueDateTime"], world.secret_part("events", "since"));
  EXPECT_THAT(part_of(told, "explanation").dump(), HasSubstr("does not fit saslMechanism SCRAM-SHA-512"));
  EXPECT_TRUE(eventually([&] {  // its checks are looked at now and then
    const std::string health = world.root().get("/health").json.dump();
    return health.find("events-jaas refused (login-unusable)") != std::string::npos;
  })) << world.root().get("/health");
  EXPECT_TRUE(eventually(
      [&] { return world.metrics().body.find("embergate_vault_secrets{state=\"refused\"} 1") != std::string::npos; }));
  const ProgramResult checked = check({"vault", "check"});
  EXPECT_EQ(checked.exit_code.value_or(-1), 1) << checked.error;
  EXPECT_THAT(checked.output, HasSubstr("refused: login-unusable"));
  EXPECT_THAT(checked.output, HasSubstr("does not fit saslMechanism SCRAM-SHA-512"));
  EXPECT_THAT(checked.output + world.status("events").dump(), Not(HasSubstr("cnry-unfit")));
  world.set_file_password(lane, lane.password);
  EXPECT_TRUE(eventually([&] { return world.secret_part("events", "state") == "ok"; })) << world.status("events");
  EXPECT_EQ(check({"vault", "check"}).exit_code.value_or(-1), 0);
}

TEST_F(VaultStatus, TheCheckAsksForNoPinOfAuthoritiesWhichCannotBePinned) {
  KafkaLane lane = world.add_lane();
  world.add_secret("events-ca", Authority("broker").certificate(), "AidboxTopicDestination");
  lane.destination.ca_file.clear();
  lane.destination.secrets = {{"sslTruststoreCertificates", "events-ca"}};
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  const ProgramResult checked = check({"vault", "check", "--json"});
  std::map<std::string, bool> unpinned;
  const json found = json::parse(checked.output);
  for (const json& one : found["secrets"]) unpinned[one["name"]] = one["unpinned"];
  EXPECT_EQ(unpinned, (std::map<std::string, bool>{{"events-ca", false}, {"events-jaas", true}}));
}

TEST_F(VaultStatus, TheCheckCountsTheListenersCertificateAsInUse) {
  const Issued issued = Authority("web").issue("gateway");
  world.gateway().set("BOX_WEB_TLS_CERT", world.directory().write("web.crt", issued.certificate));
  world.gateway().set("BOX_WEB_TLS_KEY", world.directory().file("web.key"));
  world.write_vault_config();
  const ProgramResult missing = check({"vault", "check"});
  EXPECT_EQ(missing.exit_code.value_or(-1), 1) << missing.output << missing.error;
  EXPECT_THAT(missing.output, HasSubstr("BOX_WEB_TLS_KEY"));
  EXPECT_THAT(missing.output, HasSubstr("(used by Listener/web)"));
  static_cast<void>(world.directory().write("web.key", issued.key));
  const ProgramResult whole = check({"vault", "check"});
  EXPECT_THAT(whole.output, HasSubstr("good until"));
  EXPECT_THAT(whole.output, Not(HasSubstr("its file does not exist"))) << whole.output;
}

// A JAAS line without its semicolon, and one that is none, were `ok` until the destination was there.
TEST_F(VaultStatus, TheCheckSaysWhatItDidNotJudgeAndJudgesItAsItIsTold) {
  world.add_secret("later-jaas", "username=gw password=cnry-v1", "AidboxTopicDestination", "later");
  world.add_secret("later-client", "two\nlines", "Client", "later");
  world.write_vault_config();
  const ProgramResult all = check({"vault", "check"});
  EXPECT_THAT(all.output, testing::ContainsRegex("later-jaas +ok, content not judged: nothing uses it yet"));
  EXPECT_THAT(all.output, testing::ContainsRegex("later-client +invalid: multi-line"));
  const json told = json::parse(check({"vault", "check", "--json"}).output);
  std::map<std::string, bool> judged;
  for (const json& one : told["secrets"]) judged[one["name"]] = one.value("judged", true);
  EXPECT_EQ(judged, (std::map<std::string, bool>{{"later-client", true}, {"later-jaas", false}}));

  const auto as_jaas = [&] { return check({"vault", "check", "later-jaas", "--as", "jaas"}); };
  for (const std::string& text :
       {std::string("username=gw password=cnry-v1"),
        samples::plain_jaas("gw", "cnry-v1").substr(0, samples::plain_jaas("gw", "cnry-v1").rfind(';'))}) {
    world.write_secret("later-jaas", text);
    const ProgramResult refused = as_jaas();
    EXPECT_EQ(refused.exit_code.value_or(-1), 1) << refused.output << refused.error;
    EXPECT_THAT(refused.output, HasSubstr("invalid: bad-jaas"));
    EXPECT_THAT(refused.output, Not(HasSubstr("later-client")));
    EXPECT_THAT(refused.output + refused.error, Not(HasSubstr("cnry-v1")));
  }
  world.write_secret("later-jaas", samples::plain_jaas("gw", "cnry-v1"));
  const ProgramResult good = as_jaas();
  EXPECT_EQ(good.exit_code.value_or(-1), 0) << good.output << good.error;
  EXPECT_THAT(good.output, Not(HasSubstr("not judged")));
  EXPECT_EQ(check({"vault", "check", "later-jaas"}).exit_code.value_or(-1), 0);
  EXPECT_EQ(check({"vault", "check", "later-jaas", "--as", "pkcs12"}).exit_code.value_or(-1), 1);
  EXPECT_EQ(check({"vault", "check", "no-such-name"}).exit_code.value_or(-1), 2);
  const ProgramResult unknown = check({"vault", "check", "later-jaas", "--as", "jsa"});
  EXPECT_EQ(unknown.exit_code.value_or(-1), 2);
  EXPECT_THAT(unknown.output + unknown.error, HasSubstr("jaas"));
  EXPECT_EQ(check({"vault", "check", "--as", "jaas"}).exit_code.value_or(-1), 2);
}

TEST_F(VaultStatus, AL02_AnUnpinnedSecretIsSentNowhereUnderAStrictPolicy) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  world.gateway().set("BOX_VAULT_TARGET_POLICY", "strict");
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events").status(), 200);
  const RestReply refused = world.root().post("/fhir/AidboxTopicDestination", lane.destination.json());
  EXPECT_EQ(refused.status(), 422) << refused;
  EXPECT_THAT(refused.json.dump(), HasSubstr("BOX_VAULT_TARGET_POLICY is strict"));
}

}  // namespace
}  // namespace embergate::test
