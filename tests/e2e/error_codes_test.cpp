// SPDX-License-Identifier: Apache-2.0
// One fault, one code: what a file or setting does wrong has the same error code wherever an operator looks.
#include <sys/resource.h>
#include <sys/stat.h>

#include <future>
#include <sstream>

#include "e2e/gateway_test.hpp"
#include "support/held_sync.hpp"
#include "support/pki.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

class ErrorCodes : public GatewayTest {
 protected:
  // What is written to the file of a client's secret; its name is the client's with "-secret".
  void add_client(const std::string& id, const std::string& content) {
    world.add_secret(id + "-secret", content, "Client", id);
    clients_.push_back(id);
  }
  void start_with_clients() {
    ASSERT_TRUE(world.start());
    for (const std::string& id : clients_) {
      ASSERT_EQ(world.root().put("/fhir/Client/" + id, samples::client_with_reference(id, id + "-secret")).status(),
                201);
      log_in(id);
    }
  }
  void log_in(const std::string& id) { world.client(id, "any").get("/fhir/Patient/p1"); }

  static json part_of(const json& parts, const std::string& name) {
    for (const json& part : parts) {
      if (part.value("name", "") == name) return part;
    }
    return json::object();
  }
  std::string code_in_vault_status(const std::string& secret) {
    const json status = world.root().get("/fhir/$vault-status").json;
    for (const json& parameter : status.value("parameter", json::array())) {
      if (part_of(parameter["part"], "name").value("valueString", "") == secret)
        return part_of(parameter["part"], "code").value("valueString", "");
    }
    return "no such secret";
  }
  // Of administrators' health; empty: none.
  std::string codes_of_check(const std::string& check) {
    const json page = world.root().get("/health").json;
    const json checks = page.value("checks", json::object());
    if (!checks.contains(check)) return {};
    return checks[check][0].value("codes", json::array()).dump();
  }
  bool metrics_have(const std::string& code) {
    const std::string body = world.metrics().body;
    return body.find("embergate_faults{code=\"" + code + "\"} 0") == std::string::npos &&
           body.find("embergate_faults{code=\"" + code + "\"} ") != std::string::npos &&
           body.find("embergate_errors_total{code=\"" + code + "\"} ") != std::string::npos;
  }
  // Whether a line of the event has the code.
  bool logged(const std::string& event, const std::string& code) {
    std::istringstream lines(world.gateway().output());
    for (std::string line; std::getline(lines, line);) {
      const json one = json::parse(line, nullptr, false);
      if (one.is_object() && one.value("ev", "") == event && one.value("code", "") == code) return true;
    }
    return false;
  }
  void expect_secret(const std::string& secret, const std::string& code, const std::string& event) {
    EXPECT_TRUE(eventually([&] { return code_in_vault_status(secret) == code; }))
        << secret << ": " << code_in_vault_status(secret) << " instead of " << code;
    EXPECT_TRUE(eventually([&] { return metrics_have(code); })) << code << "\n" << world.metrics().body;
    EXPECT_TRUE(eventually([&] { return codes_of_check("vault:secrets").find(code) != std::string::npos; }))
        << code << ": " << codes_of_check("vault:secrets");
    EXPECT_TRUE(eventually([&] { return logged(event, code); })) << event << " without " << code;
  }

  // A destination that logs in with the certificate in the file "chain" and the key in the file "key".
  void start_with_certificate(const std::string& chain, const std::string& key) {
    world.add_secret("chain", chain, "AidboxTopicDestination");
    world.add_secret("key", key, "AidboxTopicDestination");
    KafkaLane lane = world.add_lane();
    lane.destination.security_protocol = "SSL";
    lane.destination.bootstrap = KafkaEnvironment::get().mtls;
    lane.destination.secrets = {{"sslKeystoreCertificateChain", "chain"}, {"sslKeystoreKey", "key"}};
    ASSERT_TRUE(world.start());
    const RestReply made = world.create_topic_and_destination(lane);
    ASSERT_EQ(made.status(), 201) << made;
  }
  static Authority authority_of_the_broker() {
    const auto file = [](const char* name) { return read_file(KafkaEnvironment::get().tls_file(name)); };
    return Authority::load(file("ca.pem"), file("ca-key.pem"));
  }
  static IssueOptions lives(std::chrono::hours since, std::chrono::hours until) {
    const auto now = std::chrono::system_clock::now();
    IssueOptions options;
    options.not_before = now + since;
    options.not_after = now + until;
    return options;
  }

 private:
  std::vector<std::string> clients_;
};

