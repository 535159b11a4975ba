// SPDX-License-Identifier: Apache-2.0
// The broker's own limit of sizes, which a client cannot ask for: what it refuses is never lost (contract 2.6).
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "deliveries_fixture.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using ::testing::HasSubstr;
using Decision = delivery::Deliveries::Decision;
using State = store::HeldRow::State;

const std::string kLong(30'000, 'x');
const std::string kShort(1'500, 'x');

class SizeRefusal : public DeliveriesTest {
 protected:
  // 125 events of 25 resources, a few of them longer than the topic takes.
  void write_mixed(std::int64_t slot) {
    for (int version = 0; version < 5; ++version) {
      for (int i = 0; i < 25; ++i) {
        const bool is_long = (i + version * 25) % 12 == 5;
        write(slot, "p" + std::to_string(i), 1, is_long ? kLong : kShort);
      }
    }
  }

  static std::map<std::string, std::vector<int>> numbers_by_resource(const std::vector<ConsumedRecord>& records) {
    std::map<std::string, std::vector<int>> numbers;
    for (const ConsumedRecord& record : records) {
      const auto event = nlohmann::json::parse(*record.value)["entry"][0]["resource"]["notificationEvent"][0];
      numbers[event["focus"]["reference"]].push_back(event["eventNumber"]);
    }
    return numbers;
  }
  static std::set<int> numbers_of(const std::vector<ConsumedRecord>& records) {
    std::set<int> all;
    for (const auto& [resource, numbers] : numbers_by_resource(records)) all.insert(numbers.begin(), numbers.end());
    return all;
  }
  std::set<int> superseded(std::int64_t slot) {
    std::set<int> numbers;
    const auto rows = store_->outbox().held_rows(store::DestinationSlot(slot), {State::kSuperseded, 0, 10'000});
    for (const store::HeldRow& row : *rows) numbers.insert(static_cast<int>(row.event_number));
    return numbers;
  }
  std::string topic_with_limit() { return admin_.create_topic("limit", 2, {{"max.message.bytes", "20000"}}); }
  void raise_limit(const std::string& topic) { admin_.set_topic_setting(topic, "max.message.bytes", "1000000"); }
  bool waits(std::int64_t slot) {
    return eventually([&] { return counters(slot).waiting > 0; }, std::chrono::seconds(60));
  }
};

TEST_F(SizeRefusal, EveryRecordWithoutAKeyArrivesOnceTheTopicTakesIt) {
  start();
  const std::string topic = topic_with_limit();
  const std::int64_t slot = add_destination("events", topic);
  write_mixed(slot);
  ASSERT_TRUE(waits(slot));
  EXPECT_THAT(waiting("events").dump(), HasSubstr("too-large"));
  raise_limit(topic);
  ASSERT_TRUE(drained(slot));
  EXPECT_EQ(counters(slot).superseded, 0U);
  EXPECT_EQ(numbers_of(consume_all(topic, 125)).size(), 125U);
}

TEST_F(SizeRefusal, EveryRecordWithAKeyArrivesOrIsKeptAsSupersededUntilItIsReleased) {
  start();
  const std::string topic = topic_with_limit();
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  write_mixed(slot);
  ASSERT_TRUE(waits(slot));
  raise_limit(topic);
  ASSERT_TRUE(drained(slot));
  const std::set<int> kept = superseded(slot);
  const auto records = consume_all(topic, 125 - kept.size());
  std::set<int> all = numbers_of(records);
  for (const auto& [resource, numbers] : numbers_by_resource(records))
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << resource;
  all.insert(kept.begin(), kept.end());
  EXPECT_EQ(all.size(), 125U) << "an event is on Kafka or kept, nothing else";
  EXPECT_EQ(value_of(status("events"), "messagesSuperseded"), static_cast<int>(kept.size()));

  const auto answer = decide("events", Decision::kRelease, {{}, State::kSuperseded, 1'000});
  EXPECT_EQ(value_of(answer, "count"), static_cast<int>(kept.size()));
  ASSERT_TRUE(drained(slot));
  EXPECT_EQ(numbers_of(consume_all(topic, 125)).size(), 125U);
  EXPECT_EQ(counters(slot).superseded, 0U);
}

TEST_F(SizeRefusal, ALongRecordBreaksNoBatchOfOthersOnceTheLimitIsLearned) {
  start();
  const std::string topic = topic_with_limit();
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  write(slot, "first", 1, kLong);
  ASSERT_TRUE(waits(slot));
  ASSERT_TRUE(eventually([&] {
    return waiting("events").dump().find("\"attempts\",\"valueInteger\":1}") == std::string::npos;
  })) << "tried once more, alone";
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 20; ++i) write(slot, "p" + std::to_string(i), 2, round == 1 && i % 4 == 0 ? kLong : kShort);
  }
  // 15 resources have no long version: 8 records each; the others have two before it.
  ASSERT_TRUE(eventually([&] { return counters(slot).delivered == 15U * 8 + 5U * 2; }, std::chrono::seconds(60)))
      << counters(slot).delivered;
  EXPECT_EQ(counters(slot).superseded, 0U);
  EXPECT_EQ(counters(slot).waiting, 6U);
  raise_limit(topic);
  ASSERT_TRUE(drained(slot));
  EXPECT_EQ(counters(slot).superseded, 0U);
  const auto records = consume_all(topic, 161);
  EXPECT_EQ(numbers_of(records).size(), 161U);
  for (const auto& [resource, numbers] : numbers_by_resource(records))
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << resource;
}

TEST_F(SizeRefusal, ADiscardedRowIsGoneAndWhatItHeldBackIsSent) {
  start();
  const std::string topic = topic_with_limit();
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  write(slot, "p1", 1, kLong);
  ASSERT_TRUE(waits(slot));
  write(slot, "p1", 2);
  const auto page = waiting("events");
  EXPECT_EQ(value_of(page, "waiting"), 1);
  EXPECT_THAT(page.dump(), HasSubstr("Patient/p1"));
  bool warns = false;
  const auto health_warns = [&] {
    for (const auto& [name, result] : health_.run())
      warns |= name == "kafka:events" && result.status == observability::HealthStatus::kWarn &&
               result.output.find("$waiting") != std::string::npos;
    return warns;
  };
  EXPECT_TRUE(eventually(health_warns, std::chrono::seconds(20)));
  const auto answer = decide("events", Decision::kDiscard, {{1, 99}, {}, 1'000});
  EXPECT_EQ(value_of(answer, "count"), 1);
  EXPECT_EQ(value_of(answer, "passedOver"), 1);
  ASSERT_TRUE(drained(slot));
  EXPECT_EQ(numbers_of(consume_all(topic, 2)), (std::set<int>{2, 3}));
  EXPECT_EQ(counters(slot).delivered, 2U);
}

}  // namespace
}  // namespace embergate::test
