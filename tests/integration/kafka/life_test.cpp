// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using Kind = kafka::ProducerPool::Event::Kind;
using namespace std::chrono_literals;

std::vector<Outgoing> numbered(int count, std::size_t size = 0) {
  std::vector<Outgoing> records;
  for (int i = 0; i < count; ++i) records.push_back({std::to_string(i), std::to_string(i) + std::string(size, 'x')});
  return records;
}

// Where nothing listens.
kafka::ConnectionSettings nowhere() {
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = "127.0.0.1:9";
  return settings;
}

TEST(KafkaLife, CarriesFiftyThousandRecordsOfAKilobyteFromOneDestination) {
  constexpr int kBatches = 5;
  constexpr int kBatch = 10'000;
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("many");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  ASSERT_TRUE(delivered(*producer, {{"warm", "up"}}));
  const auto batch = make_batch(numbered(kBatch, 1'000));
  std::vector<std::future<kafka::BatchReport>> pending;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kBatches; ++i) {
    auto promise = std::make_shared<std::promise<kafka::BatchReport>>();
    pending.push_back(promise->get_future());
    producer->send(batch, [promise](kafka::BatchReport report) { promise->set_value(std::move(report)); });
  }
  for (auto& one : pending) EXPECT_TRUE(report_of(std::move(one), 60s).failures.empty());
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  RecordProperty("records_per_second", static_cast<int>(kBatches * kBatch / took));
  EXPECT_EQ(consume_all(topic, kBatches * kBatch + 1, 60s).size(), kBatches * kBatch + 1U);
}

TEST(KafkaLife, HoldsRecordsWhileTheBrokerIsAwayAndDeliversThemWhenItIsBack) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("away");
  PoolBench bench;
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::plaintext(), topic, &events);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  KafkaEnvironment::get().run("kill");
  EXPECT_TRUE(eventually([&] { return !producer->status().connected; }));
  auto waiting = send(*producer, {{"k", "1"}, {"k", "2"}});
  EXPECT_EQ(waiting.wait_for(500ms), std::future_status::timeout);

  KafkaEnvironment::get().run("start");

  EXPECT_TRUE(report_of(std::move(waiting)).failures.empty());
  EXPECT_TRUE(eventually([&] { return producer->status().connected; }));
  EXPECT_GE(events.count(Kind::kError), 1);
  const auto consumed = consume_all(topic, 3);
  ASSERT_EQ(consumed.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(consumed[static_cast<std::size_t>(i)].value, std::to_string(i));
}

TEST(KafkaLife, AnnouncesAConnectionThatComesBackWithoutTraffic) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("idle");
  PoolBench bench;
  EventRecorder events;
  auto producer = bench.acquire(PoolBench::plaintext(), topic, &events);
  ASSERT_TRUE(eventually([&] { return events.count(Kind::kReady) == 1; }));
  KafkaEnvironment::get().run("kill");
  KafkaEnvironment::get().run("start");
  EXPECT_TRUE(eventually([&] { return events.count(Kind::kReady) >= 2; }, 40s));
  EXPECT_TRUE(producer->status().connected);
}

TEST(KafkaLife, PurgeGivesEveryWaitingRecordBackAndTheProducerGoesOn) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("purge");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  KafkaEnvironment::get().run("kill");
  auto waiting = send(*producer, numbered(500));

  producer->purge();

  const auto report = report_of(std::move(waiting));
  EXPECT_EQ(report.failures.size(), 500U);
  for (const auto& failure : report.failures) EXPECT_EQ(failure.scope, kafka::FailureScope::kConnection);
  KafkaEnvironment::get().run("start");
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
  EXPECT_EQ(consume_all(topic, 2).size(), 2U);
}

TEST(KafkaLife, PurgeUnderLoadSettlesEachRecordOnceAndWhatIsReportedDeliveredIsThere) {
  constexpr int kBatch = 5'000;
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("purge-load", 1);
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  ASSERT_TRUE(delivered(*producer, {{"warm", "up"}}));
  auto first = send(*producer, numbered(kBatch, 500));
  producer->purge();
  const auto report = report_of(std::move(first));
  std::set<std::string> must_be_there;
  std::set<std::size_t> failed;
  for (const auto& failure : report.failures) failed.insert(failure.index);
  EXPECT_EQ(failed.size(), report.failures.size());
  for (std::size_t i = 0; i < kBatch; ++i) {
    if (!failed.contains(i)) must_be_there.insert(std::to_string(i));
  }
  ASSERT_TRUE(delivered(*producer, {{"last", "one"}}));
  for (const auto& record : consume_all(topic, must_be_there.size() + 2)) must_be_there.erase(*record.key);
  EXPECT_TRUE(must_be_there.empty());
}