TEST_F(ErrorCodes, OfSecretFilesAreTheSameInStatusMetricsHealthAndLog) {
  add_client("gone", "");
  add_client("blank", "\n");
  add_client("template", "{{ .Data.password }}");
  add_client("open", world.canary("open"));
  ASSERT_EQ(::chmod(world.secret_file("open-secret").c_str(), 0666), 0);
  KafkaLane lane = world.add_lane();
  world.write_secret(lane.destination.jaas_secret, "this is no entry");
  ASSERT_EQ(::chmod(world.secret_file("open-secret").c_str(), 0666), 0);
  ASSERT_NO_FATAL_FAILURE(start_with_clients());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  expect_secret("gone-secret", "secret.missing", "secret/resolve-failed");
  expect_secret("blank-secret", "secret.empty", "secret/resolve-failed");
  expect_secret("template-secret", "secret.unrendered", "secret/resolve-failed");
  expect_secret("open-secret", "secret.world-writable", "secret/resolve-failed");
  expect_secret(lane.destination.jaas_secret, "secret.bad-jaas", "secret/resolve-failed");
}

TEST_F(ErrorCodes, OfAStaleSecretEndsWhenItsFileIsMended) {
  add_client("intake", world.canary("intake"));
  ASSERT_NO_FATAL_FAILURE(start_with_clients());
  world.write_secret("intake-secret", "{{ .Data.password }}");
  log_in("intake");
  expect_secret("intake-secret", "secret.stale", "secret/resolve-failed");
  world.write_secret("intake-secret", world.canary("intake-2"));
  EXPECT_TRUE(eventually([&] {
    log_in("intake");
    return code_in_vault_status("intake-secret").empty();
  })) << code_in_vault_status("intake-secret");
  EXPECT_TRUE(eventually([&] { return logged("fault/ended", "secret.stale"); }));
  EXPECT_TRUE(eventually([&] { return !metrics_have("secret.stale"); }));
}

TEST_F(ErrorCodes, OfACertificateWithTheKeyOfAnotherIsTheSameOfBoth) {
  const Authority authority = authority_of_the_broker();
  ASSERT_NO_FATAL_FAILURE(start_with_certificate(authority.issue("gw").certificate, authority.issue("gw").key));
  for (const char* secret : {"chain", "key"}) expect_secret(secret, "secret.pair-mismatch", "secret/bundle-failed");
}

TEST_F(ErrorCodes, OfACertificateThatHasRunOutIsTheSame) {
  const Issued old = authority_of_the_broker().issue("gw", lives(-48h, -24h));
  ASSERT_NO_FATAL_FAILURE(start_with_certificate(old.certificate, old.key));
  expect_secret("chain", "secret.expired", "secret/resolve-failed");
}

TEST_F(ErrorCodes, OfACertificateNearItsEndIsTheSameThoughItIsUsed) {
  const Issued old = authority_of_the_broker().issue("gw", lives(-24h * 350, 24h * 10));
  ASSERT_NO_FATAL_FAILURE(start_with_certificate(old.certificate, old.key));
  expect_secret("chain", "secret.expires", "secret/expires-soon");
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  EXPECT_TRUE(world.drained("events", 1));
}

