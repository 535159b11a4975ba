// SPDX-License-Identifier: Apache-2.0
// A feed client with the rights of the shipped example cannot make a secret leave: it tries every write that it may and
// may not make, by every way there is, towards a socket of its own (S-01, S-07, S-16; contract 4.5).
#include <fstream>
#include <set>
#include <sstream>

#include "e2e/gateway_test.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;

const std::filesystem::path kSource = EMBERGATE_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// All resource types of R4, and the server's own.
std::vector<std::string> all_types() {
  std::vector<std::string> types{"AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination",
                                 "Client",       "IdentityProvider",        "Role",
                                 "Session",      "TokenIntrospector",       "User"};
  std::istringstream table(text_of(kSource / "src/fhir/r4_model.tsv"));
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string row;
    std::string type;
    std::string kind;
    std::string abstract;
    fields >> row >> type >> kind >> abstract;
    if (row == "T" && kind == "R" && abstract == "0") types.push_back(type);
  }
  return types;
}

class FeedClient : public GatewayTest {
 protected:
  // config/*.example.json as they are shipped, but for where the files lie and where the broker is.
  void SetUp() override {
    jaas = samples::scram_jaas("gw", world.canary("broker"));
    world.watch_for("jaas", jaas);
    world.add_secret("events-jaas", jaas, "AidboxTopicDestination");
    world.add_secret("loader-secret", loader, "Client", "loader");
    world.add_secret("partner-key", world.canary("partner"), "Client", "partner");
    ASSERT_NO_FATAL_FAILURE(ship("vault.example.json", "shipped-vault.json"));
    ASSERT_NO_FATAL_FAILURE(ship("init-bundle.example.json", "shipped-bundle.json"));
    world.gateway().set("BOX_VAULT_CONFIG", world.directory().file("shipped-vault.json"));
    world.gateway().set("BOX_INIT_BUNDLE", world.directory().file("shipped-bundle.json"));
    ASSERT_TRUE(world.start());
    const json policy = world.root().get("/fhir/AccessPolicy/loader").json;
    ASSERT_TRUE(policy.contains("resource_types")) << policy;
    for (const json& type : policy["resource_types"]) allowed.insert(type.get<std::string>());
    before = configuration();
    ASSERT_EQ(before.find("\"issue\""), std::string::npos) << before;
  }

  void ship(const std::string& from, const std::string& to) {
    std::string text = text_of(kSource / "config" / from);
    ASSERT_FALSE(text.empty()) << from;
    replace_all(text, "/run/secrets/embergate", std::filesystem::path(world.secret_file("events-jaas")).parent_path());
    replace_all(text, "kafka:9094", "localhost:" + std::to_string(broker.port()));
    std::ofstream(world.directory().file(to)) << text;
  }

  RestClient feed() { return world.client("loader", loader); }

  // All that a feed client must not change.
  std::string configuration() {
    std::string all;
    for (const char* path : {"Client/loader", "AccessPolicy/loader", "AidboxTopicDestination/clinical-events",
                             "AidboxSubscriptionTopic/clinical-events"})
      all += world.root().get(std::string("/fhir/") + path).http.body;
    return all;
  }

  // What is answered is a success of its own types, or an OperationOutcome that refuses.
  void judge(const RestReply& reply, const std::string& type, const std::string& what) {
    ++tried;
    if (reply.status() >= 200 && reply.status() < 300) {
      EXPECT_TRUE(allowed.contains(type)) << what << reply;
      return;
    }
    EXPECT_GE(reply.status(), 400) << what;
    EXPECT_LT(reply.status(), 500) << what << reply;
    EXPECT_EQ(reply.json.value("resourceType", ""), "OperationOutcome") << what << reply;
    if (allowed.contains(type)) return;
    // A destination cannot be changed by anybody: 405.
    const bool never = reply.status() == 405 && type == "AidboxTopicDestination";
    EXPECT_TRUE(reply.status() == 403 || never) << what << reply;
  }

  // Bodies of a type that name secrets and the thief's address wherever something can be named.
  std::vector<json> bodies(const std::string& type) {
    const json reference = samples::secret_reference("events-jaas");
    const json bare{{"resourceType", type}, {"id", "x"}};
    std::vector<json> all{bare};
    for (const char* member : {"_id", "_language", "_implicitRules", "_secret", "_status", "_value", "_valueString"}) {
      all.push_back(bare);
      all.back()[member] = reference;
    }
    all.push_back(bare);
    all.back()["extension"] = reference["extension"];
    all.push_back(bare);
    all.back()["meta"] = {{"extension", reference["extension"]}};
    all.push_back(bare);
    all.back()["contained"] = {{{"resourceType", "AidboxTopicDestination"}, {"_valueString", reference}}};
    all.push_back(destination("x"));
    all.back()["resourceType"] = type;
    all.push_back(bare);
    all.back()["endpoint"] = thief.url();
    all.back()["introspection_endpoint"] = {{"url", thief.url()}, {"_authorization", reference}};
    all.push_back(
        {{"resourceType", type}, {"id", "x"}, {"engine", "allow"}, {"link", {{{"reference", "Client/loader"}}}}});
    return all;
  }

  // The example's destination, re-aimed at the thief.
  json destination(const std::string& id) {
    samples::Destination aimed;
    aimed.id = id;
    aimed.topic_url = "http://embergate.example/topics/clinical-events";
    aimed.kafka_topic = "clinical-events";
    aimed.bootstrap = "localhost:" + std::to_string(thief.port());
    aimed.security_protocol = "SASL_PLAINTEXT";
    aimed.mechanism = "PLAIN";
    return aimed.json();
  }

