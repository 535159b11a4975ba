// SPDX-License-Identifier: Apache-2.0
// Nobody starves another: guesses and idle connections of one address cost the callers of others nothing (S-31, S-40).
#include <sys/resource.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <thread>

#include "e2e/gateway_test.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::string basic(const std::string& id, const std::string& secret) { return "Basic " + base64(id + ":" + secret); }

class Starvation : public GatewayTest {
 protected:
  void SetUp() override {
    // The test holds a thousand connections itself.
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8'192);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    world.add_secret("intake-secret", intake, "Client", "intake");
  }
  // The clients `intake`, by reference, and `robot`, whose secret is hashed.
  void make_clients() {
    ASSERT_EQ(
        world.root().put("/fhir/Client/intake", samples::client_with_reference("intake", "intake-secret")).status(),
        201);
    ASSERT_EQ(world.root().put("/fhir/Client/robot", samples::client_with_inline_secret("robot", robot)).status(), 201);
    for (const char* id : {"intake", "robot"}) {
      ASSERT_EQ(world.root().put("/fhir/AccessPolicy/allow-" + std::string(id), samples::allow_policy(id)).status(),
                201);
    }
  }
  // 404 for a right one: it may look, and there is no such patient.
  int login(const std::string& id, const std::string& secret, const std::string& from = {},
            HttpHeaders headers = {}) const {
    HttpConnection connection(world_port(), 30s, "127.0.0.1", from);
    headers.emplace_back("Authorization", basic(id, secret));
    return connection.request("GET", "/fhir/Patient/none", headers).status;
  }
  [[nodiscard]] std::uint16_t world_port() const { return port; }
  void start() {
    ASSERT_TRUE(world.start());
    port = world.gateway().port();
  }
  // The statuses of that many wrong logins, each on a connection and a thread of its own, all at once.
  std::map<int, int> burst(int count, const std::string& id, const std::function<std::string(int)>& from) {
    std::vector<std::future<int>> answers;
    for (int i = 0; i < count; ++i) {
      answers.push_back(std::async(std::launch::async, [this, id, i, address = from(i)] {
        return login(id.empty() ? "nobody-" + std::to_string(i) : id, "guess-" + std::to_string(i), address);
      }));
    }
    std::map<int, int> statuses;
    for (auto& answer : answers) ++statuses[answer.get()];
    return statuses;
  }
  static double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  static std::function<std::string(int)> always(const std::string& address) {
    return [address](int) { return address; };
  }

  const std::string intake = world.canary("intake");
  const std::string robot = world.canary("robot");
  std::uint16_t port = 0;
};

TEST_F(Starvation, WrongPasswordsOfItsAddressDoNotLockOutACallerThatWasLetInLately) {
  start();
  make_clients();
  for (const auto& [id, secret] : {std::pair{"intake", intake}, std::pair{"robot", robot}}) {
    ASSERT_EQ(login(id, secret), 404);
    std::map<int, int> answers;
    for (int i = 0; i < 30; ++i) {
      ++answers[login(id, "guess-" + std::to_string(i))];
      ASSERT_EQ(login(id, secret), 404) << id << ", after " << i + 1 << " guesses of its neighbour";
    }
    EXPECT_EQ(answers[401] + answers[429], 30);
    EXPECT_LE(answers[401], 12) << id << ": the right one in between gives the guesser nothing";
  }
  ASSERT_EQ(world.root().get("/fhir/Client/robot").status(), 200) << "nor the root client";
}

TEST_F(Starvation, ABurstHasNoMoreGuessesThanAQueueOfThem) {
  start();
  make_clients();
  for (const char* id : {"intake", "robot", "root", "nobody"}) {
    const std::string address = std::string("127.0.1.") + std::to_string(id[0]);
    const auto begin = std::chrono::steady_clock::now();
    const auto answers = burst(100, id, always(address));
    // What drains while the burst lasts makes room for more.
    const int most = 10 + static_cast<int>(seconds_since(begin) * 10 / 60);
    EXPECT_LE(answers.count(401) != 0 ? answers.at(401) : 0, most) << id;
    EXPECT_GE(answers.count(429) != 0 ? answers.at(429) : 0, 100 - most) << id;
  }
}

TEST_F(Starvation, ManyAddressesHaveNotManyTimesTheGuessesAtOneSecret) {
  start();
  make_clients();
  for (const char* id : {"intake", "nobody"}) {
    const auto begin = std::chrono::steady_clock::now();
    const auto answers = burst(500, id, [](int i) { return "127.0.2." + std::to_string(1 + i % 50); });
    // 20 of the first addresses, one of each that has no failure of its own yet, and what drains meanwhile: of the
    // client, and of each address, which has none of its own again after six seconds.
    const double seconds = seconds_since(begin);
    const int most = 20 + 50 + static_cast<int>(seconds * 20 / 60) + 50 * static_cast<int>(seconds / 6);
    EXPECT_LE(answers.count(401) != 0 ? answers.at(401) : 0, most) << id;
  }
  EXPECT_EQ(login("intake", intake, "127.0.3.1"), 404) << "the client itself comes in from an address of its own";
}

