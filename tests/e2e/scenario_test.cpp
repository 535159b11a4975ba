// SPDX-License-Identifier: Apache-2.0
// Scenarios of the catalogue (docs/reference/scenarios.md) that no other file has: each test bears the number of its
// scenario. AL-01, the search for secrets in all that was written and said, ends every test here.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

class Scenario : public GatewayTest {
 protected:
  void add_client(const std::string& id) {
    secrets[id] = world.canary(id);
    world.add_secret(id + "-secret", secrets[id], "Client", id);
  }
  RestReply put_client(const std::string& id) {
    return world.root().put("/fhir/Client/" + id, samples::client_with_reference(id, id + "-secret"));
  }
  void allow(const std::string& id) {
    ASSERT_EQ(put_client(id).status(), 201);
    ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-" + id, samples::allow_policy(id)).status(), 201);
  }
  int status_for(const std::string& id, const std::string& secret) {
    return world.client(id, secret).get("/fhir/Patient/none").status();
  }
  RestReply write_patient(const std::string& id) {
    return world.root().put("/fhir/Patient/" + id, samples::full_patient(id, "Kept"));
  }

  std::map<std::string, std::string> secrets;
};

// No file of the process can grow while it lives, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(pid_t process) : process_(process) {
    rlimit none{0, RLIM_INFINITY};
    full_ = prlimit(process, RLIMIT_FSIZE, &none, &before_) == 0;
  }
  ~FullDisk() { prlimit(process_, RLIMIT_FSIZE, &before_, nullptr); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  [[nodiscard]] bool full() const { return full_; }

 private:
  pid_t process_;
  rlimit before_{};
  bool full_ = false;
};

TEST_F(Scenario, AL09_ASecretIsNoSearchParameterAndNoReadShowsMoreThanItsName) {
  add_client("intake");
  ASSERT_TRUE(world.start());
  allow("intake");
  for (const char* path : {"/fhir/Client/intake", "/fhir/Client/intake?_elements=secret",
                           "/fhir/Client/intake/_history", "/fhir/Client/intake/_history?_elements=secret"}) {
    const RestReply reply = world.root().get(path);
    EXPECT_THAT(reply.http.body, testing::Not(HasSubstr(secrets["intake"].substr(0, 12)))) << path;
    EXPECT_THAT(reply.http.body, testing::Not(HasSubstr("\"secret\":"))) << path;
  }
  const RestReply right = world.root().get("/fhir/Client?secret=" + secrets["intake"].substr(0, 10));
  const RestReply wrong = world.root().get("/fhir/Client?secret=0123456789");
  EXPECT_GE(right.status(), 400);
  EXPECT_EQ(right.status(), wrong.status());
  EXPECT_EQ(right.issue_code(), wrong.issue_code());
  const RestReply tested =
      world.root().send_text("PATCH", "/fhir/Client/intake", R"([{"op":"test","path":"/secret","value":"guess"}])",
                             {{"Content-Type", "application/json-patch+json"}});
  EXPECT_GE(tested.status(), 400);
}

TEST_F(Scenario, AL11_ACrashLeavesNoCoreAndSaysNoSecret) {
  const KafkaLane lane = world.add_lane();
  for (const int signal : {SIGABRT, SIGSEGV}) {
    ASSERT_TRUE(world.start());
    if (world.gateway().starts() == 1) {
      ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
    }
    ASSERT_EQ(write_patient("p" + std::to_string(signal)).status(), 201);
    ASSERT_TRUE(eventually([&] { return world.status_number("events", "messagesQueued") == 0; }));
    rlimit core{};
    ASSERT_EQ(prlimit(world.gateway().pid(), RLIMIT_CORE, nullptr, &core), 0);
    EXPECT_EQ(core.rlim_max, 0u) << "and nobody can raise it again";
    ASSERT_EQ(::kill(world.gateway().pid(), signal), 0);
    ASSERT_TRUE(eventually([&] { return !world.gateway().running(); }));
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(world.directory().path()))
    EXPECT_THAT(file.path().filename().string(), testing::Not(testing::StartsWith("core")));
}

