// SPDX-License-Identifier: Apache-2.0
// A right to the secrets that goes while records are on their way with them (R-01, R-49): of destinations that are
// gone, in the middle of a replacement, in the middle of a login. A quota of the broker keeps records on their way for
// some ten seconds; what comes back much sooner was called back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "integration/kafka/pool_bench.hpp"
#include "kafka/connect_guard.hpp"
#include "support/eventually.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using kafka::SaslMechanism;
using ::testing::HasSubstr;

constexpr auto kSoon = 6s;  // the quota holds answers back for longer
constexpr const char* kNoOne = "AidboxTopicDestination/no-one";

class KafkaLostRight : public ::testing::Test {
 protected:
  KafkaLostRight() {
    KafkaEnvironment::get().set_plain_password(user_, "password");
    bench_.write_secret(PoolBench::plain_line(user_, "password"));
  }
  std::unique_ptr<kafka::Producer> acquire(const std::string& id) {
    return bench_.acquire(PoolBench::sasl(SaslMechanism::kPlain), topic_, nullptr, id);
  }
  void scope(const std::string& to, const std::string& more = "") const {
    bench_.write_config(bench_.config_entry(PoolBench::kSecret, to, more));
  }
  // From now on the broker holds back what the user sends, for as long as a quota can, or for a few seconds.
  void hold_back(kafka::Producer& producer, const std::string& quota = "1000") const {
    KafkaEnvironment::get().run("quota " + user_ + " " + quota);
    ASSERT_TRUE(delivered(producer, {{"k", std::string(30'000, 'x')}}));
  }
  static std::vector<Outgoing> some(int count) {
    std::vector<Outgoing> records;
    for (int i = 0; i < count; ++i) records.push_back({"k", std::to_string(i)});
    return records;
  }
  // The client at work waits for its records, and another one for its turn; the records.
  std::future<kafka::BatchReport> begin_replacement(kafka::Producer& producer) const {
    const std::string next = KafkaAdmin::random_name("next");
    KafkaEnvironment::get().set_plain_password(next, "password");
    auto pending = send(producer, some(5));
    bench_.write_secret(PoolBench::plain_line(next, "password"));
    EXPECT_TRUE(eventually([&] { return KafkaEnvironment::get().plain_logins(next, "accepted") > 0; }));
    return pending;
  }

  KafkaAdmin admin_;
  const std::string topic_ = admin_.create_topic("right", 1);
  const std::string user_ = KafkaAdmin::random_name("right");
  PoolBench bench_;
};

TEST_F(KafkaLostRight, OfTheLastDestinationGivesBackWhatItsClientHoldsThoughItIsGone) {
  auto producer = acquire("gone");
  ASSERT_NO_FATAL_FAILURE(hold_back(*producer));
  auto pending = send(*producer, some(5));
  producer.reset();
  scope(kNoOne);
  EXPECT_EQ(report_of(std::move(pending), kSoon).failures.size(), 5U);
}

TEST_F(KafkaLostRight, OfADestinationThatIsGoneGivesBackWhatWaitsBehindThatOfOthers) {
  constexpr int kRecords = 200;
  auto options = PoolBench::quick_options();
  options.queue_messages = 10;
  bench_.make_pool(options);
  const auto stays = acquire("stays");
  auto gone = acquire("gone");
  ASSERT_EQ(bench_.pool().identities(), 1U);
  ASSERT_NO_FATAL_FAILURE(hold_back(*stays, "2000"));
  auto pending = send(*gone, some(kRecords));
  gone.reset();
  scope("AidboxTopicDestination/stays");
  const auto report = report_of(std::move(pending), 60s);
  ASSERT_GT(report.failures.size(), static_cast<std::size_t>(kRecords) / 2);
  EXPECT_THAT(report.failures.back().reason, HasSubstr("its scope does not allow AidboxTopicDestination/gone"));
  EXPECT_TRUE(delivered(*stays, {{"k", "still"}}));
}

TEST_F(KafkaLostRight, EndsAReplacementThatIsUnderWay) {
  const auto producer = acquire("events");
  ASSERT_NO_FATAL_FAILURE(hold_back(*producer));
  auto pending = begin_replacement(*producer);
  scope(kNoOne);
  EXPECT_EQ(report_of(std::move(pending), kSoon).failures.size(), 5U);
  EXPECT_TRUE(eventually([] { return kafka::ConnectGuard::alive() == 0; }, kSoon));
  EXPECT_THAT(producer->status().last_error, HasSubstr("its scope does not allow AidboxTopicDestination/events"));
  scope("AidboxTopicDestination");
  EXPECT_TRUE(delivered(*producer, {{"k", "again"}}));
}

TEST_F(KafkaLostRight, ToTheBrokersEndsAReplacementThatIsUnderWay) {
  const auto producer = acquire("events");
  ASSERT_NO_FATAL_FAILURE(hold_back(*producer));
  auto pending = begin_replacement(*producer);
  scope("AidboxTopicDestination", R"(,"allow":{"bootstrapServers":["other.example:9093"]})");
  EXPECT_EQ(report_of(std::move(pending), kSoon).failures.size(), 5U);
  scope("AidboxTopicDestination");
  EXPECT_TRUE(delivered(*producer, {{"k", "again"}}));
}

TEST_F(KafkaLostRight, EndsALoginThatIsUnderWay) {
  const ScriptedPeer silent([](const std::string&) { return std::string(ScriptedPeer::kSilence); });
  auto options = PoolBench::quick_options();
  options.probe_timeout = 60s;
  bench_.make_pool(options);
  auto settings = PoolBench::sasl(SaslMechanism::kPlain);
  settings.bootstrap_servers = "127.0.0.1:" + std::to_string(silent.port());
  const auto producer = bench_.acquire(settings, topic_);
  ASSERT_TRUE(eventually([&] { return silent.connections() > 0 && kafka::ConnectGuard::alive() == 1; }));
  scope(kNoOne);
  EXPECT_TRUE(eventually([] { return kafka::ConnectGuard::alive() == 0; }, kSoon));
  EXPECT_EQ(producer->status().fault, core::Fault::kSecretScope);
}

}  // namespace
}  // namespace embergate::test