TEST_F(Starvation, ManyRightLoginsAtOnceAreNotTakenForGuesses) {
  start();
  make_clients();
  for (const auto& [id, secret] : {std::pair{"intake", intake}, std::pair{"robot", robot}}) {
    std::vector<std::future<int>> answers;
    for (int i = 0; i < 60; ++i)
      answers.push_back(std::async(std::launch::async, [this, id = id, secret = secret] { return login(id, secret); }));
    for (auto& answer : answers) EXPECT_EQ(answer.get(), 404) << id;
  }
}

TEST_F(Starvation, TheLineForHashesIsSharedFairlyByAddress) {
  start();
  make_clients();
  std::atomic<bool> stop = false;
  std::vector<std::thread> attackers;
  std::atomic<int> attempts = 0;
  for (int i = 0; i < 24; ++i) {
    attackers.emplace_back([&, i] {
      for (int n = 0; !stop; ++n) {
        login("nobody-" + std::to_string(i * 10'000 + n), "guess", "127.0.4." + std::to_string(1 + i % 3));
        ++attempts;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return attempts >= 24; }, 30s));
  // Of addresses that were never seen, so that each waits for a hash of its own the first time.
  for (int i = 1; i <= 20; ++i) {
    const std::string from = "127.0.5." + std::to_string(i);
    EXPECT_EQ(login("robot", robot, from), 404) << from;
    EXPECT_EQ(login("intake", intake, from), 404) << from;
  }
  stop = true;
  for (std::thread& attacker : attackers) attacker.join();
}

TEST_F(Starvation, ATrustedProxySaysWhoIsBehindIt) {
  world.gateway().set("BOX_WEB_TRUSTED_PROXIES", "127.0.0.0/30, fd00::/8");
  start();
  make_clients();
  const std::string proxy = "127.0.0.2";
  const auto behind = [&](const std::string& secret, const std::string& address) {
    return login("intake", secret, proxy, {{"X-Forwarded-For", "198.51.100.1, " + address}});
  };
  for (int i = 0; i < 20; ++i) behind("guess-" + std::to_string(i), "203.0.113.9");
  EXPECT_EQ(behind(intake, "203.0.113.9"), 429);
  EXPECT_EQ(behind(intake, "203.0.113.10"), 404) << "another caller behind the same proxy";
  EXPECT_EQ(login("intake", intake, proxy, {{"Forwarded", "for=\"[2001:db8::1]:1\""}}), 404);
  for (int i = 0; i < 20; ++i) {
    login("robot", "guess-" + std::to_string(i), proxy,
          {{"Forwarded", "for=\"[2001:db8::" + std::to_string(i + 1) + "]\""}});
  }
  EXPECT_EQ(login("robot", robot, proxy, {{"Forwarded", "for=\"[2001:db8::ffff]\""}}), 429)
      << "an IPv6 caller is counted by its network";
  // A peer that is not trusted says nothing.
  for (int i = 0; i < 20; ++i) {
    login("intake", "guess-" + std::to_string(i), "127.0.9.9",
          {{"X-Forwarded-For", "203.0.113." + std::to_string(50 + i)}});
  }
  EXPECT_EQ(login("intake", intake, "127.0.9.9", {{"X-Forwarded-For", "203.0.113.99"}}), 429);
}

TEST_F(Starvation, IdleConnectionsLeaveDescriptorsForSecretsDatabaseAndKafka) {
  KafkaLane lane = world.add_lane();
  world.gateway().limit_open_files(256);
  start();
  make_clients();
  ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  ASSERT_EQ(login("intake", intake), 404);
  std::vector<std::unique_ptr<HttpConnection>> idle;
  for (int i = 0; i < 1'023; ++i) {
    idle.push_back(std::make_unique<HttpConnection>(port, 20s));
    // Some say nothing, some begin a request that never ends.
    if (i % 2 == 0) idle.back()->send("GET /fhir/Patient/p HTTP/1.1\r\nHost: x\r\n");
  }
  // Each of these opens files: a rotated secret, a login that nobody has seen, a write, and a connection to Kafka.
  const std::string rotated = world.canary("rotated");
  world.write_secret("intake-secret", rotated);
  EXPECT_EQ(login("intake", rotated), 404) << "a valid login";
  EXPECT_EQ(login("robot", robot), 404);
  EXPECT_EQ(world.root().put("/fhir/Patient/p1", samples::patient("p1", "Doe")).status(), 201);
  EXPECT_TRUE(world.drained("events", 1));
  world.set_broker_password(lane, world.password("second"));
  world.set_file_password(lane, lane.password);
  EXPECT_TRUE(eventually([&] { return world.secret_part("events", "generation") == 2; }, 30s));
  EXPECT_EQ(world.gateway().output().find("Too many open files"), std::string::npos);
}

TEST_F(Starvation, AnIdleConnectionGivesWayToANewOne) {
  world.gateway().set("BOX_WEB_LIMIT_CONNECTIONS", "20");
  world.gateway().set("BOX_WEB_LIMIT_CONNECTIONS_PER_ADDRESS", "20");
  start();
  make_clients();
  HttpConnection first(port, 20s);
  ASSERT_EQ(first.request("GET", "/health").status, 200);
  std::vector<std::unique_ptr<HttpConnection>> others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(std::make_unique<HttpConnection>(port, 20s));
    ASSERT_EQ(others.back()->request("GET", "/health").status, 200) << i;
  }
  EXPECT_TRUE(first.closed_by_peer()) << "it has waited longest";
  EXPECT_EQ(others.back()->request("GET", "/health").status, 200);
}

}  // namespace
}  // namespace embergate::test
