// SPDX-License-Identifier: Apache-2.0
// Who may call (contract 4.1, 4.5; decision 24), and how a rotated client secret takes effect (RM-01, AL-10).
#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Access : public GatewayTest {
 protected:
  void SetUp() override {
    // A cache that would hold an old value for an hour: rotation must not depend on it.
    world.gateway().set("BOX_VAULT_CACHE_TTL_MS", "3600000");
    world.add_secret("intake-secret", intake, "Client", "intake");
    world.add_secret("absent-secret", "", "Client", "absent");
    ASSERT_TRUE(world.start());
  }
  void make_intake() {
    ASSERT_EQ(
        world.root().put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(),
        201);
    ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-intake", samples::allow_policy("intake")).status(), 201);
  }
  int status_for(const std::string& id, const std::string& secret) {
    return world.client(id, secret).get("/fhir/Patient/none").status();
  }

  const std::string intake = world.canary("intake");
};

TEST_F(Access, NothingIsAllowedUnlessAPolicySaysSo) {
  const RestReply anonymous = world.anonymous().get("/fhir/Patient/none");
  EXPECT_EQ(anonymous.status(), 401) << anonymous;
  EXPECT_EQ(anonymous.issue_code(), "login");
  EXPECT_THAT(std::string(anonymous.http.header("WWW-Authenticate")), HasSubstr("Basic"));
  EXPECT_EQ(world.anonymous().post("/fhir/Patient", samples::patient("p1", "Nobody")).status(), 401);
  EXPECT_EQ(world.anonymous().get("/health").status(), 200);
  EXPECT_EQ(world.anonymous().get("/$version").status(), 401);

  ASSERT_EQ(world.root().put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(),
            201);
  const RestReply unlinked = world.client("intake", intake).get("/fhir/Patient/none");
  EXPECT_EQ(unlinked.status(), 403) << unlinked;
  EXPECT_EQ(
      unlinked.json,
      json::parse(
          R"({"resourceType":"OperationOutcome","id":"forbidden","text":{"status":"generated","div":"Forbidden"},"issue":[{"severity":"fatal","code":"forbidden","diagnostics":"Forbidden"}]})"));
  ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-intake", samples::allow_policy("intake")).status(), 201);
  EXPECT_EQ(status_for("intake", intake), 404);
  ASSERT_EQ(world.root().remove("/fhir/AccessPolicy/allow-intake").status(), 200);
  EXPECT_EQ(status_for("intake", intake), 403);
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
}

TEST_F(Access, EveryEntryOfABundleNeedsTheRightItself) {
  ASSERT_EQ(world.root().put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(),
            201);
  const RestReply reply =
      world.client("intake", intake)
          .post("/fhir",
                samples::bundle("batch", {samples::bundle_entry("PUT", "Patient/p1", samples::patient("p1", "No"))}));
  EXPECT_EQ(reply.status(), 403) << reply;
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
}

TEST_F(Access, FailuresGiveNoHint) {
  make_intake();
  ASSERT_EQ(world.root().put("/fhir/Client/absent", samples::client_with_reference("absent", "absent-secret")).status(),
            201);
  const RestReply wrong = world.client("intake", "wrong").get("/fhir/Patient/none");
  const RestReply unknown = world.client("nobody", "wrong").get("/fhir/Patient/none");
  const RestReply absent = world.client("absent", "wrong").get("/fhir/Patient/none");
  EXPECT_EQ(wrong.status(), 401) << wrong;
  EXPECT_EQ(unknown.json, wrong.json);
  EXPECT_EQ(absent.json, wrong.json);
  HttpConnection connection(world.gateway().port());
  EXPECT_EQ(connection.request("GET", "/fhir/Patient/none", {{"Authorization", "Basic !!!"}}).status, 400);
  // The file comes later: no restart is needed.
  const std::string late = world.canary("late");
  world.write_secret("absent-secret", late);
  EXPECT_EQ(status_for("absent", late), 403);
}

TEST_F(Access, RM01_ARotatedClientSecretIsEffectiveOnTheNextRequest) {
  make_intake();
  EXPECT_EQ(status_for("intake", intake), 404);
  std::string before = intake;
  for (int round = 0; round < 5; ++round) {
    const std::string after = world.canary("intake-" + std::to_string(round));
    world.write_secret("intake-secret", after);
    if (round % 2 == 0) {
      EXPECT_EQ(status_for("intake", after), 404) << "round " << round;
      EXPECT_EQ(status_for("intake", before), 401) << "round " << round;
    } else {
      EXPECT_EQ(status_for("intake", before), 401) << "round " << round;
      EXPECT_EQ(status_for("intake", after), 404) << "round " << round;
    }
    before = after;
  }
  const json stored = world.root().get("/fhir/Client/intake").json;
  EXPECT_EQ(stored["_secret"], samples::secret_reference("intake-secret"));
  EXPECT_FALSE(stored.contains("secret"));
}

