// SPDX-License-Identifier: Apache-2.0
// Starting, stopping and watching the program: settings that cannot work, the init bundle, health, version, metrics,
// the command line (contract 5.6 to 5.8, 6.1; decisions 16 and 36).
#include <unistd.h>

#include <filesystem>

#include <sys/resource.h>

#include "e2e/gateway_test.hpp"
#include "support/eventually.hpp"
#include "support/pki.hpp"

namespace embergate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Operation : public GatewayTest {
 protected:
  // A start that must fail: its exit code and what it said on standard error.
  ProgramResult failed_start(bool unprivileged = false) {
    return run_program({gateway_binary(), "serve"}, world.gateway().environment(), world.directory().path().string(),
                       unprivileged);
  }
  ProgramResult command(std::vector<std::string> words) {
    words.insert(words.begin(), gateway_binary());
    return run_program(std::move(words), world.gateway().environment(), world.directory().path().string());
  }
  void expect_failed(const ProgramResult& result, const std::string& names) {
    EXPECT_TRUE(result.exit_code.has_value()) << "it did not end: " << result.output << result.error;
    EXPECT_NE(result.exit_code.value_or(1), 0);
    EXPECT_LT(result.exit_code.value_or(1), 128) << "ended by a signal: " << result.error;
    EXPECT_THAT(result.error, HasSubstr(names));
  }
  static void give_to_nobody(const std::filesystem::path& path) {
    if (geteuid() != 0) return;
    ASSERT_EQ(chown(path.c_str(), 65'534, 65'534), 0);
  }
};

TEST_F(Operation, AnOccupiedPortEndsTheStartAndNamesTheSetting) {
  ASSERT_TRUE(world.start());
  Environment environment = world.gateway().environment();
  environment["BOX_WEB_PORT"] = std::to_string(world.gateway().port());
  environment["BOX_METRICS_PORT"] = "0";
  environment["BOX_DB_PATH"] = world.directory().file("second.db");
  const ProgramResult result = run_program({gateway_binary(), "serve"}, environment, world.directory().path().string());
  expect_failed(result, "BOX_WEB_PORT");
  EXPECT_EQ(world.anonymous().get("/health").status(), 200);
}

TEST_F(Operation, ADatabaseThatCannotBeWrittenEndsTheStartAndNamesTheSetting) {
  world.write_vault_config();
  // As somebody who may read everything but the folder of the database.
  std::filesystem::permissions(world.directory().path(), std::filesystem::perms(0755));
  std::filesystem::permissions(world.secret_file("root-secret"), std::filesystem::perms(0644));
  std::filesystem::permissions(world.gateway().database_directory(), std::filesystem::perms(0500));
  expect_failed(failed_start(true), "BOX_DB_PATH");
  std::filesystem::permissions(world.gateway().database_directory(), std::filesystem::perms(0755));
  world.gateway().set("BOX_DB_PATH", world.directory().file("no/such/folder/gateway.db"));
  expect_failed(failed_start(), "BOX_DB_PATH");
}

TEST_F(Operation, AVaultConfigThatCannotBeUsedEndsTheStartAndNamesWhatIsWrong) {
  world.write_vault_config();
  std::filesystem::permissions(world.directory().path(), std::filesystem::perms(0755));
  std::filesystem::permissions(world.secret_file("root-secret"), std::filesystem::perms(0644));
  give_to_nobody(world.gateway().database_directory());
  std::filesystem::permissions(world.vault_config_file(), std::filesystem::perms(geteuid() == 0 ? 0600 : 0));
  expect_failed(failed_start(true), "BOX_VAULT_CONFIG");
  std::filesystem::permissions(world.vault_config_file(), std::filesystem::perms(0600));

  const std::string scope = R"({"resource_type":"Client"})";
  const auto entry = [&](const std::string& text) { return R"({"secret":{"intake":)" + text + "}}"; };
  const std::vector<std::pair<std::string, std::string>> broken{
      {"{", "JSON"},
      {"[]", "object"},
      {R"({"secret":{"intake":{"path":"/x"}}})", "scope"},
      {entry(R"({"path":"/x","scope":{}})"), "scope"},
      {entry(R"({"path":"/x","scope":[]})"), "scope"},
      {entry(R"({"path":"relative","scope":)" + scope + "}"), "path"},
      {entry(R"({"path":7,"scope":)" + scope + "}"), "path"},
      {entry(R"({"path":"/x","scope":{"resource_type":"Client","Id":"x"}})"), "Id"},
      {R"({"secret":{"":{"path":"/x","scope":)" + scope + "}}}", "secret"},
      {R"({"secret":{"a":{"path":"/x","scope":)" + scope + R"(},"a":{"path":"/y","scope":)" + scope + "}}}", "a"}};
  for (const auto& [text, names] : broken) {
    static_cast<void>(world.directory().write("vault.json", text));
    const ProgramResult result = failed_start();
    expect_failed(result, names);
    EXPECT_FALSE(std::filesystem::exists(world.gateway().database_directory() / "gateway.db")) << text;
  }
  std::filesystem::remove(world.vault_config_file());
  expect_failed(failed_start(), "BOX_VAULT_CONFIG");
}

