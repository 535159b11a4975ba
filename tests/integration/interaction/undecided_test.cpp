// SPDX-License-Identifier: Apache-2.0
// A criterion that exceeds its budget never silently costs an event (contract 2.2).
#include <gmock/gmock.h>

#include <future>

#include "embergate/topic/criterion_watch.hpp"
#include "interactions_fixture.hpp"
#include "support/eventually.hpp"

namespace embergate::interaction {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Cubic in the number of names, whatever it finds: too much for a write with 100 of them, and not for a later look.
constexpr const char* kCubic =
    "name.where(%resource.name.where(%resource.name.where(family = 'last').count() > 0).count() > 0).count() > 0";
constexpr const char* kHopeless = "name.count() > 3 and 1.repeat($this + 1).count() = 7";

std::string patient(int names, const std::string& last, const std::string& more = "") {
  std::string list;
  for (int i = 1; i < names; ++i) list += R"({"family":"f"},)";
  return R"({"resourceType":"Patient",)" + more + R"("name":[)" + list + R"({"family":")" + last + R"("}]})";
}

class UndecidedTest : public InteractionsTest {
 protected:
  UndecidedTest() {
    Options options;
    options.on_decided = [this](store::DestinationSlot, std::vector<store::HeldRow> wanted,
                                std::vector<store::HeldRow> unwanted) {
      std::lock_guard lock(mutex_);
      for (const store::HeldRow& row : wanted) wanted_.push_back(row.event_number);
      for (const store::HeldRow& row : unwanted) unwanted_.push_back(row.event_number);
    };
    interactions_ = std::make_unique<Interactions>(options, *store_, vault_, pool_, metrics_);
  }
  bool eventually_decided(store::DestinationSlot slot) {
    return test::eventually([&] { return store_->outbox().counters(slot)->undecided == 0; }, std::chrono::minutes(1));
  }
  std::vector<store::EventNumber> wanted() {
    std::lock_guard lock(mutex_);
    return wanted_;
  }
  std::vector<store::EventNumber> unwanted() {
    std::lock_guard lock(mutex_);
    return unwanted_;
  }
  // What a relay would send.
  std::vector<Event> wanted_events_of(store::DestinationSlot slot) {
    std::vector<Event> events;
    EXPECT_TRUE(store_->outbox().read(slot, 0, 1'000, 1'000'000'000, [&](const store::OutboxEvent& event) {
      if (!event.undecided || event.wanted) {
        events.push_back({event.event_number, std::string(event.type) + "/" + std::string(event.id), event.version_id,
                          event.interaction, std::string(event.correlation_id)});
      }
      return true;
    }));
    return events;
  }
  std::vector<store::EventNumber> wanted_;
  std::vector<store::EventNumber> unwanted_;
};

TEST_F(UndecidedTest, ACostlyCriterionIsDecidedAfterTheWriteAndCostsNoEvent) {
  const auto slot = add_patient_destination(kCubic);
  receipts_.clear();
  ASSERT_TRUE(update("Patient", "few", patient(3, "last")));
  ASSERT_TRUE(update("Patient", "many", patient(100, "last")));
  ASSERT_TRUE(update("Patient", "other", patient(100, "none")));
  ASSERT_TRUE(eventually_decided(slot));
  ASSERT_TRUE(test::eventually([&] { return unwanted().size() == 1 && wanted().size() == 1; }))
      << wanted().size() << " wanted, " << unwanted().size() << " unwanted";
  const auto events = wanted_events_of(slot);
  ASSERT_EQ(events.size(), 2U) << "the one that does not match is gone, with its number";
  EXPECT_EQ(events[0].reference, "Patient/few");
  EXPECT_EQ(events[1].reference, "Patient/many");
  EXPECT_EQ(events[1].number, 2);
  EXPECT_THAT(wanted(), ElementsAre(2));
  EXPECT_THAT(unwanted(), ElementsAre(3));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_undecided_total{topic=\"urn:topic:patients\"} 2"));
  EXPECT_THAT(metrics_.text(),
              HasSubstr("embergate_topic_events_total{action=\"create\",topic=\"urn:topic:patients\"} 2"));
}

TEST_F(UndecidedTest, ACriterionThatIsPutOffCostsNoEvent) {
  const auto slot = add_patient_destination("active = true or " + std::string(kCubic));
  for (std::uint32_t i = 0; i < topic::CriterionWatch::kLimit; ++i)
    ASSERT_TRUE(update("Patient", "costly" + std::to_string(i), patient(100, "none")));
  ASSERT_TRUE(update("Patient", "put-off", R"({"resourceType":"Patient","active":true})"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_put_off_total{topic=\"urn:topic:patients\"} 1"));
  ASSERT_TRUE(eventually_decided(slot));
  const auto events = wanted_events_of(slot);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reference, "Patient/put-off");
}