TEST(KafkaLife, ShutdownReportsEveryRecordThatCouldNotGo) {
  PoolBench bench;
  auto producer = bench.acquire(nowhere(), "nowhere");
  ASSERT_TRUE(eventually([&] { return !producer->status().last_error.empty(); }));  // the client is there and knocks
  std::vector<std::future<kafka::BatchReport>> pending;
  for (int i = 0; i < 4; ++i) pending.push_back(send(*producer, numbered(1'000)));

  const auto begin = std::chrono::steady_clock::now();
  bench.pool().shutdown(2s);

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  for (auto& one : pending) EXPECT_EQ(report_of(std::move(one), 1s).failures.size(), 1'000U);
  EXPECT_EQ(report_of(send(*producer, numbered(3)), 1s).failures.size(), 3U);
  EXPECT_EQ(bench.pool().identities(), 0U);
}

TEST(KafkaLife, ShutdownDeliversWhatIsOnItsWay) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("shutdown");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  ASSERT_TRUE(delivered(*producer, numbered(100)));  // every partition has taken one
  auto pending = send(*producer, numbered(2'000, 200));
  bench.pool().shutdown(10s);
  EXPECT_TRUE(report_of(std::move(pending), 1s).failures.empty());
  EXPECT_EQ(consume_all(topic, 2'100).size(), 2'100U);
}

TEST(KafkaLife, RecordsOfADestinationThatIsGoneStillReport) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("gone");
  PoolBench bench;
  auto producer = bench.acquire(PoolBench::plaintext(), topic);
  auto pending = send(*producer, numbered(100));
  producer.reset();
  EXPECT_TRUE(report_of(std::move(pending)).failures.empty());
  EXPECT_TRUE(eventually([&] { return bench.pool().identities() == 0; }));
}

TEST(KafkaLife, ADestinationThatComesBackFindsItsConnectionAgain) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("back");
  PoolBench bench;
  auto first = bench.acquire(nowhere(), topic, nullptr, "first");
  auto pending = send(*first, numbered(10));  // keeps the identity busy
  first.reset();
  auto second = bench.acquire(nowhere(), topic, nullptr, "second");
  EXPECT_EQ(bench.pool().identities(), 1U);
  second->purge();
  EXPECT_EQ(report_of(std::move(pending)).failures.size(), 10U);
}

TEST(KafkaLife, CallsNoListenerOfADestinationThatIsGone) {
  PoolBench bench;
  auto alive = std::make_shared<std::atomic<bool>>(true);
  auto late = std::make_shared<std::atomic<int>>(0);
  kafka::TopicSettings to;
  to.topic = "nowhere";
  for (int i = 0; i < 20; ++i) {
    alive->store(true);
    auto producer = bench.pool().acquire(nowhere(), to, vault::Requester{"AidboxTopicDestination", "events", ""},
                                         [alive, late](const kafka::ProducerPool::Event&) {
                                           if (!alive->load()) ++*late;
                                         });
    producer.reset();
    alive->store(false);
  }
  bench.pool().shutdown(2s);
  EXPECT_EQ(late->load(), 0);
}

TEST(KafkaLife, SaysInTheStatusThatNobodyListens) {
  PoolBench bench;
  auto producer = bench.acquire(nowhere(), "nowhere");
  EXPECT_TRUE(eventually([&] { return producer->status().last_error.find("Connection refused") != std::string::npos; }))
      << producer->status().last_error;
  EXPECT_FALSE(producer->status().connected);
  EXPECT_TRUE(producer->status().has_credential);
}

// Every fault began with "secret 'events-jaas': ", and the operator looked into the file.
TEST(KafkaLife, NamesNoSecretWhereTheNetworkIsAtFault) {
  PoolBench bench;
  bench.write_secret(PoolBench::plain_line("gw", "v1"));
  auto settings = PoolBench::sasl(kafka::SaslMechanism::kPlain);
  settings.bootstrap_servers = nowhere().bootstrap_servers;
  EventRecorder events;
  auto producer = bench.acquire(settings, "nowhere", &events);
  ASSERT_TRUE(eventually([&] { return events.count(Kind::kError) >= 2; }, 20s)) << "each try counts";
  EXPECT_NE(events.last(Kind::kError).find("127.0.0.1:9"), std::string::npos) << events.last(Kind::kError);
  EXPECT_EQ(events.last(Kind::kError).find(PoolBench::kSecret), std::string::npos) << events.last(Kind::kError);
  EXPECT_EQ(producer->status().last_error.find(PoolBench::kSecret), std::string::npos);
}

}  // namespace
}  // namespace embergate::test
