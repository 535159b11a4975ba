// SPDX-License-Identifier: Apache-2.0
// Records that came back as failures of their connection: nothing younger may overtake them (decision 19).
#include <gmock/gmock.h>

#include "integration/kafka/mock_cluster.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "kafka/connect_guard.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using ::testing::HasSubstr;
using Kind = kafka::ProducerPool::Event::Kind;

struct CameBack : ::testing::Test {
  MockCluster cluster;
  PoolBench bench;
  EventRecorder events;
  std::unique_ptr<kafka::Producer> producer;

  CameBack() {
    cluster.create_topic("events");
    auto settings = PoolBench::plaintext();
    settings.bootstrap_servers = cluster.servers();
    producer = bench.acquire(settings, "events", &events);
  }
  kafka::BatchReport report(const std::string& value) { return report_of(send(*producer, {{"k", value}})); }
};

TEST_F(CameBack, GoFirstWhenTheirOwnerSendsAgain) {
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  cluster.answer_next_produce_with(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  ASSERT_EQ(report("1").failures.size(), 1U);

  const auto overtaking = report("2");

  ASSERT_EQ(overtaking.failures.size(), 1U);
  EXPECT_THAT(overtaking.failures[0].reason, HasSubstr("go first"));
  EXPECT_FALSE(overtaking.failures[0].maybe_persisted);
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}}));
  EXPECT_TRUE(delivered(*producer, {{"k", "2"}}));
}

TEST_F(CameBack, LeaveTheirClientWithoutAConnectionAndANewOneTakesOver) {
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  ASSERT_TRUE(eventually([&] { return events.count(Kind::kReady) == 1; }));
  cluster.answer_next_produce_with(RD_KAFKA_RESP_ERR__AUTHENTICATION);
  ASSERT_EQ(report("1").failures.size(), 1U);
  EXPECT_TRUE(eventually([&] { return events.count(Kind::kReady) == 2; }));
  EXPECT_TRUE(eventually([&] { return kafka::ConnectGuard::alive() == 1; }));
  EXPECT_TRUE(delivered(*producer, {{"k", "1"}, {"k", "2"}}));
}

TEST_F(CameBack, ForThemselvesChangeNothing) {
  ASSERT_TRUE(delivered(*producer, {{"k", "0"}}));
  cluster.answer_next_produce_with(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  ASSERT_EQ(report("1").failures.size(), 1U);
  EXPECT_TRUE(delivered(*producer, {{"k", "2"}}));
}

}  // namespace
}  // namespace embergate::test
