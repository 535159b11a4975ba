// SPDX-License-Identifier: Apache-2.0
// A criterion that exceeds its budget never silently costs an event (contract 2.2).
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "embergate/topic/criterion_watch.hpp"
#include "forwarding_store.hpp"
#include "interaction/undecided_events.hpp"
#include "interactions_fixture.hpp"
#include "support/eventually.hpp"

namespace embergate::interaction {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Cubic in the number of names, whatever it finds: too much for a write with 100 of them, and not for a later look.
constexpr const char* kCubic =
    "name.where(%resource.name.where(%resource.name.where(family = 'last').count() > 0).count() > 0).count() > 0";
constexpr const char* kHopeless = "name.count() > 3 and 1.repeat($this + 1).count() = 7";

std::string patient(int names, const std::string& last, const std::string& more = "") {
  std::string list;
  for (int i = 1; i < names; ++i) list += R"({"family":"f"},)";
  return R"({"resourceType":"Patient",)" + more + R"("name":[)" + list + R"({"family":")" + last + R"("}]})";
}

// Gives undecided rows to no one as long as `holds`.
class HoldingStore final : public test::ForwardingStore {
 public:
  explicit HoldingStore(store::Store& inner) : ForwardingStore(inner), outbox_(inner.outbox(), holds) {}
  [[nodiscard]] store::Outbox& outbox() override { return outbox_; }
  std::atomic<bool> holds{true};

 private:
  class Holding final : public test::ForwardingOutbox {
   public:
    Holding(store::Outbox& inner, const std::atomic<bool>& holds) : ForwardingOutbox(inner), holds_(holds) {}
    core::Result<std::vector<store::UndecidedRow>> undecided_rows(store::DestinationSlot after,
                                                                  std::size_t limit) override {
      if (!holds_) return ForwardingOutbox::undecided_rows(after, limit);
      return core::make_retriable(core::ErrorCode::kUnavailable, "held back");
    }

   private:
    const std::atomic<bool>& holds_;
  };
  Holding outbox_;
};

// Does not read the versions of one resource as long as `fails`.
class UnreadableStore final : public test::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  core::Result<void> read(const ReadBody& body) override {
    return inner_.read([&](store::Reader& reader) -> core::Result<void> {
      Unreadable unreadable(reader, fails, asked);
      return body(unreadable);
    });
  }
  std::atomic<bool> fails{true};
  std::atomic<int> asked{0};

 private:
  class Unreadable final : public test::ForwardingReader {
   public:
    Unreadable(store::Reader& inner, const std::atomic<bool>& fails, std::atomic<int>& asked)
        : ForwardingReader(inner), fails_(fails), asked_(asked) {}
    core::Result<std::optional<store::StoredVersion>> load_version(std::string_view type, std::string_view id,
                                                                   store::VersionId version) override {
      if (id != "unreadable" || !fails_) return ForwardingReader::load_version(type, id, version);
      ++asked_;
      return core::make_retriable(core::ErrorCode::kUnavailable, "the disk does not give it");
    }

   private:
    const std::atomic<bool>& fails_;
    std::atomic<int>& asked_;
  };
};

class UndecidedTest : public InteractionsTest {
 protected:
  UndecidedTest() { decide_over(*store_); }
  ~UndecidedTest() override { interactions_.reset(); }  // its thread uses what is below