TEST_F(ErrorCodes, OfAFullDatabaseIsTheSameInTheAnswerMetricsHealthAndLogAndEnds) {
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  rlimit limit{};
  ASSERT_EQ(prlimit(world.gateway().pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit small{4096, limit.rlim_max};
  ASSERT_EQ(prlimit(world.gateway().pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  const RestReply refused = world.root().put("/fhir/Patient/p1", samples::patient("p1", "Two"));
  ASSERT_EQ(refused.status(), 503) << refused;
  const json coding = refused.json["issue"][0]["details"]["coding"][0];
  EXPECT_EQ(coding["system"], "urn:embergate:error-code") << refused;
  EXPECT_EQ(coding["code"], "store.full") << refused;
  EXPECT_TRUE(eventually([&] { return codes_of_check("db:responseTime") == R"(["store.full"])"; }))
      << world.root().get("/health");
  EXPECT_TRUE(eventually([&] { return metrics_have("store.full"); }));
  // What the log says meanwhile does not fit into the limit either.
  ASSERT_EQ(prlimit(world.gateway().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  // A line that was cut by the limit may stand before it in the same one.
  EXPECT_TRUE(eventually([&] {
    const std::string output = world.gateway().output();
    const auto ended = output.rfind("\"ev\":\"fault/ended\"");
    return ended != std::string::npos && output.find("\"code\":\"store.full\"", ended) != std::string::npos;
  })) << world.gateway().output();
  EXPECT_TRUE(eventually([&] { return !metrics_have("store.full"); }));
}

TEST_F(ErrorCodes, OfACriterionThatFailsIsTheSameInMetricsHealthAndLogAndEndsWithTheTopic) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient", "name.given")});
  topic["id"] = "failing";
  ASSERT_EQ(world.root().put("/fhir/AidboxSubscriptionTopic/failing", topic).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  json patient = samples::patient("p1", "Several");
  patient["name"][0]["given"] = {"a", "b"};
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", patient).status(), 201);
  const std::string code = "topic.criterion-error";
  EXPECT_TRUE(logged("topic/criteria-error", code));
  EXPECT_TRUE(metrics_have(code));
  EXPECT_TRUE(eventually([&] { return codes_of_check("topics:criteria") == "[\"" + code + "\"]"; }))
      << world.root().get("/health");
  topic["trigger"][0]["fhirPathCriteria"] = "name.given.exists()";
  ASSERT_EQ(world.root().put("/fhir/AidboxSubscriptionTopic/failing", topic).status(), 200);
  EXPECT_TRUE(eventually([&] { return logged("fault/ended", code); }));
  EXPECT_TRUE(eventually([&] { return codes_of_check("topics:criteria").find(code) == std::string::npos; }));
}

TEST_F(ErrorCodes, OfACriterionThatIsPutOffIsTheSameInStatusMetricsHealthAndLogAndEndsWithItsDestination) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  const json topic =
      samples::topic(samples::kTopicUrl, {samples::trigger("Patient", "1.repeat($this + 1).count() = 7")});
  ASSERT_EQ(world.root().post("/fhir/AidboxSubscriptionTopic", topic).status(), 201);
  ASSERT_EQ(world.root().post("/fhir/AidboxTopicDestination", lane.destination.json()).status(), 201);
  const std::string code = "topic.switched-off";
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(logged("topic/criteria-switched-off", code)) << "after " << i << " writes";
    const std::string id = "p" + std::to_string(i);
    ASSERT_EQ(world.root().put("/fhir/Patient/" + id, samples::patient(id, "One")).status(), 201);
  }
  EXPECT_TRUE(eventually([&] { return logged("topic/criteria-switched-off", code); }));
  EXPECT_TRUE(eventually([&] { return metrics_have(code); })) << world.metrics().body;
  EXPECT_TRUE(eventually([&] { return codes_of_check("topics:criteria") == "[\"" + code + "\"]"; }))
      << world.root().get("/health");
  const json status = world.root().get("/fhir/AidboxTopicDestination/events/$status").json;
  EXPECT_EQ(part_of(part_of(status["parameter"], "topicFault")["part"], "code").value("valueString", ""), code)
      << status;
  ASSERT_EQ(world.root().remove("/fhir/AidboxTopicDestination/events?discard=true").status(), 200);
  EXPECT_TRUE(eventually([&] { return logged("fault/ended", code); }));
  EXPECT_TRUE(eventually([&] { return !metrics_have(code); }));
  EXPECT_TRUE(eventually([&] { return codes_of_check("topics:criteria") == "[]"; }));
}

TEST_F(ErrorCodes, OfAVolumeThatHangsIsTheSameInMetricsHealthAndLogAndEnds) {
  if (!HeldSync::possible()) GTEST_SKIP() << "needs the right to trace other processes";
  ASSERT_TRUE(world.start());
  const std::string code = "store.slow";
  std::optional<HeldSync> hanging(world.gateway().pid());
  auto written = std::async(std::launch::async, [this] {
    return world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status();
  });
  EXPECT_TRUE(eventually([&] { return codes_of_check("db:responseTime") == "[\"" + code + "\"]"; }))
      << world.root().get("/health");
  EXPECT_TRUE(eventually([&] { return metrics_have(code); })) << world.metrics().body;
  EXPECT_TRUE(logged("store/slow", code));
  hanging.reset();
  EXPECT_EQ(written.get(), 201);
  EXPECT_TRUE(eventually([&] { return logged("fault/ended", code); }));
  EXPECT_TRUE(eventually([&] { return !metrics_have(code); }));
  EXPECT_TRUE(eventually([&] { return codes_of_check("db:responseTime") == "[]"; }));
}

TEST_F(ErrorCodes, OfTheListenersCertificateIsTheSameInMetricsAndLogAndEnds) {
  const Authority authority("web");
  const Issued good = authority.issue("gateway");
  Gateway& gateway = world.gateway();
  gateway.set("BOX_WEB_TLS_CERT", world.directory().write("web.crt", good.certificate));
  gateway.set("BOX_WEB_TLS_KEY", world.directory().write("web.key", good.key));
  world.write_vault_config();
  gateway.launch();
  ASSERT_TRUE(gateway.wait_listening());
  static_cast<void>(world.directory().write("web.crt", "no certificate\n"));
  EXPECT_TRUE(eventually([&] { return logged("http/certificate-refused", "web.certificate"); }));
  EXPECT_TRUE(eventually([&] { return metrics_have("web.certificate"); }));
  static_cast<void>(world.directory().write("web.crt", good.certificate));
  EXPECT_TRUE(eventually([&] { return logged("fault/ended", "web.certificate"); }));
  EXPECT_TRUE(eventually([&] { return !metrics_have("web.certificate"); }));
}

}  // namespace
}  // namespace embergate::test