  void send_every_way(const std::string& type, const json& body) {
    const std::string path = "/fhir/" + type;
    const std::string what = type + ": " + body.dump();
    judge(feed().post(path, body), type, "POST " + what);
    judge(feed().put(path + "/x", body), type, "PUT " + what);
    judge(feed().post(path, body, {{"If-None-Exist", "identifier=a|b"}}), type, "conditional " + what);
    for (const char* kind : {"batch", "transaction"}) {
      for (const char* method : {"POST", "PUT"}) {
        const std::string url = method == std::string("PUT") ? type + "/x" : type;
        const RestReply reply = feed().post("/fhir", samples::bundle(kind, {samples::bundle_entry(method, url, body)}));
        if (kind == std::string("transaction")) {
          judge(reply, type, std::string(kind) + " " + method + " " + what);
          continue;
        }
        ++tried;
        ASSERT_EQ(reply.status(), 200) << what << reply;
        const std::string status = reply.json["entry"][0]["response"]["status"];
        EXPECT_TRUE(allowed.contains(type) ? status[0] == '2' || status[0] == '4' : status == "403") << what << reply;
      }
    }
  }

  const std::string loader = world.canary("loader");
  std::string jaas;
  ScriptedPeer broker{[](const std::string&) { return ScriptedPeer::kSilence; }};
  ScriptedPeer thief{[](const std::string&) { return ScriptedPeer::kSilence; }};
  std::set<std::string> allowed;
  std::string before;
  int tried = 0;
};

TEST_F(FeedClient, WithTheShippedRightsCannotMakeASecretLeaveByAnyWrite) {
  const std::vector<std::string> types = all_types();
  ASSERT_GT(types.size(), 150U);
  for (const std::string& type : types) {
    // A type that it may not touch is refused before its body is looked at; two bodies show it.
    const std::vector<json> all = bodies(type);
    const std::size_t count = allowed.contains(type) || before.find(type) != std::string::npos ? all.size() : 2;
    for (std::size_t i = 0; i < count; ++i) send_every_way(type, all[all.size() - 1 - i]);
    if (allowed.contains(type)) continue;
    for (const char* tail : {"/x", "/loader", "/clinical-events", "/x/_history", "/x/_history/1"})
      judge(feed().get("/fhir/" + type + tail), type, "GET " + type + tail);
    for (const char* id : {"x", "loader", "clinical-events"})
      judge(feed().remove("/fhir/" + type + "/" + id), type, "DELETE " + type);
  }
  EXPECT_GT(tried, 2'000);
  EXPECT_EQ(thief.connections(), 0);
  EXPECT_EQ(configuration(), before);
}

TEST_F(FeedClient, CannotAimADestinationOfTheExampleAnew) {
  const json remove = samples::bundle_entry("DELETE", "AidboxTopicDestination/clinical-events");
  const json remake = samples::bundle_entry("POST", "AidboxTopicDestination", destination("clinical-events"));
  const json innocent = samples::bundle_entry("PUT", "Patient/p1", samples::patient("p1", "Doe"));
  for (const std::vector<json>& entries :
       {std::vector<json>{remove, remake}, std::vector<json>{innocent, remove, remake}, std::vector<json>{remake}}) {
    judge(feed().post("/fhir", samples::bundle("transaction", entries)), "AidboxTopicDestination", "transaction");
    const RestReply batch = feed().post("/fhir", samples::bundle("batch", entries));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string status = batch.json["entry"][i]["response"]["status"];
      EXPECT_EQ(status == "403", entries[i] != innocent) << batch;
    }
  }
  for (const char* path : {"/AidboxTopicDestination", "/fhir/AidboxTopicDestination"}) {
    judge(feed().post(path, destination("clinical-events")), "AidboxTopicDestination", path);
    judge(feed().put(std::string(path) + "/clinical-events", destination("clinical-events")), "AidboxTopicDestination",
          path);
    judge(feed().remove(std::string(path) + "/clinical-events"), "AidboxTopicDestination", path);
  }
  // A patient sets the delivery going, wherever it goes to.
  EXPECT_EQ(feed().put("/fhir/Patient/p2", samples::patient("p2", "Doe")).status(), 201);
  EXPECT_EQ(thief.connections(), 0);
  EXPECT_EQ(configuration(), before);
}

TEST_F(FeedClient, GetsNothingOutOfOperationsConditionsAndReferences) {
  for (const char* path : {"/fhir/$vault-status", "/fhir/AidboxTopicDestination/clinical-events/$status",
                           "/AidboxTopicDestination/clinical-events/$status", "/$version"})
    judge(feed().get(path), "$", path);
  for (const char* path :
       {"/$drop-cache", "/fhir/AidboxSubscriptionTopic/$dry-run", "/AidboxSubscriptionTopic/$dry-run"})
    judge(feed().post(path, {{"resourceType", "Parameters"}}), "$", path);
  json patient = samples::patient("p1", "Doe");
  for (const char* reference :
       {"Client/loader", "Client/none", "Client?_id=loader", "AidboxTopicDestination/clinical-events",
        "AidboxTopicDestination?_id=clinical-events", "AccessPolicy?identifier=a|b"}) {
    patient["managingOrganization"]["reference"] = reference;
    for (const char* kind : {"batch", "transaction"}) {
      const RestReply reply =
          feed().post("/fhir", samples::bundle(kind, {samples::bundle_entry("PUT", "Patient/p1", patient)}));
      EXPECT_EQ(reply.http.body.find("\"201\""), std::string::npos) << reference << reply;
    }
    EXPECT_GE(feed().put("/fhir/Patient/p1", patient).status(), 400) << reference;
  }
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 404);
  EXPECT_EQ(thief.connections(), 0);
}

}  // namespace
}  // namespace embergate::test