TEST_F(Access, AnInlineClientSecretIsHashedAndNeverShown) {
  const std::string first = world.canary("inline-one");
  const std::string second = world.canary("inline-two");
  const RestReply made = world.root().put("/fhir/Client/robot", samples::client_with_inline_secret("robot", first));
  ASSERT_EQ(made.status(), 201) << made;
  EXPECT_FALSE(made.json.contains("secret")) << made;
  ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-robot", samples::allow_policy("robot")).status(), 201);
  EXPECT_EQ(made.json["_secret"]["extension"][0]["valueCode"], "masked");
  EXPECT_EQ(status_for("robot", first), 404);
  EXPECT_EQ(status_for("robot", second), 401);
  // What was read can be written back without changing the secret.
  json read = world.root().get("/fhir/Client/robot").json;
  EXPECT_FALSE(read.contains("secret"));
  read["name"] = "Robot";
  ASSERT_EQ(world.root().put("/fhir/Client/robot", read).status(), 200);
  EXPECT_EQ(status_for("robot", first), 404);
  ASSERT_EQ(world.root().put("/fhir/Client/robot", samples::client_with_inline_secret("robot", second)).status(), 200);
  EXPECT_EQ(status_for("robot", first), 401);
  EXPECT_EQ(status_for("robot", second), 404);
  for (const char* path : {"/fhir/Client/robot", "/fhir/Client/robot/_history"}) {
    const RestReply reply = world.root().get(path);
    EXPECT_EQ(reply.status(), 200);
    EXPECT_EQ(reply.http.body.find("\"secret\""), std::string::npos) << reply;
    EXPECT_EQ(reply.http.body.find("scrypt"), std::string::npos) << reply;
  }
}

TEST_F(Access, RulesOnMemberNamesHoldHoweverAClientSpellsThem) {
  const std::string inlined = world.canary("inline-escaped");
  const auto put = [this](const std::string& id, const std::string& body) {
    return world.root().send_text("PUT", "/fhir/Client/" + id, body);
  };
  const std::string value = json(inlined).dump();
  for (const char* name : {R"(\u0073ecret)", R"(s\u0065cret)", R"(\u0073\u0065\u0063\u0072\u0065\u0074)"}) {
    const RestReply made = put(
        "spelled", R"({"resourceType":"Client","grant_types":["basic"],")" + std::string(name) + "\":" + value + "}");
    ASSERT_THAT(made.status(), testing::AnyOf(200, 201)) << made;
    ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-spelled", samples::allow_policy("spelled")).status() / 100, 2);
    EXPECT_EQ(status_for("spelled", inlined), 404) << name;
    const RestReply in_batch =
        world.root().post("/fhir", json::parse(R"({"resourceType":"Bundle","type":"batch","entry":[
                                  {"request":{"method":"GET","url":"Client/spelled"}}]})"));
    for (const RestReply& reply :
         {made, world.root().get("/fhir/Client/spelled"), world.root().get("/fhir/Client/spelled/_history"),
          world.root().get("/fhir/Client/spelled/_history/" + std::to_string(made.version())), in_batch}) {
      EXPECT_EQ(reply.http.body.find("scrypt"), std::string::npos) << name << reply;
    }
  }
  // A reference beside a value, whatever the spelling; and the same member twice (S-15, S-19).
  const std::string reference = samples::secret_reference("intake-secret").dump();
  const std::string both =
      put("intake", R"({"resourceType":"Client","_\u0073ecret":)" + reference + R"(,"\u0073ecret":"x"})").expression();
  EXPECT_EQ(both, "Client.secret");
  for (const char* twin : {R"("id":"intake","i\u0064":"other")", R"("_secret":{},"\u005fsecret":{})",
                           R"("meta":{},"\u006deta":{})", R"("secret":"x","\u0073ecret":"y")"}) {
    const RestReply reply = put("intake", R"({"resourceType":"Client",)" + std::string(twin) + "}");
    EXPECT_EQ(reply.status(), 400) << twin << reply;
  }
  EXPECT_EQ(put("intake", R"({"resour\u0063eType":"Client","resourceType":"Patient"})").status(), 400);
  // The reference counts, its scope is checked, and id and meta are the server's.
  const RestReply out_of_scope = put("other", R"({"resourceType":"Client","_\u0073ecret":)" + reference + "}");
  EXPECT_EQ(out_of_scope.status(), 422) << out_of_scope;
  const RestReply good = put("intake", R"({"resour\u0063eType":"Client","i\u0064":"intake","grant_types":["basic"],)"
                                       R"("\u006deta":{"versionId":"9"},"\u005fsecret":)" +
                                           reference + "}");
  ASSERT_EQ(good.status(), 201) << good;
  EXPECT_EQ(good.json["meta"]["extension"][0]["url"], "ex:createdAt");
  ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-intake", samples::allow_policy("intake")).status(), 201);
  EXPECT_EQ(status_for("intake", intake), 404);
}

TEST_F(Access, AnInactiveClientAndOneWithoutTheGrantCannotLogIn) {
  json client = samples::client_with_reference("intake", "intake-secret");
  client["active"] = false;
  ASSERT_EQ(world.root().put("/fhir/Client/intake", client).status(), 201);
  EXPECT_EQ(status_for("intake", intake), 401);
  client["active"] = true;
  client["grant_types"] = json::array({"client_credentials"});
  ASSERT_EQ(world.root().put("/fhir/Client/intake", client).status(), 200);
  EXPECT_EQ(status_for("intake", intake), 401);
}

}  // namespace
}  // namespace embergate::test
