// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using ::testing::HasSubstr;

constexpr const char* kPatient = R"({"resourceType":"Patient","active":true})";

TEST_F(InteractionsTest, EveryWriteOfAMatchingResourceMakesOneEventInItsOwnCommit) {
  const auto slot = add_patient_destination();
  receipts_.clear();
  const auto created = update("Patient", "p1", kPatient);
  const auto updated = update("Patient", "p1", kPatient);
  const auto deleted = remove("Patient", "p1");
  const auto events = events_of(slot);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].version, created->version_id);
  EXPECT_EQ(events[1].version, updated->version_id);
  EXPECT_EQ(events[2].version, deleted->version_id);
  EXPECT_EQ(events[2].interaction, store::Interaction::kDelete);
  EXPECT_EQ(events[2].number, 3);
  std::lock_guard lock(mutex_);
  ASSERT_EQ(receipts_.size(), 3U);
  EXPECT_EQ(receipts_[0].slots, std::vector<store::DestinationSlot>{slot});
}

TEST_F(InteractionsTest, ARefusedWriteMakesNoEvent) {
  const auto slot = add_patient_destination();
  Preconditions wrong;
  wrong.if_match = 99'999;
  ASSERT_FALSE(update("Patient", "p1", kPatient, wrong));
  EXPECT_TRUE(events_of(slot).empty());
}

TEST_F(InteractionsTest, CriteriaSeeCurrentAndPrevious) {
  const auto slot = add_patient_destination("%current.active = true and %previous.active = false");
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient","active":false})"));
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  EXPECT_EQ(events_of(slot).size(), 1U);
}

TEST_F(InteractionsTest, ATopicAppliesToTheWritesAfterIt) {
  ASSERT_TRUE(update("Patient", "before", kPatient));
  const auto slot = add_patient_destination();
  ASSERT_TRUE(update("Patient", "after", kPatient));
  const auto events = events_of(slot);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reference, "Patient/after");
}

TEST_F(InteractionsTest, ADeletedDestinationLosesItsQueueAndGetsNothingMore) {
  const auto slot = add_patient_destination();
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  ASSERT_TRUE(remove("AidboxTopicDestination", "events"));
  ASSERT_TRUE(update("Patient", "p2", kPatient));
  EXPECT_TRUE(events_of(slot).empty());
}

TEST_F(InteractionsTest, ADestinationCannotBeUpdated) {
  add_patient_destination();
  const auto refused = update("AidboxTopicDestination", "events", "{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), core::ErrorCode::kMethodNotAllowed);
}

TEST_F(InteractionsTest, ASecondTopicWithTheSameUrlIsRefused) {
  add_patient_destination();
  const auto refused = create("AidboxSubscriptionTopic",
                              R"({"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active",
    "trigger":[{"resource":"Patient"}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), core::ErrorCode::kConflict);
}

TEST_F(InteractionsTest, TheCorrelationIdTravelsWithTheEvent) {
  const auto slot = add_patient_destination();
  RequestContext context;
  context.correlation_id = "batch-17";
  ASSERT_TRUE(run(interactions_->update(context, "Patient", "p1", kPatient, Preconditions())));
  EXPECT_EQ(events_of(slot).at(0).correlation_id, "batch-17");
}

TEST_F(InteractionsTest, WhatWasConfiguredIsInForceBeforeItsWriterIsAnswered) {
  const int before = catalog_changes_;
  add_patient_destination();
  EXPECT_EQ(catalog_changes_, before + 2) << "once for the topic, once for the destination";
  ASSERT_TRUE(update("Patient", "p1", kPatient));
  EXPECT_EQ(catalog_changes_, before + 2);
}

TEST_F(InteractionsTest, ACriterionThatFailsIsCountedAndTheWriteGoesThrough) {
  const auto slot = add_patient_destination("(1 | 2) = name.given.single()");
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient","name":[{"given":["a","b"]}]})"));
  EXPECT_TRUE(events_of(slot).empty());
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:topic:patients\"} 1"));
}

TEST_F(InteractionsTest, ATopicThatDidNotChangeIsNotCompiledAgain) {
  add_patient_destination("active = true");
  const auto before = interactions_->catalog().value();
  const std::string other = R"({"resourceType":"AidboxSubscriptionTopic","id":"other","url":"urn:other",
    "status":"active","trigger":[{"resource":"Group"}]})";
  ASSERT_TRUE(update("AidboxSubscriptionTopic", "other", other));
  const auto after = interactions_->catalog().value();
  EXPECT_NE(after->epoch(), before->epoch());
  EXPECT_EQ(after->topic_by_url("urn:topic:patients"), before->topic_by_url("urn:topic:patients"));
  ASSERT_TRUE(update("AidboxSubscriptionTopic", "other", other));
  EXPECT_NE(interactions_->catalog().value()->topic_by_url("urn:other"), after->topic_by_url("urn:other"));
  ASSERT_TRUE(remove("AidboxSubscriptionTopic", "other"));
  EXPECT_EQ(interactions_->catalog().value()->topic_by_url("urn:other"), nullptr);
}

TEST_F(InteractionsTest, ADryRunStoresNothingAndMakesNoEvent) {
  const auto slot = add_patient_destination("active = true");
  const auto answer = run(interactions_->dry_run({}, R"({"resourceType":"Parameters","parameter":[
    {"name":"topic","valueCanonical":"urn:topic:patients"},
    {"name":"current","resource":{"resourceType":"Patient","id":"p1","active":true}}]})"));
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->body, HasSubstr(R"({"name":"fires","valueBoolean":true})"));
  EXPECT_TRUE(events_of(slot).empty());
  EXPECT_EQ(code_of(read("Patient", "p1")), core::ErrorCode::kNotFound);
}

}  // namespace
}  // namespace embergate::interaction
