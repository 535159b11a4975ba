// SPDX-License-Identifier: Apache-2.0
// What happens around a login that the broker refuses: which of file and broker comes first, connections that are cut,
// accounts that would be locked. The listener asks for a new login every two seconds, so a changed password shows soon.
#include <gmock/gmock.h>

#include <algorithm>
#include <mutex>

#include "embergate/observability/log.hpp"
#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using kafka::SaslMechanism;
using Kind = kafka::ProducerPool::Event::Kind;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

kafka::ConnectionSettings relogin(SaslMechanism mechanism) {
  auto settings = PoolBench::sasl(mechanism);
  settings.bootstrap_servers = KafkaEnvironment::get().reauth;
  return settings;
}

struct Scram {
  KafkaAdmin admin;
  std::string topic = admin.create_topic("refusal");
  std::string user = KafkaAdmin::random_name("user");
  PoolBench bench;
  EventRecorder events;
  std::unique_ptr<kafka::Producer> producer;

  explicit Scram(const kafka::ConnectionSettings& settings,
                 const vault::SecretCache::Options& secrets = PoolBench::quick_secrets())
      : bench(secrets) {
    admin.set_scram_password(user, "first");
    bench.write_secret(PoolBench::scram_line(user, "first"));
    producer = bench.acquire(settings, topic, &events);
    EXPECT_TRUE(eventually([&] { return events.count(Kind::kReady) >= 1; })) << producer->status().last_error;
  }
  void rotate_broker(const std::string& password) { admin.set_scram_password(user, password); }
  void rotate_file(const std::string& password) const { bench.write_secret(PoolBench::scram_line(user, password)); }
  [[nodiscard]] bool reaches_generation(std::uint64_t generation) const {
    return eventually([&] { return producer->status().credential_generation == generation; }, 20s);
  }
};

bool goes_on(const RelayedFlow& relaying, int more = 300) {
  const int before = relaying.delivered();
  return eventually([&] { return relaying.delivered() >= before + more; }, 30s);
}

void expect_whole_and_in_order(const std::string& topic, int delivered) {
  const Arrival arrival = arrival_of(topic, delivered);
  EXPECT_EQ(arrival.missing, 0);
  EXPECT_EQ(arrival.reordered, 0);
  EXPECT_EQ(arrival.doubled, 0);
}

TEST(KafkaRefusal, RM18_TheFileFirstKeepsTheOldConnectionAndKnocksRarely) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("file-first");
  const std::string user = KafkaAdmin::random_name("plain");
  KafkaEnvironment::get().set_plain_password(user, "first");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "first"));
  auto producer = bench.acquire(PoolBench::sasl(SaslMechanism::kPlain), topic);
  ASSERT_TRUE(delivered(*producer, {{"warm", "0"}}));
  const std::string flow = admin.create_topic("file-first-flow");
  auto flowing = bench.acquire(PoolBench::sasl(SaslMechanism::kPlain), flow, nullptr, "flow");
  RelayedFlow relaying(*flowing);
  bench.write_secret(PoolBench::plain_line(user, "second"));
  // The broker follows five seconds later.
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - begin > 5s; }, 10s));
  EXPECT_LE(KafkaEnvironment::get().plain_logins(user, "refused"), 5);
  EXPECT_GE(KafkaEnvironment::get().plain_logins(user, "refused"), 1);
  EXPECT_EQ(producer->status().credential_generation, 1U);
  KafkaEnvironment::get().set_plain_password(user, "second");
  EXPECT_TRUE(eventually([&] { return producer->status().credential_generation == 2; }, 15s));
  EXPECT_TRUE(goes_on(relaying));
  relaying.stop();
  EXPECT_LT(relaying.longest_gap(), 2s);
  expect_whole_and_in_order(flow, relaying.delivered());
}

TEST(KafkaRefusal, RM19_ARevokedPasswordIsFollowedAtOnceWithoutWaitingForTheNextLookAtTheFile) {
  Scram scram(relogin(SaslMechanism::kScramSha512), PoolBench::secrets_read_on_demand());
  RelayedFlow relaying(*scram.producer);
  ASSERT_TRUE(goes_on(relaying));
  scram.rotate_file("second");
  scram.rotate_broker("second");
  ASSERT_TRUE(scram.reaches_generation(2)) << scram.producer->status().last_error;
  EXPECT_TRUE(goes_on(relaying));
  relaying.stop();
  EXPECT_LT(relaying.longest_gap(), 3s);
  expect_whole_and_in_order(scram.topic, relaying.delivered());
}