  void decide_over(store::Store& store) {
    Options options;
    options.faults = &faults_;
    options.on_decided = [this](store::DestinationSlot, std::vector<store::HeldRow> wanted,
                                std::vector<store::HeldRow> unwanted) {
      std::lock_guard lock(mutex_);
      for (const store::HeldRow& row : wanted) wanted_.push_back(row.event_number);
      for (const store::HeldRow& row : unwanted) unwanted_.push_back(row.event_number);
    };
    interactions_ = std::make_unique<Interactions>(options, store, vault_, pool_, dry_runs_, metrics_);
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
  HoldingStore holding_{*store_};
  observability::Faults faults_{core::system_clock(), metrics_};
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

TEST_F(UndecidedTest, ATransactionWhoseCriteriaUsedUpItsStepsIsStoredAndItsOtherEventsAreUndecided) {
  const auto slot = add_patient_destination(kCubic);
  interactions_.reset();
  decide_over(holding_);
  // Each trigger has a criterion of its own, so that none is put off before the steps of the transaction run out.
  std::string triggers;
  for (int i = 0; i < 12; ++i) {
    triggers += std::string(i == 0 ? "" : ",") + R"({"resource":"Patient","fhirPathCriteria":")" + std::string(kCubic) +
                " and name.count() > " + std::to_string(i) + "\"}";
  }
  ASSERT_TRUE(
      update("AidboxSubscriptionTopic", "patients",
             R"({"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active","trigger":[)" +
                 triggers + "]}"));
  constexpr std::size_t kEntries = 8;
  std::string entries;
  for (std::size_t i = 0; i < kEntries; ++i) {
    entries += std::string(i == 0 ? "" : ",") + R"({"resource":)" + patient(i + 1 == kEntries ? 1 : 300, "last") +
               R"(,"request":{"method":"PUT","url":"Patient/p)" + std::to_string(i) + R"("}})";
  }
  const auto done = bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}");
  ASSERT_TRUE(done) << done.error().error.diagnostics;
  const auto held = store_->outbox().held_rows(slot, {store::HeldRow::State::kUndecided, 0, 100});
  ASSERT_EQ(held->size(), kEntries) << "also the last one, which is cheap";
  EXPECT_THAT(held->back().reason, HasSubstr("the criteria of this transaction have used up their 50000000 steps"));
  interactions_.reset();
  decide_over(*store_);
  ASSERT_TRUE(test::eventually([&] { return !wanted().empty(); })) << "it is decided after the write";
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

TEST_F(UndecidedTest, TheMetricsOfATopicThatIsNotActiveAnyMoreDoNotComeBackWithEventsThatAreDecidedLater) {
  const auto slot = add_patient_destination(kCubic);
  interactions_.reset();
  decide_over(holding_);
  ASSERT_TRUE(interactions_->catalog());
  ASSERT_TRUE(update("Patient", "many", patient(100, "last")));
  const auto has_series = HasSubstr("topic=\"urn:topic:patients\"");
  EXPECT_THAT(metrics_.text(), has_series);
  ASSERT_TRUE(update("AidboxSubscriptionTopic", "patients",
                     R"({"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"retired",
      "trigger":[{"resource":"Patient"}]})"));
  ASSERT_TRUE(interactions_->catalog());
  EXPECT_THAT(metrics_.text(), Not(has_series));
  holding_.holds = false;
  ASSERT_TRUE(eventually_decided(slot));
  ASSERT_TRUE(test::eventually([&] { return wanted().size() == 1; })) << "it costs no event";
  EXPECT_THAT(metrics_.text(), Not(has_series));
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
  interactions_.reset();
  decide_over(holding_);
  ASSERT_TRUE(update("Patient", "many", patient(100, "last")));
  EXPECT_EQ(store_->outbox().counters(slot)->undecided, 1U);
  interactions_.reset();
  EXPECT_EQ(store_->outbox().counters(slot)->undecided, 1U);
  decide_over(*store_);
  ASSERT_TRUE(eventually_decided(slot));
  EXPECT_EQ(wanted_events_of(slot).size(), 1U);
}

// Undecided events that a test writes itself.
class WrittenUndecided : public UndecidedTest {
 protected:
  void listen(const std::string& criteria) {
    slot_ = add_patient_destination(criteria);
    topic_ = read("AidboxSubscriptionTopic", "patients")->version_id;
    interactions_.reset();
  }
  void write_undecided(const std::string& id, const std::string& body) {
    std::promise<bool> written;
    store_->transact(
        [&](store::Transaction& tx) -> core::Result<void> {
          store::NewVersion version;
          version.type = "Patient";
          version.id = id;
          version.version_id = tx.next_version_id();
          EG_TRY(const auto current, tx.load_current("Patient", id));
          version.previous_version_id = current ? current->version_id : 0;
          version.last_updated = version.created_at = tx.now();
          version.body = body;
          EG_CHECK(tx.put_version(version));
          return tx.append_undecided(version.version_id, {std::span(&slot_, 1), topic_, "Patient", id, "too much"}, {});
        },
        [&](const core::Result<store::CommitReceipt>& committed) { written.set_value(committed.has_value()); });
    ASSERT_TRUE(written.get_future().get());
  }
  [[nodiscard]] std::uint64_t undecided() { return store_->outbox().counters(slot_)->undecided; }

  // How often the events were looked at in vain.
  [[nodiscard]] std::vector<std::uint32_t> attempts() {
    std::vector<std::uint32_t> numbers;
    const auto held = store_->outbox().held_rows(slot_, {store::HeldRow::State::kUndecided, 0, 10});
    for (const store::HeldRow& row : *held) numbers.push_back(row.attempts);
    return numbers;
  }

  // Those of all rows that are undecided when the first event turns out to be wanted.
  std::vector<std::uint32_t> attempts_at_the_first_verdict() {
    std::promise<std::vector<std::uint32_t>> decided;
    auto found = decided.get_future();
    UndecidedEvents events(
        *store_, failures_,
        [&](store::DestinationSlot, const std::vector<store::HeldRow>& wanted, const auto&) {
          if (!wanted.empty()) decided.set_value(attempts());
        },
        [](std::string_view, std::string_view) {}, UndecidedEvents::kRetryPause, std::chrono::minutes(10));
    events.start();
    if (found.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
      ADD_FAILURE() << "no event was decided";
      return {};
    }
    return found.get();
  }

