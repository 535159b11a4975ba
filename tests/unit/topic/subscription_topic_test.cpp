// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/subscription_topic.hpp"

#include <gmock/gmock.h>

#include "topic_support.hpp"

namespace embergate::topic {
namespace {

using test::has_issue;
using test::resource_of;
using ::testing::IsEmpty;

struct Parsed {
  std::shared_ptr<const SubscriptionTopic> topic;
  std::vector<fhir::Issue> issues;
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  parsed.topic = SubscriptionTopic::parse(*resource_of(text), "t1", parsed.issues);
  return parsed;
}

Parsed with_trigger(std::string_view trigger) {
  return parse(std::string(R"({"resourceType":"AidboxSubscriptionTopic","url":"u","status":"active","trigger":[)") +
               std::string(trigger) + "]}");
}

TEST(SubscriptionTopic, ReadsTheMinimalBodyOfTheContract) {
  const Parsed parsed = parse(R"({ "resourceType": "AidboxSubscriptionTopic", "status": "active",
    "url": "http://gw.example/topics/lab-final",
    "trigger": [ { "resource": "Observation", "supportedInteraction": ["create", "update"],
                   "fhirPathCriteria": "status = 'final' or status = 'corrected'" } ] })");
  ASSERT_THAT(parsed.issues, IsEmpty());
  ASSERT_NE(parsed.topic, nullptr);
  EXPECT_EQ(parsed.topic->id, "t1");
  EXPECT_EQ(parsed.topic->url, "http://gw.example/topics/lab-final");
  ASSERT_EQ(parsed.topic->triggers.size(), 1U);
  const Trigger& trigger = parsed.topic->triggers[0];
  EXPECT_EQ(trigger.resource, "Observation");
  EXPECT_TRUE(trigger.on_create);
  EXPECT_TRUE(trigger.on_update);
  EXPECT_FALSE(trigger.on_delete);
  EXPECT_NE(trigger.criteria, nullptr);
}

TEST(SubscriptionTopic, ListensToEverythingWhenInteractionAndCriteriaAreAbsent) {
  const Parsed parsed =
      with_trigger(R"({"resource":"http://hl7.org/fhir/StructureDefinition/Patient","fhirPathCriteria":""})");
  ASSERT_NE(parsed.topic, nullptr);
  const Trigger& trigger = parsed.topic->triggers[0];
  EXPECT_EQ(trigger.resource, "Patient");
  EXPECT_TRUE(trigger.on_create && trigger.on_update && trigger.on_delete);
  EXPECT_EQ(trigger.criteria, nullptr);
}

TEST(SubscriptionTopic, AcceptsTheMetadataAndABareWordAsUrl) {
  const Parsed parsed =
      parse(R"({"resourceType":"AidboxSubscriptionTopic","id":"x","meta":{},"url":"patient-topic","status":"draft",
    "version":"1","name":"n","title":"t","description":"d","_description":{"extension":[{"url":"u","valueString":"v"}]},"publisher":"p",
    "purpose":"q","copyright":"c","copyrightLabel":"l","date":"2026-01-01","approvalDate":"2026-01-01","lastReviewDate":"2026-01-01",
    "experimental":true,"identifier":[{"value":"1"}],"contact":[{"name":"x"}],"useContext":[{"code":{}}],"jurisdiction":[{"text":"x"}],
    "derivedFrom":["a"],"effectivePeriod":{"start":"2026"},"versionAlgorithmString":"semver"})");
  EXPECT_THAT(parsed.issues, IsEmpty());
  ASSERT_NE(parsed.topic, nullptr);
  EXPECT_EQ(parsed.topic->status, "draft");
  EXPECT_THAT(parsed.topic->triggers, IsEmpty());
}

TEST(SubscriptionTopic, ReportsEveryIssueAtOnceWithItsPlace) {
  const Parsed parsed =
      parse(R"({"resourceType":"AidboxSubscriptionTopic","status":"on","experimental":"yes","colour":"red",
    "modifierExtension":[{"url":"u"}],"derivedFrom":[],
    "trigger":[{"supportedInteraction":["create","read"],"when":1},{"resource":"Pacient"}]})");
  EXPECT_EQ(parsed.topic, nullptr);
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.url"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.status"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.experimental"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.colour"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.modifierExtension"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.derivedFrom"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].resource"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].supportedInteraction[1]"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].when"));
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[1].resource"));
}

