// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using ::testing::HasSubstr;

constexpr const char* kActivePatient = R"({"resourceType":"Patient","active":true})";

TEST_F(InteractionsTest, EveryWriteOfAMatchingResourceMakesOneEventInItsOwnCommit) {
  const auto slot = add_patient_destination();
  receipts_.clear();
  const auto created = update("Patient", "p1", kActivePatient);
  const auto updated = update("Patient", "p1", kActivePatient);
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
  wrong.if_match = EntityTags::of(99'999);
  ASSERT_FALSE(update("Patient", "p1", kActivePatient, wrong));
  EXPECT_TRUE(events_of(slot).empty());
}

TEST_F(InteractionsTest, CriteriaSeeCurrentAndPrevious) {
  const auto slot = add_patient_destination("%current.active = true and %previous.active = false");
  ASSERT_TRUE(update("Patient", "p1", R"({"resourceType":"Patient","active":false})"));
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  EXPECT_EQ(events_of(slot).size(), 1U);
}

TEST_F(InteractionsTest, ATopicAppliesToTheWritesAfterIt) {
  ASSERT_TRUE(update("Patient", "before", kActivePatient));
  const auto slot = add_patient_destination();
  ASSERT_TRUE(update("Patient", "after", kActivePatient));
  const auto events = events_of(slot);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reference, "Patient/after");
}

TEST_F(InteractionsTest, ADestinationWithQueuedEventsIsDeletedOnlyWhenTheyAreDiscarded) {
  const auto slot = add_patient_destination();
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  ASSERT_TRUE(update("Patient", "p3", kActivePatient));
  const auto refused = remove("AidboxTopicDestination", "events");
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), core::ErrorCode::kConflict);
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("2 events"));
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("?discard=true"));
  EXPECT_EQ(events_of(slot).size(), 2U);

  Preconditions discard;
  discard.discard_queue = true;
  RequestContext of_a_feed;
  of_a_feed.authorize = [](std::string_view, std::string_view) { return core::Result<void>(); };
  const auto forbidden = run(interactions_->remove(of_a_feed, "AidboxTopicDestination", "events", discard));
  ASSERT_FALSE(forbidden) << "$discard is for administrators, so this is as well";
  EXPECT_EQ(code_of(forbidden), core::ErrorCode::kForbidden);
  EXPECT_EQ(events_of(slot).size(), 2U);
  ASSERT_TRUE(run(interactions_->remove(RequestContext(), "AidboxTopicDestination", "events", discard)));
  ASSERT_TRUE(update("Patient", "p2", kActivePatient));
  EXPECT_TRUE(events_of(slot).empty());
}

TEST_F(InteractionsTest, ARowThatWasSupersededKeepsItsDestinationFromBeingDeleted) {
  const auto slot = add_patient_destination();
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  store::Settlement settlement;
  settlement.slot = slot;
  settlement.delivered.push_back({2, 2});
  store::HeldRow superseded;
  superseded.event_number = 1;
  superseded.state = store::HeldRow::State::kSuperseded;
  superseded.type = "Patient";
  superseded.id = "p1";
  settlement.held.push_back(superseded);
  std::promise<bool> settled;
  store_->outbox().settle(settlement, [&](core::Result<void> result) { settled.set_value(result.has_value()); });
  ASSERT_TRUE(settled.get_future().get());
  const auto refused = remove("AidboxTopicDestination", "events");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("1 events"));
}

std::string transaction_of(const std::string& entries) {
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
}
const std::string kPatientEntry =
    R"({"request":{"method":"PUT","url":"Patient/p9"},"resource":{"resourceType":"Patient"}})";

TEST_F(InteractionsTest, AnEventOfTheSameTransactionKeepsItsDestinationFromBeingDeleted) {
  const auto slot = add_patient_destination();
  const std::string plain = R"({"request":{"method":"DELETE","url":"AidboxTopicDestination/events"}})";
  const auto refused = bundle(transaction_of(kPatientEntry + "," + plain));
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused), core::ErrorCode::kConflict);
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("1 events"));
  EXPECT_EQ(refused.error().error.expression, "Bundle.entry[1]");
  EXPECT_FALSE(read("Patient", "p9"));
  EXPECT_TRUE(events_of(slot).empty());

  ASSERT_TRUE(bundle(transaction_of(plain + "," + kPatientEntry))) << "deleted first, it gets no event";
}

TEST_F(InteractionsTest, ABundleMayDiscardTheQueueOfADestinationThatItDeletes) {
  add_patient_destination();
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
  const auto batch = [this](const std::string& url) {
    auto answer = bundle(R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":")" +
                         url + "\"}}]}");
    EXPECT_TRUE(answer);
    return answer ? answer->body : std::string();
  };
  EXPECT_THAT(batch("AidboxTopicDestination/events"), HasSubstr("\"409\""));
  EXPECT_THAT(batch("AidboxTopicDestination/events?discard=false"), HasSubstr("\"409\""));
  EXPECT_THAT(batch("AidboxTopicDestination/events?discard=yes"), HasSubstr("condition"));
  EXPECT_THAT(batch("Patient/p1?discard=true"), HasSubstr("condition"));
  EXPECT_THAT(batch("/fhir/AidboxTopicDestination/events?discard=true"), HasSubstr("\"200\""));
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
  ASSERT_TRUE(run(interactions_->update(context, "Patient", "p1", kActivePatient, Preconditions())));
  EXPECT_EQ(events_of(slot).at(0).correlation_id, "batch-17");
}

TEST_F(InteractionsTest, WhatWasConfiguredIsInForceBeforeItsWriterIsAnswered) {
  const int before = catalog_changes_;
  add_patient_destination();
  EXPECT_EQ(catalog_changes_, before + 2) << "once for the topic, once for the destination";
  ASSERT_TRUE(update("Patient", "p1", kActivePatient));
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