TEST_F(Operation, SettingsOfTheWrongKindEndTheStartAndNameTheSetting) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"BOX_WEB_PORT", "http"},
                                                        {"BOX_VAULT_CACHE_TTL_MS", "-1"},
                                                        {"BOX_METRICS_PORT", "70000"},
                                                        {"BOX_WEB_BASE_URL", "gateway/"},
                                                        {"BOX_ROOT_CLIENT_SECRET_FILE", "/nowhere"}}) {
    Environment environment = world.gateway().environment();
    environment[name] = value;
    expect_failed(run_program({gateway_binary(), "serve"}, environment, world.directory().path().string()), name);
  }
  const ProgramResult usage = command({"serve", "--no-such-option"});
  EXPECT_EQ(usage.exit_code.value_or(-1), 2) << usage.error;
}

TEST_F(Operation, AllFaultsOfAStartAreToldAtOnceAndBeforeAnythingIsOpened) {
  static_cast<void>(world.directory().write("vault.json", "{\n  \"secret\": oops\n}"));
  world.gateway().set("BOX_WEB_PROT", "1");
  world.gateway().set("BOX_VAULT_POLL_MS", "soon");
  world.gateway().set("BOX_INIT_BUNDLE", "/no/such/bundle.json");
  const ProgramResult result = failed_start();
  for (const char* fault : {"did you mean BOX_WEB_PORT?", "BOX_VAULT_POLL_MS is \"soon\"", "at line 2, column 13",
                            "BOX_INIT_BUNDLE: /no/such/bundle.json does not exist"}) {
    expect_failed(result, fault);
    EXPECT_THAT(result.output, HasSubstr("process/start-failed")) << "the log is not a terminal";
  }
  EXPECT_FALSE(std::filesystem::exists(world.gateway().database_directory() / "gateway.db"));
}

TEST_F(Operation, AHostThatIsNotOfThisMachineIsNotBlamedOnThePort) {
  world.write_vault_config();
  for (const char* host : {"192.0.2.1", "no-such-host.invalid"}) {
    world.gateway().set("BOX_WEB_HOST", host);
    const ProgramResult result = failed_start();
    expect_failed(result, "BOX_WEB_HOST");
    EXPECT_THAT(result.error, Not(HasSubstr("BOX_WEB_PORT")));
  }
}

TEST_F(Operation, TheCommandLineChecksTheStartListsSettingsAndHelpsWithMisspeltCommands) {
  world.write_vault_config();
  const ProgramResult good = command({"check"});
  EXPECT_EQ(good.exit_code.value_or(-1), 0) << good.output << good.error;
  EXPECT_FALSE(std::filesystem::exists(world.gateway().database_directory() / "gateway.db")) << "nothing is started";
  const ProgramResult settings = command({"settings", "--json"});
  EXPECT_EQ(settings.exit_code.value_or(-1), 0) << settings.error;
  EXPECT_THAT(settings.output, HasSubstr(world.secret_file("root-secret")));
  EXPECT_EQ((settings.output + settings.error).find("cnry-"), std::string::npos);
  for (const auto& words : std::vector<std::vector<std::string>>{{"--version"}, {"version"}, {"help"}, {"--help"}})
    EXPECT_EQ(command(words).exit_code.value_or(-1), 0) << words.front();
  EXPECT_THAT(command({"serve", "--help"}).output, HasSubstr("`embergate settings` lists them all"));
  EXPECT_THAT(command({"help", "vault"}).output, HasSubstr("which names resolve"));
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"vault", "chekc"}, "did you mean check?"},
      {{"srve"}, "did you mean serve?"},
      {{"help", "srve"}, "did you mean serve?"},
      {{"serve", "--port", "9090"}, "BOX_WEB_PORT"}};
  for (const auto& [words, says] : wrong) {
    const ProgramResult result = command(words);
    EXPECT_EQ(result.exit_code.value_or(-1), 2) << says;
    EXPECT_THAT(result.error, HasSubstr(says));
  }
  world.gateway().set("BOX_WEB_PORT", "http");
  EXPECT_EQ(command({"check"}).exit_code.value_or(-1), 1);
  const ProgramResult vault = command({"vault", "check"});
  EXPECT_EQ(vault.exit_code.value_or(-1), 2) << "nothing was checked";
  EXPECT_EQ(vault.output, "");
}

