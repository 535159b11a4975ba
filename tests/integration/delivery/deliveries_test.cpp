// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <future>
#include <map>
#include <set>
#include <thread>

#include "deliveries_fixture.hpp"
#include "embergate/observability/log.hpp"
#include "support/eventually.hpp"

namespace embergate::test {
namespace {

using ::testing::HasSubstr;

nlohmann::json event_of(const ConsumedRecord& record) {
  return nlohmann::json::parse(*record.value)["entry"][0]["resource"]["notificationEvent"][0];
}

TEST_F(DeliveriesTest, DeliversEveryVersionInOrderForEachResource) {
  start();
  const std::string topic = admin_.create_topic("deliveries");
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  constexpr int kResources = 40;
  constexpr int kVersions = 25;
  for (int round = 0; round < kVersions / 5; ++round) {
    for (int i = 0; i < kResources; ++i) write(slot, "p" + std::to_string(i), 5);
  }
  ASSERT_TRUE(drained(slot));
  const auto records = consume_all(topic, kResources * kVersions);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kResources * kVersions));
  std::map<std::string, int> last_number;
  std::map<std::string, int> partition_of;
  std::set<int> numbers;
  for (const ConsumedRecord& record : records) {
    const int number = event_of(record)["eventNumber"];
    EXPECT_EQ(event_of(record)["focus"]["reference"], "Patient/" + *record.key);
    EXPECT_EQ(event_of(record)["correlationId"], "corr");
    EXPECT_GT(number, last_number[*record.key]);
    last_number[*record.key] = number;
    EXPECT_EQ(partition_of.try_emplace(*record.key, record.partition).first->second, record.partition);
    numbers.insert(number);
  }
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), kResources * kVersions);
  EXPECT_EQ(counters(slot).delivered, static_cast<std::uint64_t>(kResources * kVersions));
  EXPECT_EQ(counters(slot).failed_attempts, 0U);
}

TEST_F(DeliveriesTest, ShowsInStatusHowItGoes) {
  start();
  const std::int64_t slot = add_destination("events", admin_.create_topic("status"));
  write(slot, "p1", 3);
  ASSERT_TRUE(drained(slot));
  const auto json = status("events");
  EXPECT_EQ(value_of(json, "messagesDelivered"), 3);
  EXPECT_EQ(value_of(json, "messagesQueued"), 0);
  EXPECT_EQ(value_of(json, "messagesInProcess"), 0);
  EXPECT_EQ(value_of(json, "connected"), true);
  EXPECT_EQ(value_of(json, "ordering"), "none");
  EXPECT_TRUE(value_of(json, "lastErrorDetail").is_null());
  // The relay hears of a settlement after others can see it.
  EXPECT_TRUE(eventually([&] {
    return metrics_.text().find(
               "embergate_destination_messages_delivered_total{destination=\"events\",kind=\"kafka-at-least-once\"} "
               "3\n") != std::string::npos;
  })) << metrics_.text();
  bool healthy = false;
  for (const auto& [name, result] : health_.run())
    healthy |= name == "kafka:events" && result.status == observability::HealthStatus::kPass;
  EXPECT_TRUE(healthy);
}

TEST_F(DeliveriesTest, LogsThatDestinationsComeAndGoWhileWritersNeedNotWaitForIt) {
  observability::Faults faults(core::system_clock(), metrics_);
  options_.faults = &faults;
  start();
  std::vector<std::string> lines;
  std::vector<std::string> waited_for;
  std::vector<std::future<void>> calls;
  observability::log::capture([&, here = std::this_thread::get_id()](std::string_view line) {
    if (std::this_thread::get_id() != here) return;
    lines.push_back(nlohmann::json::parse(line)["ev"]);
    calls.push_back(std::async(std::launch::async, [this] { deliveries_->wake({}); }));
    if (calls.back().wait_for(std::chrono::seconds(5)) != std::future_status::ready) waited_for.push_back(lines.back());
  });
  const std::int64_t slot = add_destination("events", KafkaAdmin::random_name("never"));
  write(slot, "p1");
  EXPECT_TRUE(eventually(
      [&] {
        static_cast<void>(health_.run());
        return !faults.active().empty();
      },
      std::chrono::seconds(60)));
  remove_destination(slot);
  observability::log::capture(nullptr);
  calls.clear();
  shut_down();
  EXPECT_THAT(lines, testing::IsSupersetOf({"topic-destination/started", "fault/ended"}));
  EXPECT_THAT(waited_for, testing::IsEmpty());
}