  store::DestinationSlot slot_;
  store::VersionId topic_ = 0;
  CriteriaFailures failures_{metrics_};
};

TEST_F(WrittenUndecided, EventsThatNoBudgetDecidesDoNotHoldUpThoseOfTheirTopicThatAQuickLookDecides) {
  listen(kCubic);
  for (int i = 0; i < 3; ++i) write_undecided("hopeless" + std::to_string(i), patient(500, "none"));
  write_undecided("cheap", patient(1, "last"));
  EXPECT_THAT(attempts_at_the_first_verdict(), ElementsAre(0U, 0U, 0U)) << "none of them had its full look yet";
}

TEST_F(WrittenUndecided, TheEventsOfOneResourceThatNoBudgetDecidesDoNotHoldUpAnotherResource) {
  listen(kCubic);
  for (int i = 0; i < 3; ++i) write_undecided("hopeless", patient(500, "none"));
  write_undecided("costly", patient(150, "last"));
  EXPECT_THAT(attempts_at_the_first_verdict(), ElementsAre(1U, 0U, 0U));
}

// A criterion that is put off makes an event of each write, faster than they are looked at.
TEST_F(WrittenUndecided, EventsThatNeverEndDoNotKeepOneThatNeedsAFullLookUndecided) {
  listen(kCubic);
  write_undecided("costly", patient(150, "last"));
  write_undecided("cheap", patient(1, "last"));
  std::atomic<bool> decided{false};
  UndecidedEvents events(
      *store_, failures_,
      [&](store::DestinationSlot, const std::vector<store::HeldRow>& wanted, const auto&) {
        if (std::any_of(wanted.begin(), wanted.end(), [](const auto& row) { return row.id == "costly"; }))
          decided = true;
        if (!decided) write_undecided("cheap", patient(1, "last"));  // before the look at this one counts as done
      },
      [](std::string_view, std::string_view) {}, UndecidedEvents::kRetryPause, core::Milliseconds(100));
  events.start();
  EXPECT_TRUE(test::eventually([&] { return decided.load(); }, std::chrono::minutes(1)));
}

class UndecidedAndUnreadable : public WrittenUndecided {
 protected:
  // Three events of a destination, the second of which cannot be read.
  void SetUp() override {
    listen("name.family = 'last'");
    for (const char* id : {"before", "unreadable", "behind"}) write_undecided(id, patient(1, "last"));
    ASSERT_EQ(undecided(), 3U);
  }

  UnreadableStore unreadable_{*store_};
};

TEST_F(UndecidedAndUnreadable, ARowThatCannotBeReadDoesNotKeepThoseBeforeItUndecided) {
  std::atomic<int> noticed{0};
  UndecidedEvents events(
      unreadable_, failures_,
      [&](store::DestinationSlot, const std::vector<store::HeldRow>& wanted, const std::vector<store::HeldRow>&) {
        noticed += static_cast<int>(wanted.size());
      },
      [](std::string_view, std::string_view) {}, core::Milliseconds(100));
  events.start();
  ASSERT_TRUE(test::eventually([&] { return unreadable_.asked >= 2; }));
  EXPECT_EQ(undecided(), 2U) << "the one before it has its verdict";
  EXPECT_EQ(noticed, 1);
  unreadable_.fails = false;
  ASSERT_TRUE(test::eventually([&] { return undecided() == 0; }));
  EXPECT_EQ(wanted_events_of(slot_).size(), 3U) << "and it costs no event";
}

TEST_F(UndecidedAndUnreadable, ARowThatCannotBeReadForLongIsLeftToAnOperatorAndThoseBehindItGoOn) {
  UndecidedEvents events(
      unreadable_, failures_, [](store::DestinationSlot, const auto&, const auto&) {},
      [](std::string_view, std::string_view) {}, core::Milliseconds(1));
  events.start();
  ASSERT_TRUE(test::eventually([&] { return undecided() == 1; }));
  EXPECT_EQ(unreadable_.asked, static_cast<int>(UndecidedEvents::kRounds));
  const auto held = store_->outbox().held_rows(slot_, {store::HeldRow::State::kUndecided, 0, 10});
  ASSERT_EQ(held->size(), 1U);
  EXPECT_EQ(held->at(0).id, "unreadable");
  EXPECT_EQ(held->at(0).attempts, 1U);
  EXPECT_THAT(held->at(0).reason, HasSubstr("could not be read: the disk does not give it"));
}

}  // namespace
}  // namespace embergate::interaction
