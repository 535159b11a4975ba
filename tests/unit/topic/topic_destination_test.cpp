// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/topic_destination.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "topic_support.hpp"

namespace embergate::topic {
namespace {

using test::has_issue;
using test::resource_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kProfile =
    "http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-kafkaAtLeastOnceProfile";
constexpr std::string_view kRequired =
    R"({"name":"kafkaTopic","valueString":"events"},{"name":"bootstrapServers","valueString":"broker:9092"})";

struct ParsedDestination {
  std::shared_ptr<TopicDestination> destination;
  std::vector<fhir::Issue> issues;
};

ParsedDestination parse_destination(std::string_view text) {
  ParsedDestination parsed;
  parsed.destination = TopicDestination::parse(*resource_of(text), "d1", parsed.issues);
  return parsed;
}

ParsedDestination with(std::string_view parameters, std::string_view members = "",
                       std::string_view kind = "kafka-at-least-once", std::string_view profile = kProfile) {
  return parse_destination(
      fmt::format(R"({{"resourceType":"AidboxTopicDestination","meta":{{"profile":["{}"]}},"topic":"u","kind":"{}",
    "parameter":[{}]{}{}}})",
                  profile, kind, parameters, members.empty() ? "" : ",", members));
}

ParsedDestination with_parameter(std::string_view parameter) {
  return with(fmt::format("{},{}", kRequired, parameter));
}

TEST(TopicDestination, ReadsSettingsAndParameters) {
  const ParsedDestination parsed = with(
      fmt::format(R"({},{{"name":"batchSize","valueInteger":100}},{{"name":"lingerMs","valueUnsignedInt":5}},
        {{"name":"keyByResourceId","valueBoolean":true}})",
                  kRequired),
      R"("content":"id-only","includeEntryAction":true,"includeVersionId":true,"includeVersionIdInFocusReference":true,
        "enableLogging":true,"logLevel":"debug","status":"active")");
  ASSERT_THAT(parsed.issues, IsEmpty());
  const TopicDestination& destination = *parsed.destination;
  EXPECT_EQ(destination.id, "d1");
  EXPECT_EQ(destination.topic_url, "u");
  EXPECT_EQ(destination.kind, DestinationKind::kKafkaAtLeastOnce);
  EXPECT_EQ(destination.content, Content::kIdOnly);
  EXPECT_TRUE(destination.include_entry_action && destination.include_version_id &&
              destination.include_version_id_in_focus);
  EXPECT_TRUE(destination.enable_logging);
  EXPECT_EQ(destination.log_level, "debug");
  EXPECT_EQ(destination.parameter("kafkaTopic")->text, "events");
  EXPECT_EQ(destination.parameter("batchSize")->number, 100);
  EXPECT_EQ(destination.parameter("lingerMs")->number, 5);
  EXPECT_EQ(destination.parameter("keyByResourceId")->boolean, true);
  EXPECT_EQ(destination.parameter("keyByResourceId")->index, 4U);
  EXPECT_EQ(destination.parameter("clientId"), nullptr);
}

TEST(TopicDestination, HasTheDocumentedDefaults) {
  const ParsedDestination parsed = with(kRequired);
  ASSERT_NE(parsed.destination, nullptr);
  EXPECT_EQ(parsed.destination->content, Content::kFullResource);
  EXPECT_EQ(parsed.destination->log_level, "info");
  EXPECT_FALSE(parsed.destination->include_entry_action || parsed.destination->include_version_id ||
               parsed.destination->include_version_id_in_focus || parsed.destination->enable_logging);
}