TEST_F(Scenario, AL12_AnotherProcessOfTheSameUserReadsNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can start a gateway and a neighbour as the same other user";
  const auto give_to_nobody = [](const std::filesystem::path& path) {
    ASSERT_EQ(chown(path.c_str(), 65'534, 65'534), 0);
  };
  give_to_nobody(world.gateway().database_directory());
  give_to_nobody(world.directory().path() / "tmp");
  give_to_nobody(world.secret_file("root-secret"));
  std::filesystem::permissions(world.directory().path(), std::filesystem::perms(0755));
  world.gateway().run_unprivileged();
  ASSERT_TRUE(world.start());
  const std::string process = "/proc/" + std::to_string(world.gateway().pid());
  const pid_t neighbour = fork();
  if (neighbour == 0) {
    if (setgid(65'534) != 0 || setuid(65'534) != 0) _exit(1);
    for (const char* name : {"/environ", "/mem", "/maps"}) {
      const int file = open((process + name).c_str(), O_RDONLY | O_CLOEXEC);
      char byte = 0;
      if (file >= 0 && read(file, &byte, 1) > 0) _exit(2);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(neighbour, &status, 0), neighbour);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "2: the neighbour read the gateway's memory or environment";
}

TEST_F(Scenario, AL13_TheDatabaseHoldsReferencesOnlyThroughRotationDeletionAndCrash) {
  add_client("intake");
  KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  allow("intake");
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(write_patient("p1").status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  world.set_broker_password(lane, world.password("after"));
  world.set_file_password(lane, lane.password);
  ASSERT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 2; }, 20s));
  ASSERT_EQ(world.root().remove("/fhir/Client/intake").status(), 200);
  world.gateway().kill();
  EXPECT_THAT(world.leaks(), testing::IsEmpty());
  ASSERT_TRUE(world.start());
}

