// SPDX-License-Identifier: Apache-2.0
// A world under load, and the judgement at the end: what was committed is on Kafka, once but for crashes, in order.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/eventually.hpp"
#include "support/gateway_world.hpp"
#include "support/kafka_environment.hpp"
#include "support/load.hpp"

namespace embergate::test {

class RobustnessTest : public testing::Test {
 protected:
  void TearDown() override {
    if (world.gateway().running()) {
      EXPECT_EQ(world.gateway().terminate().value_or(-1), 0) << world.gateway().error_output();
    }
    EXPECT_THAT(world.leaks(), testing::IsEmpty());
  }

  [[nodiscard]] std::unique_ptr<Load> start_load(const LoadOptions& options) {
    return std::make_unique<Load>(options, [this] { return world.root(); }, [this] { return world.gateway().port(); });
  }

  // A gateway with one destination, which is `events`.
  void start_with(const KafkaLane& lane) {
    ASSERT_TRUE(world.start());
    ASSERT_EQ(world.create_topic_and_destination(lane).status(), 201);
  }

  // After gateways that were ended in the middle: a write that nobody was told of may be committed all the same.
  EventLog expect_all_kept_and_delivered(Load& load, const KafkaLane& lane) {
    load.stop();
    const auto accepted = load.versions();
    const auto kept = committed(accepted);
    expect_kept(accepted, kept);
    EXPECT_TRUE(eventually([&] { return world.status_number("events", "messagesQueued") == 0; },
                           std::chrono::seconds(60), std::chrono::milliseconds(50)))
        << world.status("events");
    EventLog log = expect_delivered(lane, kept);
    EXPECT_EQ(log.events.size(), total(kept));
    return log;
  }

  // Everything that the database says was committed, from the history of each patient.
  std::map<std::string, std::vector<std::int64_t>> committed(
      const std::map<std::string, std::vector<std::int64_t>>& known) {
    std::map<std::string, std::vector<std::int64_t>> all;
    RestClient client = world.root();
    client.keep_connection();
    for (const auto& [name, versions] : known) {
      const RestReply reply = client.get("/fhir/" + name + "/_history?_count=1000");
      EXPECT_EQ(reply.status(), 200) << name << ": " << reply;
      if (reply.status() != 200) continue;
      std::vector<std::int64_t>& list = all[name];
      for (const auto& entry : reply.json["entry"]) {
        list.push_back(std::stoll(entry["resource"]["meta"]["versionId"].get<std::string>()));
      }
      std::sort(list.begin(), list.end());
      EXPECT_LT(list.size(), 1'000u) << "more versions than one page of history shows";
    }
    return all;
  }

  // Every accepted write is among the committed ones.
  static void expect_kept(const std::map<std::string, std::vector<std::int64_t>>& accepted,
                          const std::map<std::string, std::vector<std::int64_t>>& kept) {
    for (const auto& [name, versions] : accepted) {
      const auto found = kept.find(name);
      ASSERT_NE(found, kept.end()) << name << " was accepted and is gone";
      EXPECT_TRUE(std::includes(found->second.begin(), found->second.end(), versions.begin(), versions.end()))
          << name << ": an accepted version is gone";
    }
  }

  static std::size_t total(const std::map<std::string, std::vector<std::int64_t>>& versions) {
    std::size_t count = 0;
    for (const auto& [name, list] : versions) count += list.size();
    return count;
  }

  EventLog expect_delivered(const KafkaLane& lane, const std::map<std::string, std::vector<std::int64_t>>& written) {
    EventLog log = world.events(lane, total(written), false);
    EXPECT_THAT(check_order(log), testing::IsEmpty()) << in_words(check_order(log));
    EXPECT_THAT(compare_versions(log, written), testing::IsEmpty()) << in_words(compare_versions(log, written));
    return log;
  }

  GatewayWorld world;
};

}  // namespace embergate::test