TEST_F(Operation, TheProgramRunsAsAnUnprivilegedUser) {
  if (geteuid() == 0) {
    give_to_nobody(world.gateway().database_directory());
    give_to_nobody(world.directory().path() / "tmp");
    give_to_nobody(world.secret_file("root-secret"));
  }
  std::filesystem::permissions(world.directory().path(), std::filesystem::perms(0755));
  world.gateway().run_unprivileged();
  ASSERT_TRUE(world.start());
  const std::string process = read_file("/proc/" + std::to_string(world.gateway().pid()) + "/status");
  const std::string uid = process.substr(process.find("Uid:") + 5);
  EXPECT_NE(uid.substr(0, uid.find('\t')), "0");
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Plain")).status(), 201);
}

TEST_F(Operation, SigtermEndsWithZeroAndTheNextStartGoesOnWhereItStopped) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  // The secret is away at the second start, so this event waits for the third.
  world.remove_secret(lane.destination.jaas_secret);
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0) << world.gateway().error_output();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Two")).status(), 200);
  EXPECT_EQ(world.status_number("events", "messagesQueued"), 1);
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0) << world.gateway().error_output();
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(world.start());
  ASSERT_TRUE(world.drained("events", 2)) << "counters are kept over restarts";
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").json["name"][0]["family"], "Two");
  const EventLog log = world.events(lane, 2);
  EXPECT_THAT(check_order(log), IsEmpty()) << in_words(check_order(log));
  EXPECT_EQ(log.events.size(), 2u);
  EXPECT_EQ(log.duplicates, 0u);
  EXPECT_TRUE(world.gateway().logged("process/stopped") || world.gateway().running());
}

TEST_F(Operation, TheInitBundleIsThereBeforeTheFirstAnswerAndMayRunAgain) {
  const KafkaLane lane = world.add_lane();
  json destination = samples::bundle_entry("POST", "AidboxTopicDestination", lane.destination.json());
  destination["request"]["ifNoneExist"] = "_id=events";
  json topic = samples::topic(samples::kTopicUrl, {samples::trigger("Patient")});
  topic["id"] = "patients";
  const json bundle = samples::bundle(
      "transaction", {samples::bundle_entry("PUT", "AidboxSubscriptionTopic/patients", topic), destination,
                      samples::bundle_entry("PUT", "Patient/first", samples::patient("first", "Ready"))});
  world.gateway().set("BOX_INIT_BUNDLE", "file://" + world.directory().write("init.json", bundle.dump()));
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.root().get("/fhir/Patient/first").status(), 200);
  const RestReply made = world.root().get("/fhir/AidboxTopicDestination/events");
  EXPECT_EQ(made.status(), 200) << made;
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.root().get("/fhir/AidboxTopicDestination/events").version(), made.version());
  ASSERT_TRUE(world.drained("events", 1));
}

TEST_F(Operation, AnInitBundleThatFailsEndsTheStart) {
  world.write_vault_config();
  const auto with_bundle = [&](const std::string& content) {
    world.gateway().set("BOX_INIT_BUNDLE", "file://" + world.directory().write("init.json", content));
    return failed_start();
  };
  expect_failed(with_bundle(R"({"resourceType":"Patient"})"), "BOX_INIT_BUNDLE");
  expect_failed(with_bundle("{"), "BOX_INIT_BUNDLE");
  const json broken = samples::bundle(
      "transaction", {samples::bundle_entry("PUT", "Patient/a", samples::patient("a", "Good")),
                      samples::bundle_entry("PUT", "Patient/b", {{"resourceType", "Patient"}, {"gender", 1}})});
  expect_failed(with_bundle(broken.dump()), "Bundle.entry[1]");
  world.gateway().set("BOX_INIT_BUNDLE", "file:///no/such/bundle.json");
  expect_failed(failed_start(), "/no/such/bundle.json");
  json batch = broken;
  batch["type"] = "batch";
  world.gateway().set("BOX_INIT_BUNDLE", "file://" + world.directory().write("init.json", batch.dump()));
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.root().get("/fhir/Patient/a").status(), 200);
  EXPECT_TRUE(world.gateway().logged("init-bundle/entry-failed"));
}

