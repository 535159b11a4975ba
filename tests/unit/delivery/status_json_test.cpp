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
  parts.relay.waiting = {{"Patient/p1", "too \"large\"", at("2026-03-01T08:02:00Z")}};
  parts.connection.connected = true;
  parts.connection.credential_generation = 2;
  parts.connection.file_generations = {{"events-jaas", 4}, {"other", 9}};
  parts.unanswered = Relay::Unanswered{at("2026-03-01T08:00:51Z"), "no leader"};
  parts.ordered_by_resource = true;
  parts.started = at("2026-03-01T08:00:00Z");
  parts.now = at("2026-03-01T08:01:00Z");
  parts.errors = {{"Timeout", at("2026-03-01T08:00:45Z"), at("2026-03-01T08:00:15Z"), 7},
                  {"Refused", at("2026-03-01T08:00:40Z"), at("2026-03-01T08:00:40Z")}};
  vault::Report secret;
  secret.name = vault::SecretName("events-jaas");
  secret.state = vault::State::kStale;
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
  EXPECT_EQ(find(all, "connected")["valueBoolean"], true);
  EXPECT_EQ(find(all, "ordering")["valueString"], "resource");
  EXPECT_EQ(find(all, "oldestQueuedAge")["valueDecimal"], 1.5);
  const auto unanswered = find(all, "unanswered")["part"];
  EXPECT_EQ(find(unanswered, "since")["valueDateTime"], "2026-03-01T08:00:51Z");
  EXPECT_EQ(find(unanswered, "reason")["valueString"], "no leader");
  const auto waiting = find(all, "waiting")["part"];
  EXPECT_EQ(find(waiting, "resource")["valueString"], "Patient/p1");
  EXPECT_EQ(find(waiting, "reason")["valueString"], "too \"large\"");
  EXPECT_EQ(find(waiting, "nextTry")["valueDateTime"], "2026-03-01T08:02:00Z");
  const auto found = find(all, "secret")["part"];
  EXPECT_EQ(find(found, "name")["valueString"], "events-jaas");
  EXPECT_EQ(find(found, "state")["valueString"], "stale");
  EXPECT_EQ(find(found, "reason")["valueString"], "unreadable");
  EXPECT_EQ(find(found, "generation")["valueInteger"], 4);
  EXPECT_EQ(find(found, "fileGeneration")["valueInteger"], 5);
  EXPECT_EQ(find(found, "inUse")["valueInteger"], 4);
  EXPECT_EQ(find(found, "inFile")["valueInteger"], 5);
  EXPECT_EQ(find(found, "since")["valueDateTime"], "2026-03-01T08:00:50Z");
  EXPECT_TRUE(find(found, "lastRead").is_null());
  const auto error = find(all, "lastErrorDetail")["part"];
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
  EXPECT_EQ(find(secrets[0], "detail")["valueString"], "wrong");
  EXPECT_TRUE(find(secrets[2], "detail").is_null());
  EXPECT_EQ(find(secrets[0], "since")["valueDateTime"], "2026-03-01T08:00:50Z");
  EXPECT_EQ(find(secrets[0], "generation")["valueInteger"], 1);
  EXPECT_EQ(find(secrets[0], "fileGeneration")["valueInteger"], 2);
  EXPECT_EQ(find(secrets[1], "state")["valueString"], "missing") << "what is wrong with the file comes first";
  EXPECT_EQ(find(secrets[2], "state")["valueString"], "ok");
}

TEST(StatusJson, LeavesOutWhatThereIsNot) {
  const auto json = nlohmann::json::parse(status_json({}));
  for (const std::string_view name : {"oldestQueuedAge", "waiting", "secret", "lastErrorDetail"}) {
    EXPECT_TRUE(find(json["parameter"], name).is_null()) << name;
  }
  EXPECT_EQ(find(json["parameter"], "ordering")["valueString"], "none");
}