TEST_F(UndecidedTest, ACriterionThatExceedsItsLimitsIsPutOffWithinOneTransactionToo) {
  const auto slot = add_patient_destination(kHopeless);
  std::string entries;
  for (std::uint32_t i = 0; i < topic::CriterionWatch::kLimit + 4; ++i) {
    entries += std::string(i == 0 ? "" : ",") + R"({"resource":)" + patient(4, "x") +
               R"(,"request":{"method":"PUT","url":"Patient/p)" + std::to_string(i) + R"("}})";
  }
  const auto done = bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}");
  ASSERT_TRUE(done) << done.error().error.diagnostics;
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_put_off_total{topic=\"urn:topic:patients\"} 3"))
      << "of the four behind the limit one was tried again";
  EXPECT_EQ(store_->outbox().counters(slot)->queued, topic::CriterionWatch::kLimit + 4) << "none is lost";
}

TEST_F(UndecidedTest, DecidesOnTheStatesThatTheWriteSaw) {
  const auto slot =
      add_patient_destination("%previous.gender = 'male' and %current.gender = 'female' and " + std::string(kCubic));
  ASSERT_TRUE(update("Patient", "p", patient(100, "last", R"("gender":"male",)")));
  ASSERT_TRUE(update("Patient", "p", patient(100, "last", R"("gender":"female",)")));
  ASSERT_TRUE(update("Patient", "p", patient(100, "last", R"("gender":"male",)")));
  ASSERT_TRUE(eventually_decided(slot));
  const auto events = wanted_events_of(slot);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].interaction, store::Interaction::kUpdate);
}

TEST_F(UndecidedTest, DecidesADeletionOnTheLastState) {
  const auto slot = add_patient_destination("%current.empty() and %previous.exists() and " + std::string(kCubic));
  ASSERT_TRUE(update("Patient", "p", patient(100, "last")));
  ASSERT_TRUE(remove("Patient", "p"));
  ASSERT_TRUE(eventually_decided(slot));
  const auto events = wanted_events_of(slot);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].interaction, store::Interaction::kDelete);
}

TEST_F(UndecidedTest, ATopicThatIsChangedOrDeletedMeanwhileDecidesAsItWas) {
  const auto slot = add_patient_destination(kCubic);
  const auto done = bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"resource":)" + patient(100, "none") +
                           R"(,"request":{"method":"PUT","url":"Patient/p"}},
    {"request":{"method":"DELETE","url":"AidboxSubscriptionTopic/patients"}},
    {"resource":{"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active",
      "trigger":[{"resource":"Patient"}]},"request":{"method":"PUT","url":"AidboxSubscriptionTopic/all"}}]})");
  ASSERT_TRUE(done) << done.error().error.diagnostics;
  ASSERT_TRUE(eventually_decided(slot));
  EXPECT_THAT(wanted_events_of(slot), IsEmpty()) << "the topic of now would match everything";
}

TEST_F(UndecidedTest, WhatNoBudgetDecidesStaysVisibleAndIsReleasedOrDiscarded) {
  const auto slot = add_patient_destination(kHopeless);
  ASSERT_TRUE(update("Patient", "p1", patient(4, "x")));
  ASSERT_TRUE(update("Patient", "p2", patient(4, "x")));
  ASSERT_TRUE(update("Patient", "decided", patient(2, "x"))) << "false, since the second part is not needed";
  const auto held = [&] {
    return store_->outbox().held_rows(slot, {store::HeldRow::State::kUndecided, 0, 10}).value();
  };
  ASSERT_TRUE(
      test::eventually([&] { return held().size() == 2 && held()[0].attempts == 1 && held()[1].attempts == 1; }));
  EXPECT_THAT(held()[0].reason, HasSubstr("trigger[0] could not decide: repeat() does not come to an end"));
  std::promise<void> done;
  store_->transact(
      [&](store::Transaction& tx) -> core::Result<void> {
        EG_CHECK(tx.release_held(slot, {{1}, {}, 1}));
        EG_CHECK(tx.discard_held(slot, {{2}, {}, 1}));
        return {};
      },
      [&](const core::Result<store::CommitReceipt>& committed) {
        EXPECT_TRUE(committed);
        done.set_value();
      });
  done.get_future().wait();
  EXPECT_EQ(store_->outbox().counters(slot)->undecided, 0U);
  ASSERT_EQ(wanted_events_of(slot).size(), 1U);
  EXPECT_EQ(wanted_events_of(slot)[0].reference, "Patient/p1");
}

TEST_F(UndecidedTest, AnErrorThatIsNoBoundIsDecidedAsNoMatch) {
  const auto slot =
      add_patient_destination("name.family = 'last' and " + std::string(kCubic) + " or name.single().exists()");
  ASSERT_TRUE(update("Patient", "p", patient(2, "last")));
  EXPECT_EQ(store_->outbox().counters(slot)->undecided, 0U);
  EXPECT_THAT(wanted_events_of(slot), IsEmpty());
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:topic:patients\"} 1"));
}

TEST_F(UndecidedTest, WhatWasUndecidedAtTheEndIsDecidedAfterTheStart) {
  const auto slot = add_patient_destination(kCubic);
  ASSERT_TRUE(update("Patient", "many", patient(100, "last")));
  interactions_.reset();  // perhaps before it was decided
  interactions_ = std::make_unique<Interactions>(Options(), *store_, vault_, pool_, metrics_);
  ASSERT_TRUE(eventually_decided(slot));
  EXPECT_EQ(wanted_events_of(slot).size(), 1U);
}

}  // namespace
}  // namespace embergate::interaction
