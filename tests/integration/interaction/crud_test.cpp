// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using core::ErrorCode;
using ::testing::HasSubstr;

constexpr const char* kPatient = R"({"resourceType":"Patient","active":true,"name":[{"family":"Doe"}]})";

TEST_F(InteractionsTest, CreateAssignsIdAndVersionAndKeepsTheClientsText) {
  const auto created = create("Patient", kPatient);
  ASSERT_TRUE(created);
  EXPECT_EQ(created->status, 201);
  EXPECT_EQ(created->id.size(), 36U);
  EXPECT_THAT(created->body, HasSubstr(R"("name":[{"family":"Doe"}])"));
  EXPECT_THAT(created->body, HasSubstr("\"versionId\":\"" + std::to_string(created->version_id) + "\""));
  const auto found = read("Patient", created->id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->body, created->body);
}

TEST_F(InteractionsTest, CreateHonoursTheIdOfTheBodyAndRefusesItTwice) {
  ASSERT_TRUE(create("Patient", R"({"resourceType":"Patient","id":"p1"})"));
  const auto again = create("Patient", R"({"resourceType":"Patient","id":"p1"})");
  ASSERT_FALSE(again);
  EXPECT_EQ(code_of(again), ErrorCode::kConflict);
}

TEST_F(InteractionsTest, UpdateMakesVersionsThatRise) {
  const auto first = update("Patient", "p1", kPatient);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201);
  const auto second = update("Patient", "p1", kPatient);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 200);
  EXPECT_GT(second->version_id, first->version_id);
  const auto old = run(interactions_->vread("Patient", "p1", first->version_id, {}));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, first->body);
}

TEST_F(InteractionsTest, UpdateWithAnOldVersionIsRefused) {
  const auto first = update("Patient", "p1", kPatient);
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  Preconditions old;
  old.if_match = EntityTags::of(first->version_id);
  const auto refused = update("Patient", "p1", kPatient, old);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), ErrorCode::kPreconditionFailed);
}

TEST_F(InteractionsTest, IfMatchAnyOnlyUpdates) {
  Preconditions any;
  any.if_match = EntityTags::any();
  const auto refused = update("Patient", "nobody", kPatient, any);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), ErrorCode::kPreconditionFailed);
}

TEST_F(InteractionsTest, AHistoryOfNoEntriesSaysHowManyThereAre) {
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient"})"));
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient","active":true})"));
  ASSERT_TRUE(remove("Patient", "p1"));
  const auto history = run(interactions_->history("Patient", "p1", 0, 0));
  ASSERT_TRUE(history) << history.error().error.diagnostics;
  EXPECT_NE(history->body.find("\"total\":3"), std::string::npos) << history->body;
  EXPECT_EQ(history->body.find("entry"), std::string::npos) << history->body;
  EXPECT_EQ(code_of(run(interactions_->history("Patient", "p2", 0, 0))), core::ErrorCode::kNotFound);
}

TEST_F(InteractionsTest, DeletedIsGoneAndKeepsItsHistory) {
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  const auto deleted = remove("Patient", "p1");
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->status, 200);
  EXPECT_THAT(deleted->body, HasSubstr("Doe"));
  EXPECT_EQ(code_of(read("Patient", "p1")), ErrorCode::kGone);
  EXPECT_EQ(remove("Patient", "p1")->status, 204);
  const auto history = run(interactions_->history("Patient", "p1", 100, 0));
  ASSERT_TRUE(history);
  EXPECT_LT(history->body.find("DELETE"), history->body.find("POST"));
  const auto again = update("Patient", "p1", kPatient);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 201);
}

TEST_F(InteractionsTest, AnUnknownResourceIsNotFound) {
  EXPECT_EQ(code_of(read("Patient", "nobody")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(run(interactions_->vread("Patient", "nobody", 1, {}))), ErrorCode::kNotFound);
}

TEST_F(InteractionsTest, AReferenceMustExist) {
  const std::string observation =
      R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})";
  const auto refused = create("Observation", observation);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("Referenced resource Patient/p1 does not exist"));
  EXPECT_THAT(refused.error().error.expression, HasSubstr("subject"));
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  EXPECT_TRUE(create("Observation", observation));
}

TEST_F(InteractionsTest, ValidationNamesEveryElement) {
  const auto refused = create("Patient", R"({"resourceType":"Patient","active":"yes","nam":[]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalid);
  EXPECT_GE(refused.error().issues.size(), 2U);
}

TEST_F(InteractionsTest, ConditionalCreateFindsWhatIsThere) {
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]})";
  Preconditions none_exist;
  none_exist.if_none_exist = "identifier=urn:x|1";
  const auto first = create("Patient", body, none_exist);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201);
  const auto second = create("Patient", body, none_exist);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(second->id, first->id);
  ASSERT_TRUE(create("Patient", body));
  const auto several = create("Patient", body, none_exist);
  ASSERT_FALSE(several);
  EXPECT_EQ(code_of(several), ErrorCode::kMultipleMatches);
}