TEST(KafkaRefusal, NeverKnocksWithAPasswordThatIsKnownToBeWrongMoreOftenThanTheScheduleSays) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("lock");
  const std::string user = KafkaAdmin::random_name("plain");
  KafkaEnvironment::get().set_plain_password(user, "first");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "first"));
  EventRecorder events;
  auto producer = bench.acquire(relogin(SaslMechanism::kPlain), topic, &events);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  KafkaEnvironment::get().set_plain_password(user, "second");
  ASSERT_TRUE(eventually([&] { return KafkaEnvironment::get().plain_logins(user, "refused") >= 1; }));
  auto waiting = send(*producer, {{"k", "1"}});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - begin > 8s; }, 10s));
  // The connection that was cut, one more that was on its way, then after 1, 3 and 7 s.
  EXPECT_LE(KafkaEnvironment::get().plain_logins(user, "refused"), 6);
  bench.write_secret(PoolBench::plain_line(user, "second"));
  EXPECT_TRUE(report_of(std::move(waiting)).failures.empty());
  EXPECT_EQ(producer->status().credential_generation, 2U);
}

TEST(KafkaRefusal, FollowsTheBrokerThatComesBackToTheOldPasswordWithoutAChangeOfTheFile) {
  Scram scram(relogin(SaslMechanism::kScramSha512));
  RelayedFlow relaying(*scram.producer);
  ASSERT_TRUE(goes_on(relaying));
  scram.rotate_broker("mistaken");
  ASSERT_TRUE(
      eventually([&] { return scram.producer->status().last_error.find("AUTHENTICATION") != std::string::npos; }));
  scram.rotate_broker("first");
  EXPECT_TRUE(goes_on(relaying));
  relaying.stop();
  expect_whole_and_in_order(scram.topic, relaying.delivered());
}

// Seen under load: a renewal with the right old password was refused beside a wrong newer file, and from then on only
// the newer one was tried.
TEST(KafkaRefusal, OfARenewalBesideAWrongNewerFileTakesTheOldPasswordBack) {
  Scram scram(relogin(SaslMechanism::kScramSha512));
  RelayedFlow relaying(*scram.producer);
  ASSERT_TRUE(goes_on(relaying));
  scram.rotate_file("second");
  ASSERT_TRUE(eventually([&] { return scram.events.count(Kind::kCredentialRefused) >= 1; }));
  ASSERT_TRUE(scram.producer->status().refusal);
  const auto since = scram.producer->status().refusal->since;
  scram.rotate_broker("mistaken");
  ASSERT_TRUE(eventually([&] { return !scram.producer->status().connected; }));
  scram.rotate_broker("first");
  ASSERT_TRUE(goes_on(relaying));
  EXPECT_TRUE(eventually([&] { return scram.producer->status().connected; }));
  const auto status = scram.producer->status();
  EXPECT_EQ(status.credential_generation, 1U);
  ASSERT_TRUE(status.refusal) << "the file's password is still refused";
  EXPECT_EQ(status.refusal->since, since);
  EXPECT_THAT(status.refusal->secrets, ::testing::ElementsAre(PoolBench::kSecret));
  EXPECT_EQ(scram.bench.secrets().report(vault::SecretName(PoolBench::kSecret)).state, vault::State::kRefused);
  scram.rotate_broker("second");
  ASSERT_TRUE(scram.reaches_generation(2)) << scram.producer->status().last_error;
  EXPECT_FALSE(scram.producer->status().refusal);
  EXPECT_EQ(scram.bench.secrets().report(vault::SecretName(PoolBench::kSecret)).state, vault::State::kOk);
  ASSERT_TRUE(goes_on(relaying));
  relaying.stop();
  expect_whole_and_in_order(scram.topic, relaying.delivered());
}

