// SPDX-License-Identifier: Apache-2.0
#include "delivery/status_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "embergate/core/time_format.hpp"

namespace embergate::delivery {
namespace {

core::SystemTime at(std::string_view text) { return *core::parse_instant(text); }

nlohmann::json find(const nlohmann::json& parameters, std::string_view name) {
  for (const auto& parameter : parameters) {
    if (parameter["name"] == name) return parameter;
  }
  return nullptr;
}

TEST(StatusJson, HasTheParametersOfTheContract) {
  StatusParts parts;
  parts.counters.delivered = 41;
  parts.counters.failed_attempts = 3;
  parts.counters.queued = 2;
  parts.counters.superseded = 1;
  parts.counters.oldest_queued = at("2026-03-01T08:00:58.5Z");
  parts.event_epoch = 1'700'000'000;
  parts.relay.in_process = 7;
  parts.counters.waiting = 1;
  parts.counters.undecided = 4;
  parts.relay.waiting = {{"Patient/p1", core::Fault::kKafkaTooLarge, "too \"large\"", at("2026-03-01T08:02:00Z")}};
  parts.connection.connected = true;
  parts.connection.credential_generation = 2;
  parts.connection.file_generations = {{"events-jaas", 4}, {"other", 9}};
  parts.unanswered = Relay::Unanswered{at("2026-03-01T08:00:51Z"), "no leader", core::Fault::kKafkaNoLeader};
  parts.condition = {DeliveryState::kWaiting, core::Fault::kKafkaNoLeader, "stopped"};
  parts.ordered_by_resource = true;
  parts.started = at("2026-03-01T08:00:00Z");
  parts.now = at("2026-03-01T08:01:00Z");
  parts.errors = {
      {core::Fault::kKafkaTimeout, "b1:9092", "Timeout", at("2026-03-01T08:00:45Z"), at("2026-03-01T08:00:15Z"), 7},
      {core::Fault::kNone, "", "Refused", at("2026-03-01T08:00:40Z"), at("2026-03-01T08:00:40Z")}};
  observability::Faults::Active fault;
  fault.fault = core::Fault::kTopicCriterionError;
  fault.detail = "line 1";
  fault.count = 3;
  parts.topic_faults = {fault};
  vault::Report secret;
  secret.name = vault::SecretName("events-jaas");
  secret.state = vault::State::kStale;
  secret.fault = core::Fault::kSecretStale;
  secret.reason = "unreadable";
  secret.generation = 5;
  secret.since = at("2026-03-01T08:00:50Z");
  parts.secrets = {secret};
  const auto json = nlohmann::json::parse(status_json(parts));
  EXPECT_EQ(json["resourceType"], "Parameters");
  const auto& all = json["parameter"];
  EXPECT_EQ(find(all, "messagesDelivered")["valueDecimal"], 41);
  EXPECT_EQ(find(all, "messagesDeliveryAttempts")["valueDecimal"], 3);
  EXPECT_EQ(find(all, "messagesInProcess")["valueDecimal"], 7);
  EXPECT_EQ(find(all, "messagesQueued")["valueDecimal"], 2);
  EXPECT_EQ(find(all, "messagesSuperseded")["valueDecimal"], 1);
  EXPECT_EQ(find(all, "messagesWaiting")["valueDecimal"], 1);
  EXPECT_EQ(find(all, "eventEpoch")["valueDecimal"], 1'700'000'000);
  EXPECT_EQ(find(all, "messagesUndecided")["valueDecimal"], 4);
  EXPECT_EQ(find(all, "startTimestamp")["valueDateTime"], "2026-03-01T08:00:00Z");
  EXPECT_EQ(find(all, "status")["valueString"], "active");
  EXPECT_EQ(find(all, "state")["valueCode"], "waiting");
  EXPECT_EQ(find(all, "stateDetail")["valueString"], "stopped");
  EXPECT_EQ(find(all, "code")["valueString"], "kafka.no-leader");
  EXPECT_EQ(find(all, "title")["valueString"], core::text_of(core::Fault::kKafkaNoLeader).title);
  EXPECT_EQ(find(all, "remedy")["valueString"], core::text_of(core::Fault::kKafkaNoLeader).remedy);
  EXPECT_EQ(find(all, "connected")["valueBoolean"], true);
  EXPECT_EQ(find(all, "ordering")["valueString"], "resource");
  EXPECT_EQ(find(all, "oldestQueuedAge")["valueDecimal"], 1.5);
  const auto unanswered = find(all, "unanswered")["part"];
  EXPECT_EQ(find(unanswered, "since")["valueDateTime"], "2026-03-01T08:00:51Z");
  EXPECT_EQ(find(unanswered, "reason")["valueString"], "no leader");
  EXPECT_EQ(find(unanswered, "code")["valueString"], "kafka.no-leader");
  const auto waiting = find(all, "waiting")["part"];
  EXPECT_EQ(find(waiting, "resource")["valueString"], "Patient/p1");
  EXPECT_EQ(find(waiting, "code")["valueString"], "kafka.too-large");
  EXPECT_EQ(find(waiting, "reason")["valueString"], "too \"large\"");
  EXPECT_EQ(find(waiting, "nextTry")["valueDateTime"], "2026-03-01T08:02:00Z");
  const auto found = find(all, "secret")["part"];
  EXPECT_EQ(find(found, "name")["valueString"], "events-jaas");
  EXPECT_EQ(find(found, "state")["valueString"], "stale");
  EXPECT_EQ(find(found, "reason")["valueString"], "unreadable");
  EXPECT_EQ(find(found, "code")["valueString"], "secret.stale");
  EXPECT_EQ(find(found, "generation")["valueInteger"], 4);
  EXPECT_EQ(find(found, "fileGeneration")["valueInteger"], 5);
  EXPECT_EQ(find(found, "inUse")["valueInteger"], 4);
  EXPECT_EQ(find(found, "inFile")["valueInteger"], 5);
  EXPECT_EQ(find(found, "since")["valueDateTime"], "2026-03-01T08:00:50Z");
  EXPECT_TRUE(find(found, "lastRead").is_null());
  const auto of_topic = find(all, "topicFault")["part"];
  EXPECT_EQ(find(of_topic, "code")["valueString"], "topic.criterion-error");
  EXPECT_EQ(find(of_topic, "message")["valueString"], "line 1");
  EXPECT_EQ(find(of_topic, "count")["valueInteger"], 3);
  const auto error = find(all, "lastErrorDetail")["part"];
  EXPECT_EQ(find(error, "code")["valueString"], "kafka.timeout");
  EXPECT_EQ(find(error, "title")["valueString"], core::text_of(core::Fault::kKafkaTimeout).title);
  EXPECT_EQ(find(error, "peer")["valueString"], "b1:9092");
  EXPECT_EQ(find(error, "message")["valueString"], "Timeout");
  EXPECT_EQ(find(error, "timestamp")["valueDateTime"], "2026-03-01T08:00:45Z");
  EXPECT_EQ(find(error, "first")["valueDateTime"], "2026-03-01T08:00:15Z");
  EXPECT_EQ(find(error, "count")["valueInteger"], 7);
}

TEST(StatusJson, SaysSinceWhenTheBrokersRefuseWhatTheFileHolds) {
  StatusParts parts;
  vault::Report fine;
  fine.name = vault::SecretName("events-jaas");
  fine.state = vault::State::kOk;
  fine.generation = 2;
  fine.since = at("2026-03-01T08:00:00Z");
  vault::Report broken = fine;
  broken.name = vault::SecretName("key");
  broken.state = vault::State::kMissing;
  broken.reason = "missing";
  vault::Report other = fine;
  other.name = vault::SecretName("ca");
  parts.secrets = {fine, broken, other};
  parts.connection.file_generations = {{"events-jaas", 1}};
  parts.connection.refusal =
      kafka::CredentialRefusal{at("2026-03-01T08:00:50Z"), "login-refused", {"events-jaas", "key"}, "wrong"};
  const auto json = nlohmann::json::parse(status_json(parts));
  std::vector<nlohmann::json> secrets;
  for (const auto& parameter : json["parameter"]) {
    if (parameter["name"] == "secret") secrets.push_back(parameter["part"]);
  }
  ASSERT_EQ(secrets.size(), 3U);
  EXPECT_EQ(find(secrets[0], "state")["valueString"], "refused");
  EXPECT_EQ(find(secrets[0], "reason")["valueString"], "login-refused");
  EXPECT_EQ(find(secrets[0], "code")["valueString"], "kafka.auth-refused");
  EXPECT_EQ(find(secrets[0], "detail")["valueString"], "wrong");
  EXPECT_TRUE(find(secrets[2], "detail").is_null());
  EXPECT_EQ(find(secrets[0], "since")["valueDateTime"], "2026-03-01T08:00:50Z");
  EXPECT_EQ(find(secrets[0], "generation")["valueInteger"], 1);
  EXPECT_EQ(find(secrets[0], "fileGeneration")["valueInteger"], 2);
  EXPECT_EQ(find(secrets[1], "state")["valueString"], "missing") << "what is wrong with the file comes first";
  EXPECT_EQ(find(secrets[2], "state")["valueString"], "ok");
  EXPECT_EQ(find(secrets[2], "code")["valueString"], "secret.unproven") << "no broker has accepted it yet";
}

TEST(StatusJson, LeavesOutWhatThereIsNot) {
  const auto json = nlohmann::json::parse(status_json({}));
  for (const std::string_view name :
       {"oldestQueuedAge", "waiting", "secret", "lastErrorDetail", "code", "stateDetail"}) {
    EXPECT_TRUE(find(json["parameter"], name).is_null()) << name;
  }
  EXPECT_EQ(find(json["parameter"], "ordering")["valueString"], "none");
  EXPECT_EQ(find(json["parameter"], "state")["valueCode"], "starting");
}

core::SystemTime second(int number) { return core::SystemTime(std::chrono::seconds(number)); }

Trouble refused_by(int broker, std::string message) {
  return {core::Fault::kKafkaAuthRefused, std::move(message), "b" + std::to_string(broker) + ":9092"};
}

TEST(ErrorLog, KeepsTheFiveNewestDifferentErrors) {
  ErrorLog log;
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(log.add(refused_by(i, "no"), second(i)));
  EXPECT_FALSE(log.add(refused_by(3, "no"), second(9)));
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[0].peer, "b3:9092");
  EXPECT_EQ(entries[0].at, second(9));
  EXPECT_EQ(entries[1].peer, "b6:9092");
  EXPECT_EQ(entries[4].peer, "b2:9092");
}

// One refusal filled all five, "(after 348ms ...)" in each.
TEST(ErrorLog, CountsAnErrorByItsCodeAndPeerWhateverItsText) {
  ErrorLog log;
  const char* const texts[] = {"failed (after 348ms in state AUTH_REQ)", "failed (after 7ms in state AUTH_REQ)", "no"};
  for (int i = 0; i < 3; ++i) log.add(refused_by(1, texts[i]), second(i));
  ASSERT_EQ(log.entries().size(), 1U);
  EXPECT_EQ(log.entries()[0].count, 3U);
  EXPECT_EQ(log.entries()[0].first, second(0));
  EXPECT_EQ(log.entries()[0].at, second(2));
  EXPECT_EQ(log.entries()[0].message, texts[2]) << "the newest text";
  log.add(refused_by(2, "no"), {});
  EXPECT_EQ(log.entries().size(), 2U) << "another peer";
  log.add({core::Fault::kKafkaDns, "no", "b1:9092"}, {});
  EXPECT_EQ(log.entries().size(), 3U) << "another code";
}

TEST(ErrorLog, CountsAStateThatLastsOnce) {
  ErrorLog log;
  int counted = 0;
  log.on_counted([&](const Trouble& trouble) { counted += trouble.fault == core::Fault::kTopicIdle ? 1 : 0; });
  const Trouble idle{core::Fault::kTopicIdle, "idle"};
  for (int i = 0; i < 4; ++i) log.lasts(idle, second(i));
  EXPECT_EQ(log.entries()[0].count, 1U);
  EXPECT_EQ(log.entries()[0].at, second(3));
  EXPECT_EQ(counted, 1);
  log.add(idle, second(5));
  EXPECT_EQ(log.entries()[0].count, 2U);
  EXPECT_EQ(counted, 2);
}

TEST(ErrorLog, CutsLongTextsBetweenCharacters) {
  ErrorLog log;
  std::string text(ErrorLog::kMaxText - 1, 'x');
  text += "\xc3\xa4 and more";
  log.add({core::Fault::kKafkaFailed, text}, {});
  EXPECT_EQ(log.entries()[0].message, std::string(ErrorLog::kMaxText - 1, 'x'));
}

}  // namespace
}  // namespace embergate::delivery
