// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "integration/kafka/mock_cluster.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "kafka/identity.hpp"
#include "kafka/producer_config.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using namespace std::chrono_literals;
using Kind = kafka::ProducerPool::Event::Kind;

// An identity without the pool around it, so that the test can reach the library's client and break it.
struct LoneIdentity {
  observability::Metrics metrics;
  vault::SecretCache secrets{vault::VaultConfig(), {}, core::system_clock(), metrics};  // no secret is in use
  kafka::PoolContext context{PoolBench::quick_options(), secrets, core::system_clock(), metrics};
  std::shared_ptr<kafka::Identity> identity = std::make_shared<kafka::Identity>(context, PoolBench::plaintext());
  std::shared_ptr<kafka::Lane> lane = std::make_shared<kafka::Lane>();
  EventRecorder events;

  explicit LoneIdentity(const std::string& topic) {
    identity->join({kafka::TopicSettings{topic, "none"},
                    {"AidboxTopicDestination", "events", ""},
                    std::make_shared<kafka::ListenerSlot>(events.listener()),
                    lane});
    identity->start();
  }
  ~LoneIdentity() {
    identity->end("the test is over");
    EXPECT_TRUE(eventually([&] { return identity->ended() && context.all_retired_closed(); }));
    context.control.stop();
    context.pump.stop();
  }
  kafka::BatchReport deliver(const std::vector<Outgoing>& records) {
    auto promise = std::make_shared<std::promise<kafka::BatchReport>>();
    auto future = promise->get_future();
    identity->send(*lane, make_batch(records),
                   [promise](kafka::BatchReport report) { promise->set_value(std::move(report)); });
    return report_of(std::move(future));
  }
};

TEST(KafkaFatalError, GivesRecordsBackAndANewClientTakesOver) {
  KafkaAdmin admin;
  const std::string topic = admin.create_topic("fatal");
  LoneIdentity lone(topic);
  ASSERT_TRUE(lone.deliver({{"k", "0"}}).failures.empty());
  ASSERT_TRUE(eventually([&] { return lone.events.count(Kind::kReady) == 1; }));
  const auto broken = lone.identity->client();

  ASSERT_EQ(
      rd_kafka_test_fatal_error(broken->handle(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "made by the test"),
      RD_KAFKA_RESP_ERR_NO_ERROR);

  ASSERT_TRUE(eventually([&] { return lone.events.count(Kind::kReady) == 2; }));
  EXPECT_NE(lone.identity->client(), broken);
  EXPECT_NE(lone.events.last(Kind::kError).find("OUT_OF_ORDER_SEQUENCE_NUMBER"), std::string::npos);
  EXPECT_TRUE(lone.deliver({{"k", "1"}}).failures.empty());
  EXPECT_EQ(consume_all(topic, 2).size(), 2U);
}

// It went with the events of the time in which nobody listens yet, and the client stayed as it was.
TEST(KafkaFatalError, OfAClientThatNobodyListensToYetIsNotLost) {
  KafkaAdmin admin;
  LoneIdentity lone(admin.create_topic("fatal"));
  ASSERT_TRUE(eventually([&] { return lone.events.count(Kind::kReady) == 1; }));
  auto conf = kafka::make_producer_conf(PoolBench::plaintext(), nullptr, {});
  auto made = kafka::make_client(*std::move(conf), nullptr);
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ(rd_kafka_test_fatal_error(made->handle.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "early"),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  const auto silent = std::make_shared<kafka::Client>(*std::move(made), lone.identity, kafka::QueueLimits{});
  silent->speak();
  EXPECT_TRUE(eventually(
      [&] { return lone.events.last(Kind::kError).find("OUT_OF_ORDER_SEQUENCE_NUMBER") != std::string::npos; }));
}

TEST(KafkaFatalError, OfAUserWithoutRightsCostsFewClientsAndEndsWithTheRight) {
  MockCluster cluster;
  cluster.create_topic("events");
  cluster.refuse_producer_ids(true);
  PoolBench bench;
  auto settings = PoolBench::plaintext();
  settings.bootstrap_servers = cluster.servers();
  auto producer = bench.acquire(settings, "events");
  const auto rebuilds = [&] { return bench.metrics().counter("kafka_producer_rebuilds_total", "")->value(); };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(delivered(*producer, {{"k", "0"}}, 8s)) << "a relay that sends again all the time";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  EXPECT_GE(rebuilds(), 2);
  // At once, then after 1, 2, 4, 5, 5 ... seconds, each shortened by up to a tenth.
  EXPECT_LE(rebuilds(), 4 + static_cast<double>(seconds.count()) / 4.5);
  EXPECT_THAT(producer->status().last_error, ::testing::HasSubstr("CLUSTER_AUTHORIZATION_FAILED"));
  cluster.refuse_producer_ids(false);
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}, 20s));
  EXPECT_TRUE(eventually([&] { return producer->status().connected; }));
}

}  // namespace
}  // namespace embergate::test