class CapturedLog {
 public:
  CapturedLog() {
    observability::log::capture([this](std::string_view line) {
      std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  ~CapturedLog() { observability::log::capture(nullptr); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  [[nodiscard]] int lines_with(const std::string& part) {
    std::lock_guard lock(mutex_);
    return static_cast<int>(
        std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) { return line.find(part) != line.npos; }));
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// It was `ok` everywhere, and the next start had no login.
TEST(KafkaRefusal, AValueThatDoesNotFitTheMechanismIsReportedWhileTheOneBeforeItWorksOn) {
  CapturedLog log;
  Scram scram(PoolBench::sasl(SaslMechanism::kScramSha512));
  ASSERT_TRUE(delivered(*scram.producer, {{"k", "0"}}));
  scram.bench.write_secret(PoolBench::plain_line(scram.user, "first"));
  ASSERT_TRUE(eventually([&] { return scram.producer->status().refusal.has_value(); }));
  const auto refusal = *scram.producer->status().refusal;
  EXPECT_EQ(refusal.reason, "login-unusable");
  EXPECT_THAT(refusal.detail, HasSubstr("does not fit saslMechanism SCRAM-SHA-512"));
  EXPECT_THAT(refusal.secrets, ::testing::ElementsAre(PoolBench::kSecret));
  const auto report = scram.bench.secrets().report(vault::SecretName(PoolBench::kSecret));
  EXPECT_EQ(report.state, vault::State::kRefused);
  EXPECT_EQ(report.reason, "login-unusable");
  EXPECT_EQ(report.since, refusal.since);
  EXPECT_EQ(report.detail, refusal.detail);
  ASSERT_TRUE(eventually([&] { return scram.events.count(Kind::kCredentialRefused) >= 3; }, 20s));
  EXPECT_TRUE(delivered(*scram.producer, {{"k", "1"}}));
  EXPECT_EQ(scram.producer->status().credential_generation, 1U);
  EXPECT_EQ(scram.producer->status().refusal->since, refusal.since);
  EXPECT_EQ(log.lines_with("topic-destination/secret-refused"), 1) << "once for each value";
  scram.rotate_file("first");
  EXPECT_TRUE(eventually([&] { return !scram.producer->status().refusal; }));
  EXPECT_EQ(scram.bench.secrets().report(vault::SecretName(PoolBench::kSecret)).state, vault::State::kOk);
}

TEST(KafkaRefusal, AGivenUpClientComesBackWithTheOldPasswordBesideAWrongNewerFile) {
  Scram scram(relogin(SaslMechanism::kScramSha512));
  scram.producer.reset();
  auto options = PoolBench::quick_options();
  options.refused_limit = 1s;
  scram.bench.make_pool(options);
  scram.producer = scram.bench.acquire(relogin(SaslMechanism::kScramSha512), scram.topic, &scram.events);
  RelayedFlow relaying(*scram.producer);
  ASSERT_TRUE(goes_on(relaying));
  scram.rotate_file("second");
  ASSERT_TRUE(eventually([&] { return scram.events.count(Kind::kCredentialRefused) >= 1; }));
  scram.rotate_broker("mistaken");
  ASSERT_TRUE(eventually([&] { return relaying.failed() > 0; }, 20s)) << "given up";
  scram.rotate_broker("first");
  ASSERT_TRUE(goes_on(relaying));
  relaying.stop();
  expect_whole_and_in_order(scram.topic, relaying.delivered());
}

TEST(KafkaRefusal, APasswordThatANewerOneReplacedIsNeverUsedAgain) {
  KafkaAdmin admin;
  const std::string user = KafkaAdmin::random_name("plain");
  KafkaEnvironment::get().set_plain_password(user, "first");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "first"));
  auto producer = bench.acquire(relogin(SaslMechanism::kPlain), admin.create_topic("replaced"));
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  KafkaEnvironment::get().set_plain_password(user, "second");
  bench.write_secret(PoolBench::plain_line(user, "second"));
  ASSERT_TRUE(eventually([&] { return producer->status().credential_generation == 2; }, 20s));
  bench.write_secret(PoolBench::plain_line(user, "third"));
  ASSERT_TRUE(eventually([&] { return producer->status().refusal.has_value(); }));
  KafkaEnvironment::get().set_plain_password(user, "first");
  ASSERT_TRUE(eventually([&] { return !producer->status().connected; }));
  const int accepted = KafkaEnvironment::get().plain_logins(user, "accepted");
  EXPECT_FALSE(eventually([&] { return KafkaEnvironment::get().plain_logins(user, "accepted") > accepted; }, 8s));
  KafkaEnvironment::get().set_plain_password(user, "second");
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
}

TEST(KafkaRefusal, RM03_InPlaceRotationsUnderReauthenticationLoseDoubleAndReorderNothing) {
  Scram scram(relogin(SaslMechanism::kScramSha512));
  SteadyFlow load(*scram.producer);
  for (int generation = 2; generation <= 4; ++generation) {
    const int before = load.sent();
    ASSERT_TRUE(eventually([&] { return load.reached(before + 1'000); }));
    const std::string password = "password-" + std::to_string(generation);
    scram.rotate_broker(password);
    scram.rotate_file(password);
    ASSERT_TRUE(scram.reaches_generation(static_cast<std::uint64_t>(generation)))
        << scram.producer->status().last_error;
  }
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 3'000); })) << "longer than a session";
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(scram.topic, load.sent());
}

TEST(KafkaRefusal, OfAUserWhoIsGoneHandsEverythingToTheClientOfTheNextUser) {
  Scram scram(relogin(SaslMechanism::kScramSha512));
  const std::string other = KafkaAdmin::random_name("other");
  scram.admin.set_scram_password(other, "its own");
  RelayedFlow relaying(*scram.producer);
  ASSERT_TRUE(goes_on(relaying));
  scram.rotate_broker("nobody knows");
  ASSERT_TRUE(
      eventually([&] { return scram.producer->status().last_error.find("AUTHENTICATION") != std::string::npos; }));
  scram.bench.write_secret(PoolBench::scram_line(other, "its own"));
  ASSERT_TRUE(scram.reaches_generation(2)) << scram.producer->status().last_error;
  EXPECT_TRUE(goes_on(relaying));
  relaying.stop();
  const Arrival arrival = arrival_of(scram.topic, relaying.delivered());
  EXPECT_EQ(arrival.missing, 0);
  EXPECT_EQ(arrival.reordered, 0);
  EXPECT_LE(arrival.doubled, 40) << "what was on the wire at most had lost its acknowledgements";
}

// The listener is reached as localhost, and calls itself 127.0.0.1.
TEST(KafkaRefusal, AL03_ABrokerThatOnlyTheClusterNamesIsNotShownAPinnedSecret) {
  KafkaAdmin admin;
  const std::string user = KafkaAdmin::random_name("pinned");
  KafkaEnvironment::get().set_plain_password(user, "right");
  PoolBench bench;
  bench.write_file("pinned-jaas", PoolBench::plain_line(user, "right"));
  auto settings = PoolBench::sasl(SaslMechanism::kPlain);
  settings.sasl_jaas_config = vault::SecretName("pinned-jaas");
  settings.bootstrap_servers = PoolBench::pinned_server();
  const std::string topic = admin.create_topic("pinned");
  auto producer = bench.acquire(settings, topic);
  auto waiting = send(*producer, {{"k", "0"}});
  ASSERT_TRUE(
      eventually([&] { return producer->status().last_error.find("does not allow") != std::string::npos; }, 20s))
      << producer->status().last_error;
  EXPECT_THAT(producer->status().last_error, HasSubstr("127.0.0.1"));
  producer->purge();
  report_of(std::move(waiting));
  EXPECT_TRUE(consume_all(topic, 1, 1s).empty());
}

TEST(KafkaRefusal, AL07_NamesNoPasswordInItsTexts) {
  KafkaAdmin admin;
  const std::string user = KafkaAdmin::random_name("plain");
  KafkaEnvironment::get().set_plain_password(user, "right");
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line(user, "canary-of-a-password"));
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::sasl(SaslMechanism::kPlain), admin.create_topic("leak"), &events);
  ASSERT_TRUE(eventually([&] { return events.count(Kind::kCredentialRefused) >= 1; }));
  EXPECT_THAT(producer->status().last_error, Not(HasSubstr("canary")));
  EXPECT_THAT(events.last(Kind::kCredentialRefused), Not(HasSubstr("canary")));
  EXPECT_THAT(producer->status().last_error, HasSubstr(PoolBench::kSecret));
}

}  // namespace
}  // namespace embergate::test