TEST(SubscriptionTopic, RefusesTriggersOnResourcesOfTheServerItself) {
  for (const std::string_view type : {"Client", "User", "Session", "IdentityProvider", "TokenIntrospector",
                                      "AccessPolicy", "AidboxTopicDestination", "AidboxSubscriptionTopic"}) {
    const Parsed parsed = with_trigger(std::string(R"({"resource":")") + std::string(type) + "\"}");
    EXPECT_EQ(parsed.topic, nullptr) << type;
    EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].resource")) << type;
  }
}

TEST(SubscriptionTopic, RefusesCriteriaThatDoNotParseAndSaysWhere) {
  const Parsed parsed =
      with_trigger(R"({"resource":"Patient","fhirPathCriteria":"gender = 'female' and\n  active = = true"})");
  EXPECT_EQ(parsed.topic, nullptr);
  ASSERT_EQ(parsed.issues.size(), 1U);
  EXPECT_EQ(parsed.issues[0].expression, "AidboxSubscriptionTopic.trigger[0].fhirPathCriteria");
  EXPECT_THAT(parsed.issues[0].diagnostics, ::testing::HasSubstr("line 2"));
}

TEST(SubscriptionTopic, ABlankCriterionIsNone) {
  for (const char* criteria : {"", "  ", "\\n"}) {
    const Parsed parsed = with_trigger(std::string(R"({"resource":"Patient","fhirPathCriteria":")") + criteria + "\"}");
    ASSERT_NE(parsed.topic, nullptr) << '"' << criteria << '"';
    EXPECT_EQ(parsed.topic->triggers.at(0).criteria, nullptr);
  }
}

TEST(SubscriptionTopic, RefusesAnUnknownElementOfAKnownType) {
  const Parsed parsed = with_trigger(R"({"resource":"Patient","fhirPathCriteria":"gendr = 'female'"})");
  EXPECT_EQ(parsed.topic, nullptr);
  EXPECT_TRUE(has_issue(parsed.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].fhirPathCriteria"));
}

TEST(SubscriptionTopic, KeepsWarningsOfTheStaticCheckWithoutRefusing) {
  const Parsed parsed = with_trigger(R"x({"resource":"Observation","fhirPathCriteria":"valueQuantity.exists()"})x");
  EXPECT_NE(parsed.topic, nullptr);
  EXPECT_FALSE(parsed.topic->warnings.empty());
}

TEST(SubscriptionTopic, AcceptsFilterDeclarationsInsideTriggersAndAtTheTop) {
  EXPECT_NE(with_trigger(R"({"resource":"Patient","canFilterBy":[{"filterParameter":"g","comparator":["eq"],
    "filterDefinitionFhirPathExpression":"gender","description":"d"}]})")
                .topic,
            nullptr);
  const Parsed top = parse(
      R"({"resourceType":"AidboxSubscriptionTopic","url":"u","status":"active","canFilterBy":[{"resource":"Patient",
    "filterParameter":"g","comparator":["eq","ne"],"filterDefinitionFhirPathExpression":"gender"}]})");
  EXPECT_NE(top.topic, nullptr);
  const Parsed wrong = with_trigger(R"({"resource":"Patient","canFilterBy":[{"comparator":["like"],
    "filterDefinitionFhirPathExpression":"gender ="}]})");
  EXPECT_EQ(wrong.topic, nullptr);
  EXPECT_TRUE(has_issue(wrong.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].canFilterBy[0].filterParameter"));
  EXPECT_TRUE(has_issue(wrong.issues, "invalid", "AidboxSubscriptionTopic.trigger[0].canFilterBy[0].comparator[0]"));
  EXPECT_TRUE(has_issue(wrong.issues, "invalid",
                        "AidboxSubscriptionTopic.trigger[0].canFilterBy[0].filterDefinitionFhirPathExpression"));
}

TEST(SubscriptionTopic, AFilterThatGivesNoBooleanIsNotWarnedAbout) {
  const Parsed filter = with_trigger(R"({"resource":"Patient","canFilterBy":[{"filterParameter":"g","comparator":["eq"],
    "filterDefinitionFhirPathExpression":"gender"}]})");
  ASSERT_NE(filter.topic, nullptr);
  EXPECT_THAT(filter.topic->warnings, IsEmpty());
  const Parsed criterion = with_trigger(R"({"resource":"Patient","fhirPathCriteria":"gender"})");
  ASSERT_NE(criterion.topic, nullptr);
  EXPECT_THAT(criterion.topic->warnings, ::testing::SizeIs(1));
}

}  // namespace
}  // namespace embergate::topic
