// SPDX-License-Identifier: Apache-2.0
#include "app/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace embergate::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kStatus = R"({"resourceType":"Parameters","parameter":[
  {"name":"messagesDelivered","valueDecimal":12},
  {"name":"connected","valueBoolean":true},
  {"name":"secret","part":[{"name":"name","valueString":"events-jaas"},{"name":"state","valueString":"ok"},
    {"name":"inFile","valueInteger":2},{"name":"inUse","valueInteger":2},{"name":"generation","valueInteger":2},
    {"name":"fileGeneration","valueInteger":2}]},
  {"name":"secret","part":[{"name":"name","valueString":"kafka-ca"},{"name":"state","valueString":"ok"},
    {"name":"reason","valueString":"none at all"},{"name":"inFile","valueInteger":1},{"name":"inUse","valueInteger":1}]},
  {"name":"lastErrorDetail","part":[{"name":"message","valueString":"no broker answers"},
    {"name":"timestamp","valueDateTime":"2026-03-01T08:15:30Z"},{"name":"first","valueDateTime":"2026-03-01T08:00:00Z"},
    {"name":"count","valueInteger":3}]}]})";

TEST(StatusText, HasParametersThenATableForSecretsAndOneForErrors) {
  EXPECT_EQ(text_of_status(OrderedJson::parse(kStatus)),
            "messagesDelivered  12\n"
            "connected          true\n"
            "\n"
            "secrets\n"
            "  name         state  inFile  inUse  reason\n"
            "  events-jaas  ok     2       2\n"
            "  kafka-ca     ok     1       1      none at all\n"
            "\n"
            "errors\n"
            "  count  first                 last                  message\n"
            "  3      2026-03-01T08:00:00Z  2026-03-01T08:15:30Z  no broker answers\n");
}

TEST(StatusText, ShowsParametersThatItDoesNotKnow) {
  const std::string text = text_of_status(OrderedJson::parse(
      R"({"parameter":[{"name":"state","valueCode":"degraded"},{"name":"code","valueCode":"EG-7"},
          {"name":"thing","part":[{"name":"code","valueCode":"X"},{"name":"deep","part":[{"name":"a","valueInteger":1}]}]},
          {"name":"empty"}, 7, {"name":5}]})"));
  EXPECT_THAT(text, testing::HasSubstr("state  degraded\n"));
  EXPECT_THAT(text, testing::HasSubstr("code   EG-7\n"));
  EXPECT_THAT(text, testing::HasSubstr("thing\n  code  deep\n  X     a=1\n"));
  EXPECT_EQ(text_of_status(OrderedJson::parse("[]")), "");
}

TEST(StatusText, LetsNoTextOfOthersSteerTheTerminal) {
  const std::string text =
      text_of_status(OrderedJson::parse("{\"parameter\":[{\"name\":\"a\\u001b[2J\",\"valueString\":\"b\\nc\"}]}"));
  EXPECT_EQ(text, "a\\u001b[2J  b\\nc\n");
}

TEST(StatusText, OfHealthHasARowForEachCheckWithWhatElseItHas) {
  const OrderedJson health = OrderedJson::parse(R"({"status":"warn","about":{"version":"9.9"},"checks":{
    "db:responseTime":[{"componentType":"database","status":"pass","time":"t","observedValue":1.2345,"observedUnit":"ms"}],
    "kafka:events":[{"status":"warn","output":"no broker answers","attempts":3}]}})");
  EXPECT_EQ(text_of_health(health),
            "warn  Embergate 9.9\n"
            "\n"
            "check            state  value   says\n"
            "db:responseTime  pass   1.2 ms\n"
            "kafka:events     warn           no broker answers  attempts=3\n");
  EXPECT_FALSE(is_well(health));
  EXPECT_TRUE(is_well(OrderedJson::parse(R"({"status":"pass"})")));
}

// A check said its code as code= and again in codes=[…], behind a text that may be long.
TEST(StatusText, OfHealthSaysEachCodeOnceAndHowToReadOn) {
  const OrderedJson health = OrderedJson::parse(R"({"status":"warn","checks":{
    "kafka:events":[{"status":"warn","output":"not connected","code":"kafka.dns","codes":["kafka.dns","kafka.too-large"]}],
    "vault:secrets":[{"status":"pass"}]}})");
  EXPECT_EQ(text_of_health(health),
            "warn  Embergate\n"
            "\n"
            "check          state  value  code                        says\n"
            "kafka:events   warn          kafka.dns, kafka.too-large  not connected\n"
            "vault:secrets  pass\n"
            "\n"
            "embergate explain CODE says what to do about a code.\n");
}

TEST(StatusText, BeginsWithWhatStandsInTheWayAndWhatToDo) {
  EXPECT_EQ(text_of_status(OrderedJson::parse(R"({"parameter":[{"name":"messagesQueued","valueDecimal":7},
              {"name":"state","valueCode":"waiting"},{"name":"stateDetail","valueString":"no broker answers"},
              {"name":"code","valueCode":"kafka.dns"},{"name":"remedy","valueString":"check the name"},
              {"name":"connected","valueBoolean":false}]})")),
            "state        waiting\n"
            "stateDetail  no broker answers\n"
            "code         kafka.dns\n"
            "remedy       check the name\n"
            "\n"
            "messagesQueued  7\n"
            "connected       false\n");
}

TEST(StatusText, KnowsWhatIsTrouble) {
  const auto well = [](const std::string& parameter) {
    return is_destination_well(OrderedJson::parse(R"({"parameter":[)" + parameter + "]}"));
  };
  EXPECT_TRUE(is_destination_well(OrderedJson::parse(kStatus))) << "errors stay after things are well again";
  EXPECT_TRUE(well(R"({"name":"messagesQueued","valueDecimal":7})"));
  EXPECT_FALSE(well(R"({"name":"connected","valueBoolean":false})"));
  EXPECT_FALSE(well(R"({"name":"messagesSuperseded","valueDecimal":1})"));
  EXPECT_FALSE(well(R"({"name":"unanswered","part":[]})"));
  EXPECT_FALSE(well(R"({"name":"secret","part":[{"name":"state","valueString":"refused"}]})"));
}

TEST(StatusText, TakesWhatAnOutcomeSays) {
  EXPECT_EQ(text_of_outcome(R"({"issue":[{"diagnostics":"a"},{"details":{"text":"b"}}]})"), "a; b");
  EXPECT_EQ(text_of_outcome("<html>"), "");
}

}  // namespace
}  // namespace embergate::app