TEST_F(DeliveriesTest, KeepsEventsUntilTheKafkaTopicExists) {
  start();
  const std::string topic = KafkaAdmin::random_name("later");
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  write(slot, "p1", 4);
  ASSERT_TRUE(
      eventually([&] { return !value_of(status("events"), "lastErrorDetail").is_null(); }, std::chrono::seconds(60)));
  EXPECT_EQ(counters(slot).queued, 4U);
  admin_.create_named_topic(topic);
  ASSERT_TRUE(drained(slot));
  std::set<int> numbers;
  for (const auto& record : consume_all(topic, 4)) numbers.insert(event_of(record)["eventNumber"].get<int>());
  EXPECT_EQ(numbers, (std::set<int>{1, 2, 3, 4}));
}

TEST_F(DeliveriesTest, HoldsBackOnlyTheResourceOfARecordThatIsTooLong) {
  start();
  const std::string topic = admin_.create_topic("long");
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}, {"maxRequestSize", 20'000}});
  write(slot, "long", 1, std::string(30'000, 'x'));
  write(slot, "long");
  write(slot, "short", 2);
  ASSERT_TRUE(eventually([&] { return counters(slot).delivered == 2; }));
  const auto json = status("events");
  EXPECT_EQ(value_of(json, "messagesQueued"), 2);
  EXPECT_EQ(value_of(json, "messagesWaiting"), 1);
  EXPECT_THAT(value_of(json, "waiting").dump(), HasSubstr("Patient/long"));
  for (const auto& record : consume_all(topic, 2)) EXPECT_EQ(*record.key, "short");
}

TEST_F(DeliveriesTest, GoesOnAfterARestartWhereItStopped) {
  start();
  const std::string topic = admin_.create_topic("restart");
  const std::int64_t slot = add_destination("events", topic, {{"keyByResourceId", true}});
  write(slot, "p1", 10);
  ASSERT_TRUE(drained(slot));
  shut_down();
  start();
  write(slot, "p1", 10);
  ASSERT_TRUE(drained(slot));
  const auto records = consume_all(topic, 20);
  ASSERT_EQ(records.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(event_of(records[static_cast<std::size_t>(i)])["eventNumber"], i + 1);
  EXPECT_EQ(value_of(status("events"), "messagesDelivered"), 20);
}

TEST_F(DeliveriesTest, ForgetsADestinationThatIsDeleted) {
  start();
  const std::int64_t slot = add_destination("events", KafkaAdmin::random_name("nowhere"));
  write(slot, "p1", 2);
  remove_destination(slot);
  EXPECT_TRUE(health_.run().empty());
  EXPECT_THAT(metrics_.text(), ::testing::Not(HasSubstr("destination=\"events\"")));
  EXPECT_EQ(add_destination("events", admin_.create_topic("again")) == slot, false);
  EXPECT_EQ(value_of(status("events"), "messagesQueued"), 0);
}

TEST_F(DeliveriesTest, ServesSeveralDestinationsOverOneConnection) {
  start();
  const std::string one = admin_.create_topic("one");
  const std::string two = admin_.create_topic("two");
  const std::int64_t first = add_destination("first", one);
  const std::int64_t second = add_destination("second", two, {{"keyByResourceId", true}});
  write(first, "a", 5);
  write(second, "b", 7);
  ASSERT_TRUE(drained(first));
  ASSERT_TRUE(drained(second));
  EXPECT_EQ(consume_all(one, 5).size(), 5U);
  EXPECT_EQ(consume_all(two, 7).size(), 7U);
  EXPECT_FALSE(consume_all(one, 5)[0].key.has_value());
  EXPECT_EQ(producers_->identities(), 1U);
}

}  // namespace
}  // namespace embergate::test