TEST(TopicDestination, AcceptsTheProfilesOfBothPrefixesAndNoOther) {
  EXPECT_NE(with(kRequired, "", "kafka-at-least-once",
                 "http://aidbox.app/StructureDefinition/aidboxtopicdestination-kafka-at-least-once")
                .destination,
            nullptr);
  const ParsedDestination other =
      with(kRequired, "", "kafka-at-least-once",
           "http://aidbox.app/StructureDefinition/aidboxtopicdestination-kafka-best-effort");
  EXPECT_TRUE(has_issue(other.issues, "invalid", "AidboxTopicDestination.meta.profile"));
  const ParsedDestination none = parse_destination(fmt::format(
      R"({{"resourceType":"AidboxTopicDestination","topic":"u","kind":"kafka-at-least-once","parameter":[{}]}})",
      kRequired));
  EXPECT_TRUE(has_issue(none.issues, "invalid", "AidboxTopicDestination.meta.profile"));
}

TEST(TopicDestination, SaysNotSupportedForKindsOfTheContractAndInvalidForOthers) {
  for (const std::string_view kind :
       {"kafka-best-effort", "webhook-at-least-once", "fhir-native-topic-based-subscription", "nats-core-best-effort",
        "gcp-pubsub-at-least-once", "aws-sns", "clickhouse", "bigquery-at-least-once"}) {
    const ParsedDestination parsed = with(kRequired, "", kind);
    EXPECT_EQ(parsed.destination, nullptr) << kind;
    EXPECT_TRUE(has_issue(parsed.issues, "not-supported", "AidboxTopicDestination.kind")) << kind;
  }
  EXPECT_TRUE(has_issue(with(kRequired, "", "carrier-pigeon").issues, "invalid", "AidboxTopicDestination.kind"));
}

TEST(TopicDestination, ReportsEveryIssueOfTheElementsAtOnce) {
  const ParsedDestination parsed =
      parse_destination(R"({"resourceType":"AidboxTopicDestination","content":"half","status":"off","logLevel":"loud",
    "includeVersionId":"yes","extra":1,"parameter":[]})");
  EXPECT_EQ(parsed.destination, nullptr);
  for (const std::string_view element :
       {"topic", "kind", "content", "status", "logLevel", "includeVersionId", "extra", "parameter"}) {
    EXPECT_TRUE(has_issue(parsed.issues, "invalid", fmt::format("AidboxTopicDestination.{}", element))) << element;
  }
}

TEST(TopicDestination, NamesTheParameterThatAnUnknownNameIsMostLike) {
  const auto text = [](std::string_view name) {
    const ParsedDestination parsed = with_parameter(fmt::format(R"({{"name":"{}","valueString":"PLAIN"}})", name));
    EXPECT_EQ(parsed.issues.size(), 1U) << name;
    EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxTopicDestination.parameter[2].name")) << name;
    return parsed.issues.empty() ? std::string() : parsed.issues[0].diagnostics;
  };
  EXPECT_THAT(text("sasl.mechanism"),
              HasSubstr("unknown parameter \"sasl.mechanism\"; did you mean \"saslMechanism\"?"));
  EXPECT_THAT(text("bootstrapServer"), HasSubstr("did you mean \"bootstrapServers\"?"));
  EXPECT_THAT(text("somethingElse"), HasSubstr("unknown parameter \"somethingElse\": leave it out"));
}

TEST(TopicDestination, ReadsAMisspeltParameterAsTheOneItIsLikeForTheFaultsOfItsValue) {
  const auto resource = resource_of(fmt::format(
      R"({{"resourceType":"AidboxTopicDestination","meta":{{"profile":["{}"]}},"topic":"u","kind":"kafka-at-least-once",
    "parameter":[{{"name":"bootstrapServer","valueString":"b:1"}},{{"name":"lingerMS","valueString":"5"}},
                 {{"name":"kafkaTopics","valueString":"other"}},{{"name":"kafkaTopic","valueString":"t"}},
                 {{"name":"batchSize","valueBoolean":true}}]}})",
      kProfile));
  std::vector<fhir::Issue> issues;
  std::vector<std::string> unread;
  const auto read = TopicDestination::parse_with_faults(*resource, "d1", issues, unread);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->parameter("bootstrapServers")->text, "b:1");
  EXPECT_EQ(read->parameter("bootstrapServers")->index, 0U);
  EXPECT_EQ(read->parameter("kafkaTopic")->text, "t") << "the right name goes first";
  EXPECT_THAT(unread, ::testing::UnorderedElementsAre("batchSize", "lingerMs"));
  EXPECT_TRUE(has_issue(issues, "invalid", "AidboxTopicDestination.parameter[1].name"));
  EXPECT_TRUE(has_issue(issues, "invalid", "AidboxTopicDestination.parameter[1].valueString"));
  std::vector<fhir::Issue> again;
  EXPECT_EQ(TopicDestination::parse(*resource, "d1", again), nullptr);
}