TEST_F(Operation, AFailedEntryOfALargeInitBundleIsLogged) {
  world.write_vault_config();
  const json batch = samples::bundle(
      "batch", {samples::bundle_entry("PUT", "Patient/a", samples::patient("a", std::string(40'000, 'x'))),
                samples::bundle_entry("PUT", "Patient/b", {{"resourceType", "Patient"}, {"gender", 1}})});
  world.gateway().set("BOX_INIT_BUNDLE", "file://" + world.directory().write("init.json", batch.dump()));
  ASSERT_TRUE(world.start());
  EXPECT_EQ(world.root().get("/fhir/Patient/a").status(), 200);
  EXPECT_TRUE(world.gateway().logged("init-bundle/entry-failed"));
  EXPECT_THAT(world.gateway().output(), testing::HasSubstr("entry 1 failed with 422"));
}

TEST_F(Operation, HealthVersionAndMetricsSayWhatIsGoingOn) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  ASSERT_TRUE(world.drained("events", 1));

  EXPECT_TRUE(eventually([&] {
    const RestReply now = world.root().get("/health");
    return now.json["status"] == "pass" && now.json["checks"].contains("kafka:events");
  }));
  const RestReply health = world.root().get("/health");
  ASSERT_EQ(health.status(), 200) << health;
  EXPECT_EQ(health.json["status"], "pass") << health;
  for (const char* member : {"version", "channel", "commit", "timestamp"})
    EXPECT_TRUE(health.json["about"].contains(member));
  for (const char* check : {"uptime", "memory:utilization", "db:responseTime", "vault:secrets", "kafka:events"}) {
    EXPECT_TRUE(health.json["checks"].contains(check)) << check << ": " << health;
  }
  const RestReply version = world.root().get("/$version");
  EXPECT_EQ(version.status(), 200);
  EXPECT_EQ(version.json["version"], health.json["about"]["version"]);

  const HttpReply metrics = world.metrics();
  ASSERT_EQ(metrics.status, 200);
  for (const char* family :
       {"embergate_topic_events_total", "embergate_destination_messages_delivered_total",
        "embergate_destination_queued", "embergate_destination_in_process", "embergate_destination_connected",
        "embergate_destination_oldest_queued_seconds", "embergate_destination_delivery_seconds",
        "embergate_secret_resolutions_total", "embergate_vault_secrets", "embergate_vault_secrets_oldest_seconds",
        "embergate_vault_secrets_last_read_seconds", "embergate_auth_total",
        "embergate_http_request_duration_seconds"}) {
    EXPECT_THAT(metrics.body, HasSubstr(family));
  }
  EXPECT_THAT(metrics.body, HasSubstr(R"(embergate_vault_secrets{state="ok"} 1)"));
  EXPECT_THAT(metrics.body, Not(HasSubstr("events-jaas"))) << "the port has no login";
}

TEST_F(Operation, HealthTellsNamesToAdministratorsOnly) {
  KafkaLane lane = world.add_lane();
  lane.destination.bootstrap = "127.0.0.1:" + std::to_string(free_port());
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_TRUE(eventually([&] { return world.anonymous().get("/health").json["status"] == "warn"; }));
  const RestReply open = world.anonymous().get("/health");
  EXPECT_EQ(open.status(), 200);
  EXPECT_EQ(open.json["checks"]["kafka:destinations"][0]["status"], "warn") << open;
  for (const char* name : {"events", "127.0.0.1"}) EXPECT_EQ(open.json.dump().find(name), std::string::npos) << open;
  const RestReply all = world.root().get("/health");
  EXPECT_EQ(all.json["checks"]["kafka:events"][0]["status"], "warn") << all;
  EXPECT_NE(all.json["checks"]["kafka:events"][0].value("output", ""), "") << all;
  EXPECT_EQ(RestClient(world.gateway().port(), "root", "wrong").get("/health").status(), 401);
}

// A limit on the size of files makes every write fail as a full volume does.
void limit_files_of(pid_t process, rlim_t bytes) {
  rlimit limit{};
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, nullptr, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
}

TEST_F(Operation, HealthIs503WhileWritesFailAndComesBackWithoutAClientsWrite) {
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "One")).status(), 201);
  const auto health = [&] { return world.anonymous().get("/health").status(); };
  ASSERT_TRUE(eventually([&] { return health() == 200; }));
  limit_files_of(world.gateway().pid(), 4096);
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Two")).status(), 503);
  EXPECT_TRUE(eventually([&] { return health() == 503; })) << world.root().get("/health");
  EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 200) << "reading goes on";
  limit_files_of(world.gateway().pid(), RLIM_INFINITY);
  EXPECT_TRUE(eventually([&] { return health() == 200; })) << world.root().get("/health");
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Two")).status(), 200);
}