TEST(ErrorLog, KeepsTheFiveNewestDifferentTexts) {
  ErrorLog log;
  for (int i = 0; i < 7; ++i)
    EXPECT_TRUE(log.add("error " + std::to_string(i), core::SystemTime(std::chrono::seconds(i))));
  EXPECT_FALSE(log.add("error 3", core::SystemTime(std::chrono::seconds(9))));
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[0].message, "error 3");
  EXPECT_EQ(entries[0].at, core::SystemTime(std::chrono::seconds(9)));
  EXPECT_EQ(entries[1].message, "error 6");
  EXPECT_EQ(entries[4].message, "error 2");
}

// One refusal filled all five, "(after 348ms ...)" in each.
TEST(ErrorLog, CountsAnErrorByWhatItIsAndItsPeerHoweverLongItTook) {
  ErrorLog log;
  const char* const texts[] = {
      "_RESOLVE: sasl_ssl://b.example:9093/bootstrap: Failed to resolve (after 348ms in state CONNECT)",
      "_RESOLVE: sasl_ssl://b.example:9093/1: Failed to resolve (after 7ms in state CONNECT, 3 identical error(s) "
      "suppressed)",
      "_RESOLVE: sasl_ssl://b.example:9093/2: Failed to resolve"};
  for (int i = 0; i < 3; ++i) log.add(texts[i], core::SystemTime(std::chrono::seconds(i)));
  ASSERT_EQ(log.entries().size(), 1U);
  EXPECT_EQ(log.entries()[0].count, 3U);
  EXPECT_EQ(log.entries()[0].first, core::SystemTime(std::chrono::seconds(0)));
  EXPECT_EQ(log.entries()[0].at, core::SystemTime(std::chrono::seconds(2)));
  EXPECT_EQ(log.entries()[0].message, texts[2]) << "the newest text";
  log.add("_RESOLVE: sasl_ssl://other.example:9093/1: Failed to resolve", {});
  EXPECT_EQ(log.entries().size(), 2U) << "another peer";
}

TEST(ErrorLog, TakesTimesAndAmountsForTheSameErrorAndOtherNumbersForAnother) {
  ErrorLog log;
  log.add("b:9092/1: 2 request(s) timed out: disconnect (average rtt 12.345ms)", {});
  log.add("b:9092/1: 14 request(s) timed out: disconnect (average rtt 1003.1ms)", {});
  log.add("Timed out 3 in-flight, 0 retry-queued, 5 out-queue, 0 partially-sent requests", {});
  log.add("Timed out 0 in-flight, 1 retry-queued, 25 out-queue, 1 partially-sent requests", {});
  EXPECT_EQ(log.entries().size(), 2U);
  log.add("the token endpoint answered 401", {});
  log.add("the token endpoint answered 503", {});
  EXPECT_EQ(log.entries().size(), 4U);
  log.add("b:9093/1: Connect to ipv4#10.0.0.1:9093 failed: 111 ms", {});
  EXPECT_EQ(log.entries().size(), 5U);
}

TEST(ErrorLog, CountsAStateThatLastsOnce) {
  ErrorLog log;
  for (int i = 0; i < 4; ++i) log.lasts("idle", core::SystemTime(std::chrono::seconds(i)));
  EXPECT_EQ(log.entries()[0].count, 1U);
  EXPECT_EQ(log.entries()[0].at, core::SystemTime(std::chrono::seconds(3)));
  log.add("idle", core::SystemTime(std::chrono::seconds(5)));
  EXPECT_EQ(log.entries()[0].count, 2U);
}

TEST(ErrorLog, CutsLongTextsBetweenCharacters) {
  ErrorLog log;
  std::string text(ErrorLog::kMaxText - 1, 'x');
  text += "\xc3\xa4 and more";
  log.add(text, {});
  EXPECT_EQ(log.entries()[0].message, std::string(ErrorLog::kMaxText - 1, 'x'));
}

}  // namespace
}  // namespace embergate::delivery