// Beyond the last issue that is told nothing says that a value was not read.
TEST(TopicDestination, GivesNoParameterWithoutAValueHoweverManyFaultsThereAre) {
  std::string parameters;
  for (int i = 0; i < 60; ++i) parameters += fmt::format(R"({{"name":"what-{}","valueString":"x"}},)", i);
  const auto resource = resource_of(fmt::format(
      R"({{"resourceType":"AidboxTopicDestination","meta":{{"profile":["{}"]}},"topic":"u","kind":"kafka-at-least-once",
    "parameter":[{}{{"name":"lingerMs","valueInteger":99999999999}},{{"name":"kafkaTopic","valueString":7}}]}})",
      kProfile, parameters));
  std::vector<fhir::Issue> issues;
  std::vector<std::string> unread;
  const auto read = TopicDestination::parse_with_faults(*resource, "d1", issues, unread);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->parameters.size(), 0U);
  EXPECT_THAT(unread, ::testing::UnorderedElementsAre("kafkaTopic", "lingerMs"));
}

TEST(TopicDestination, RefusesFiltersUntilTheyExist) {
  const ParsedDestination parsed =
      with(kRequired, R"("filterBy":[{"filterParameter":"a","comparator":"eq","value":"b"}])");
  EXPECT_TRUE(has_issue(parsed.issues, "not-supported", "AidboxTopicDestination.filterBy"));
}

struct BadParameter {
  std::string_view json;
  std::string_view code;
  std::string_view expression;  // below AidboxTopicDestination.parameter[2]
};
class BadParameters : public ::testing::TestWithParam<BadParameter> {};

TEST_P(BadParameters, AreRefusedAtTheirPlace) {
  const BadParameter& bad = GetParam();
  const ParsedDestination parsed = with_parameter(bad.json);
  EXPECT_EQ(parsed.destination, nullptr) << bad.json;
  EXPECT_TRUE(has_issue(parsed.issues, bad.code, fmt::format("AidboxTopicDestination.parameter[2]{}", bad.expression)))
      << bad.json << " -> "
      << (parsed.issues.empty() ? "" : parsed.issues[0].expression + ": " + parsed.issues[0].diagnostics);
}

INSTANTIATE_TEST_SUITE_P(
    TopicDestination, BadParameters,
    ::testing::Values(BadParameter{R"({"name":"colour","valueString":"red"})", "invalid", ".name"},
                      BadParameter{R"({"valueString":"red"})", "invalid", ".name"},
                      BadParameter{R"({"name":7})", "invalid", ".name"},
                      BadParameter{R"({"name":"kafkaTopic","valueString":"again"})", "invalid", ".name"},
                      BadParameter{R"({"name":"clientId"})", "invalid", ""},
                      BadParameter{R"({"name":"clientId","valueInteger":1})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"clientId","valueString":1})", "invalid", ".valueString"},
                      BadParameter{R"({"name":"batchSize","valueString":"1"})", "invalid", ".valueString"},
                      BadParameter{R"({"name":"batchSize","valueInteger":"1"})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"batchSize","valueInteger":1.5})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"batchSize","valueInteger":1e3})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"batchSize","valueInteger":-1})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"batchSize","valueInteger":99999999999})", "invalid", ".valueInteger"},
                      BadParameter{R"({"name":"batchSize","valuePositiveInt":0})", "invalid", ".valuePositiveInt"},
                      BadParameter{R"({"name":"batchSize","valueInteger":1,"valueUnsignedInt":1})", "invalid",
                                   ".valueUnsignedInt"},
                      BadParameter{R"({"name":"keyByResourceId","valueBoolean":"true"})", "invalid", ".valueBoolean"},
                      BadParameter{R"({"name":"keyByResourceId","valueString":"true"})", "invalid", ".valueString"},
                      BadParameter{R"({"name":"clientId","resource":{}})", "invalid", ".resource"},
                      BadParameter{R"({"name":"clientId","part":[{"name":"x"}]})", "invalid", ".part"},
                      BadParameter{R"({"name":"clientId","value":{"_string":{}}})", "invalid", ".value"},
                      BadParameter{R"({"name":"clientId","valueString":"x","note":1})", "invalid", ".note"},
                      BadParameter{R"({"name":"transactional","valueBoolean":true})", "not-supported", ""},
                      BadParameter{R"({"name":"tombstoneOnDelete","valueBoolean":true})", "not-supported", ""},
                      BadParameter{R"({"name":"recordHeaders","valueBoolean":true})", "not-supported", ""},
                      BadParameter{R"({"name":"maxDeliveryAttempts","valueInteger":5})", "not-supported", ""},
                      BadParameter{R"({"name":"deadLetterTopic","valueString":"dlq"})", "not-supported", ""}));