TEST_F(Operation, TheCommandLineAsksTheRunningGatewayForItsHealth) {
  ASSERT_TRUE(world.start());
  const auto health = [&](const std::string& port) {
    Environment settings = world.gateway().environment();
    settings["BOX_WEB_PORT"] = port;
    return run_program({gateway_binary(), "health"}, settings, world.directory().path().string());
  };
  const std::string port = std::to_string(world.gateway().port());
  const ProgramResult well = health(port);
  EXPECT_EQ(well.exit_code.value_or(-1), 0) << well.error;
  EXPECT_EQ(json::parse(well.output, nullptr, false).value("status", ""), "pass") << well.output;
  EXPECT_EQ(world.gateway().terminate(), 0);
  EXPECT_EQ(health(port).exit_code.value_or(-1), 1);
}

TEST_F(Operation, TheCommandLineAsksForHealthOverTlsToo) {
  const Issued issued = Authority("web").issue("gateway");
  Gateway& gateway = world.gateway();
  gateway.set("BOX_WEB_TLS_CERT", world.directory().write("web.crt", issued.certificate));
  gateway.set("BOX_WEB_TLS_KEY", world.directory().write("web.key", issued.key));
  world.write_vault_config();
  gateway.launch();
  ASSERT_TRUE(gateway.wait_listening());
  Environment settings = gateway.environment();
  settings["BOX_WEB_PORT"] = std::to_string(gateway.port());
  const auto health = [&] {
    return run_program({gateway_binary(), "health"}, settings, world.directory().path().string());
  };

  EXPECT_TRUE(eventually([&] { return health().exit_code == 0; }));
  EXPECT_EQ(json::parse(health().output, nullptr, false).value("status", ""), "pass");
  settings.erase("BOX_WEB_TLS_CERT");
  EXPECT_EQ(health().exit_code.value_or(-1), 1);  // plain HTTP gets no answer from a listener with TLS
  EXPECT_EQ(gateway.terminate(), 0);
}

TEST_F(Operation, TheCommandLineChecksTheVaultAndTellsItsVersion) {
  world.add_lane();
  world.add_secret("absent", "", "Client", "absent");
  world.write_vault_config();
  const ProgramResult check = command({"vault", "check", "--json"});
  EXPECT_EQ(check.exit_code.value_or(-1), 1) << check.error;
  std::map<std::string, std::string> states;
  const json parsed = json::parse(check.output, nullptr, false);
  ASSERT_TRUE(parsed.is_object()) << check.output << check.error;
  for (const json& line : parsed["secrets"]) states[line["name"]] = line["state"];
  EXPECT_EQ(states, (std::map<std::string, std::string>{{"absent", "missing"}, {"events-jaas", "ok"}})) << check.output;
  world.write_secret("absent", world.canary("present"));
  const ProgramResult good = command({"vault", "check"});
  EXPECT_EQ(good.exit_code.value_or(-1), 0) << good.output << good.error;
  EXPECT_THAT(good.output, HasSubstr("events-jaas"));

  const ProgramResult version = command({"version", "--json"});
  EXPECT_EQ(version.exit_code.value_or(-1), 0);
  EXPECT_TRUE(json::parse(version.output, nullptr, false).contains("version")) << version.output;
  for (const ProgramResult& result : {check, good}) {
    EXPECT_EQ((result.output + result.error).find("cnry-"), std::string::npos);
  }
}

}  // namespace
}  // namespace embergate::test