TEST_F(InteractionsTest, AnInlineClientSecretIsNeverShown) {
  const auto created =
      update("Client", "c1", R"({"resourceType":"Client","secret":"cnry-inline-0123456789","grant_types":["basic"]})");
  ASSERT_TRUE(created) << created.error().error.diagnostics;
  for (const auto& answer : {created, read("Client", "c1"), run(interactions_->history("Client", "c1", 10, 0))}) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body.find("cnry-inline"), std::string::npos);
    EXPECT_EQ(answer->body.find("scrypt"), std::string::npos);
    EXPECT_THAT(answer->body, HasSubstr("masked"));
  }
}

TEST_F(InteractionsTest, AClientReadAndWrittenBackKeepsItsSecret) {
  const auto created =
      update("Client", "c1", R"({"resourceType":"Client","secret":"cnry-inline-0123456789","grant_types":["basic"]})");
  const auto again = update("Client", "c1", created->body);
  ASSERT_TRUE(again) << again.error().error.diagnostics;
  std::string stored;
  ASSERT_TRUE(store_->read([&stored](store::Reader& reader) -> core::Result<void> {
    EG_TRY(auto current, reader.load_current("Client", "c1"));
    stored = current->body;
    return {};
  }));
  EXPECT_THAT(stored, HasSubstr("$scrypt$"));
}

TEST_F(InteractionsTest, ThePlaceholderAloneIsRefusedWhereNothingIsStored) {
  const auto refused = create("Client", R"({"resourceType":"Client","_secret":{"extension":[
    {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalid);
}

std::string destination_with(const std::string& parameters) {
  return R"({"resourceType":"AidboxTopicDestination","id":"events",
    "meta":{"profile":["http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-kafkaAtLeastOnceProfile"]},
    "topic":"urn:topic:patients","kind":"kafka-at-least-once","parameter":[)" +
         parameters + "]}";
}

// Four mistakes gave the first one alone, without a remedy.
TEST_F(InteractionsTest, ADestinationIsAnsweredWithAllItsFaultsAtOnce) {
  Options options;
  options.validate_system_resource = [](const fhir::Resource&, std::string_view) {
    return std::vector<fhir::Issue>{
        {"fatal", "invalid", "of a value", "AidboxTopicDestination.parameter[2]"},
        {"fatal", "invalid", "said before", "AidboxTopicDestination.parameter[3]"},
        {"fatal", "invalid", "kafkaTopic is missing", "AidboxTopicDestination.parameter"},
    };
  };
  Interactions strict(options, *store_, vault_, pool_, dry_runs_, metrics_);
  const std::string masked =
      R"({"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"})";
  const std::string named = R"({"url":"http://health-samurai.io/fhir/secret-reference","valueString":"evnts-jaas"})";
  const auto answer = run(strict.create(RequestContext(), "AidboxTopicDestination",
                                        destination_with(R"({"name":"bootstrapServer","valueString":"b:9092"},
        {"name":"saslJaasConfig","_valueString":{"extension":[)" +
                                                         masked + "," + named + R"(]}},
        {"name":"securityProtocol","valueString":"SASL"},
        {"name":"sslKeystoreKey","_valueString":{"extension":[)" +
                                                         named + "]}}"),
                                        {}));
  ASSERT_FALSE(answer);
  std::vector<std::string> places;
  for (const auto& issue : answer.error().issues) places.push_back(issue.code + " " + issue.expression);
  EXPECT_THAT(places, ::testing::UnorderedElementsAre("not-found AidboxTopicDestination.parameter[1].value",
                                                      "invalid AidboxTopicDestination.parameter[3].value",
                                                      "invalid AidboxTopicDestination.parameter[0].name",
                                                      "invalid AidboxTopicDestination.parameter[2]",
                                                      "invalid AidboxTopicDestination.parameter"));
}

TEST_F(InteractionsTest, HowToChangeADestinationIsSaidWhereAChangeIsRefused) {
  add_patient_destination();
  const std::string body = destination_with(
      R"({"name":"kafkaTopic","valueString":"t"},{"name":"bootstrapServers","valueString":"localhost:9092"})");
  for (const auto& [answer, code] :
       {std::pair(create("AidboxTopicDestination", body), ErrorCode::kConflict),
        std::pair(update("AidboxTopicDestination", "events", body), ErrorCode::kMethodNotAllowed)}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(code_of(answer), code);
    EXPECT_THAT(answer.error().error.diagnostics, HasSubstr("$status shows messagesQueued 0"));
    EXPECT_THAT(answer.error().error.diagnostics, HasSubstr("in one transaction bundle"));
  }
}

}  // namespace
}  // namespace embergate::interaction