constexpr std::string_view kReference = R"("_valueString":{"extension":[
  {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"},
  {"url":"http://health-samurai.io/fhir/secret-reference","valueString":"events-jaas"}]})";

TEST(TopicDestination, TakesASecretReferenceWhereTheTableAllowsOne) {
  const ParsedDestination parsed = with_parameter(fmt::format(R"({{"name":"saslJaasConfig",{}}})", kReference));
  ASSERT_THAT(parsed.issues, IsEmpty());
  EXPECT_EQ(parsed.destination->parameter("saslJaasConfig")->secret_reference, "events-jaas");
  EXPECT_FALSE(parsed.destination->parameter("saslJaasConfig")->text.has_value());
}

TEST(TopicDestination, RefusesASecretReferenceElsewhereAndBesideAValue) {
  EXPECT_TRUE(has_issue(with_parameter(fmt::format(R"({{"name":"clientId",{}}})", kReference)).issues, "invalid",
                        "AidboxTopicDestination.parameter[2]._valueString"));
  EXPECT_TRUE(
      has_issue(with_parameter(fmt::format(R"({{"name":"saslPassword","valueString":"x",{}}})", kReference)).issues,
                "invalid", "AidboxTopicDestination.parameter[2]"));
  EXPECT_TRUE(has_issue(with_parameter(fmt::format(R"({{"name":"batchSize",{}}})", kReference)).issues, "invalid",
                        "AidboxTopicDestination.parameter[2]._valueString"));
  EXPECT_THAT(with_parameter(fmt::format(R"({{"name":"sslKeystoreKey",{}}})", kReference)).issues, IsEmpty());
}

TEST(TopicDestination, AcceptsUnbuiltFeaturesThatAreSwitchedOff) {
  const ParsedDestination parsed = with_parameter(
      R"({"name":"transactional","valueBoolean":false},{"name":"maxDeliveryAttempts","valueInteger":0})");
  EXPECT_THAT(parsed.issues, IsEmpty());
}

TEST(TopicDestination, NamesTheExpectedValueTypeInTheText) {
  const ParsedDestination parsed = with_parameter(R"({"name":"batchSize","valueString":"1"})");
  ASSERT_FALSE(parsed.issues.empty());
  EXPECT_THAT(parsed.issues[0].diagnostics, HasSubstr("valueInteger or valueUnsignedInt"));
}

TEST(TopicDestination, BoundsTheNumberOfIssues) {
  std::string parameters(kRequired);
  for (int i = 0; i < 200; ++i) parameters += fmt::format(R"(,{{"name":"p{}","valueString":"x"}})", i);
  EXPECT_EQ(with(parameters).issues.size(), 50U);
}

}  // namespace
}  // namespace embergate::topic