TEST_F(Scenario, AL15_AThousandWrongPasswordsFromOneAddressThrottleThatAddressAlone) {
  add_client("intake");
  ASSERT_TRUE(world.start());
  allow("intake");
  const auto ask = [&](HttpConnection& connection, const std::string& secret) {
    return connection.request("GET", "/fhir/Patient/none", {{"Authorization", "Basic " + base64("intake:" + secret)}})
        .status;
  };
  HttpConnection attacker(world.gateway().port(), 20s, "127.0.0.1", "127.0.0.2");
  ASSERT_TRUE(attacker.connected());
  std::map<int, int> answers;
  for (int i = 0; i < 1'000; ++i) ++answers[ask(attacker, "guess-" + std::to_string(i))];
  EXPECT_GT(answers[429], 900);
  EXPECT_EQ(answers[401] + answers[429], 1'000);
  EXPECT_EQ(ask(attacker, secrets["intake"]), 429) << "also with the right one, so that it learns nothing";
  HttpConnection owner(world.gateway().port());
  EXPECT_EQ(ask(owner, secrets["intake"]), 404) << "served: there is no such patient";
}

TEST_F(Scenario, AL18_AScopeThatARestartTakesAwayRefusesItsClientAndNoOther) {
  add_client("first");
  add_client("second");
  ASSERT_TRUE(world.start());
  allow("first");
  allow("second");
  ASSERT_EQ(status_for("first", secrets["first"]), 404);
  ASSERT_EQ(world.gateway().terminate().value_or(-1), 0);
  world.add_delivered_secret("first-secret", world.secret_file("first-secret"), "Client", "somebody-else");
  ASSERT_TRUE(world.start());
  EXPECT_EQ(status_for("first", secrets["first"]), 401);
  EXPECT_EQ(status_for("second", secrets["second"]), 404);
}

TEST_F(Scenario, BI05_NoKindOfPatchAddsAReferenceOutOfScope) {
  add_client("intake");
  add_client("other");
  ASSERT_TRUE(world.start());
  allow("intake");
  const std::string before = world.root().get("/fhir/Client/intake").http.body;
  const std::string value = samples::secret_reference("other-secret").dump();
  const std::pair<const char*, std::string> patches[] = {
      {"application/json-patch+json", R"([{"op":"replace","path":"/_secret","value":)" + value + "}]"},
      {"application/merge-patch+json", R"({"_secret":)" + value + "}"},
      {"application/fhir+json", R"({"resourceType":"Parameters","parameter":[]})"}};
  for (const auto& [type, body] : patches) {
    const RestReply reply = world.root().send_text("PATCH", "/fhir/Client/intake", body, {{"Content-Type", type}});
    EXPECT_GE(reply.status(), 400) << type;
    EXPECT_LT(reply.status(), 500) << type;
  }
  EXPECT_EQ(world.root().get("/fhir/Client/intake").http.body, before);
}

TEST_F(Scenario, BI07_AScopeIsForTheExactIdOfTheExactTypeHoweverItIsWritten) {
  world.add_secret("basic-secret", world.canary("basic"), "Client", "basic");
  ASSERT_TRUE(world.start());
  const auto put = [&](const std::string& path, const std::string& id) {
    return world.root().put("/fhir/" + path, samples::client_with_reference(id, "basic-secret"));
  };
  EXPECT_EQ(put("Client/Basic", "Basic").status(), 422);
  EXPECT_EQ(put("client/basic", "basic").status(), 404);
  EXPECT_GE(put("Client/basic%20", "basic").status(), 400);
  EXPECT_GE(put("Client/basic%20", "basic ").status(), 400);
  EXPECT_EQ(world.root().get("/fhir/Client/basic").status(), 404);
  EXPECT_EQ(put("Client/b%61sic", "basic").status(), 201) << "escapes are read once, before the scope is";
  EXPECT_EQ(world.root().get("/fhir/Client/basic").status(), 200);
}

TEST_F(Scenario, BI08_ADestinationIsNeverChangedInPlace) {
  const KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  const std::string path = "AidboxTopicDestination/events";
  const std::string before = world.root().get("/fhir/" + path).http.body;
  EXPECT_EQ(world.root().put("/fhir/" + path, lane.destination.json()).status(), 405);
  EXPECT_EQ(world.root().send_text("PATCH", "/fhir/" + path, "{}").status(), 405);
  for (const char* kind : {"batch", "transaction"}) {
    const RestReply reply = world.root().post(
        "/fhir", samples::bundle(kind, {samples::bundle_entry("PUT", path, lane.destination.json())}));
    EXPECT_THAT(reply.http.body, HasSubstr("not-supported")) << kind;
  }
  EXPECT_EQ(world.root().get("/fhir/" + path).http.body, before);
}

TEST_F(Scenario, BI18_HostileCriteriaAreRefusedOrCountedAndWritesGoOn) {
  ASSERT_TRUE(world.start());
  const auto post = [&](const std::string& url, const std::string& criteria) {
    return world.root().post("/fhir/AidboxSubscriptionTopic",
                             samples::topic("http://gw.example/" + url, {samples::trigger("Patient", criteria)}));
  };
  const std::string deep = std::string(5'000, '(') + "true" + std::string(5'000, ')');
  EXPECT_EQ(post("deep", deep).status(), 422);
  EXPECT_GE(post("long", "true" + std::string(1'000, ' ') + std::string(1'048'576, ' ')).status(), 400);
  EXPECT_EQ(post("regex", "name.family.first().matches('(a+)+$')").status(), 201);
  EXPECT_EQ(post("loop", "repeat($this).exists()").status(), 201);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", std::string(10'000, 'a') + "!")).status(), 201);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "an exponential search would take years";
  EXPECT_EQ(write_patient("p2").status(), 201);
}

TEST_F(Scenario, FA04_WithoutItsDatabaseEveryWriteFailsCleanlyAndRotationGoesOn) {
  KafkaLane lane = world.add_lane();
  ASSERT_TRUE(world.start());
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(write_patient("p1").status(), 201);
  ASSERT_TRUE(world.drained("events", 1));
  {
    const FullDisk disk(world.gateway().pid());
    ASSERT_TRUE(disk.full());
    for (int i = 0; i < 5; ++i) EXPECT_GE(write_patient("lost" + std::to_string(i)).status(), 500);
    world.set_broker_password(lane, world.password("after"));
    world.set_file_password(lane, lane.password);
    EXPECT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 2; }, 20s))
        << world.status("events");
    EXPECT_TRUE(world.gateway().running());
  }
  EXPECT_TRUE(eventually([&] { return write_patient("p2").status() == 201; }, 20s));
  ASSERT_TRUE(world.drained("events", 2));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.root().get("/fhir/Patient/lost" + std::to_string(i)).status(), 404);
  EXPECT_EQ(world.events(lane, 2).events.size(), 2u) << "no event without its write";
}

TEST_F(Scenario, FA05_AFullDiskRefusesWritesServesReadsAndRecovers) {
  ASSERT_TRUE(world.start());
  ASSERT_EQ(write_patient("p1").status(), 201);
  {
    const FullDisk disk(world.gateway().pid());
    ASSERT_TRUE(disk.full());
    const RestReply refused = write_patient("p2");
    EXPECT_GE(refused.status(), 500) << refused;
    EXPECT_EQ(refused.json["resourceType"], "OperationOutcome");
    EXPECT_EQ(world.root().get("/fhir/Patient/p1").status(), 200);
    EXPECT_TRUE(world.gateway().running());
  }
  EXPECT_TRUE(eventually([&] { return write_patient("p2").status() == 201; }, 20s));
}

}  // namespace
}  // namespace embergate::test
