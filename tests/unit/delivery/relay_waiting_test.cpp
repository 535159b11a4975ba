// SPDX-License-Identifier: Apache-2.0
// Rows that a broker refused, and what becomes of the others meanwhile.
#include <algorithm>
#include <map>
#include <mutex>
#include <random>

#include "delivery/destination_health.hpp"
#include "relay_fixture.hpp"

namespace embergate::delivery {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RefusedResource : public RelayTest {
 protected:
  // Until refusing_ is false: "bad" waits with a later version behind it, "good" has gone.
  void refuse_one_resource(const std::string& reason, bool too_long) {
    kafka_->judge_by([refusing = refusing_, reason, too_long](const test::FakeKafka::Seen& seen, std::size_t index,
                                                              kafka::BatchReport& report) {
      if (*refusing && seen.key == "bad")
        report.failures.push_back({index, kafka::FailureScope::kRecord, false, reason, too_long});
    });
    append("bad");
    start();
    ASSERT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
    append("bad");
    append("good");
    ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 2; }));
  }

  // Of the fake producer too, which ends after this.
  const std::shared_ptr<std::atomic<bool>> refusing_ = std::make_shared<std::atomic<bool>>(true);
};

TEST_F(RelayTest, SendsARefusedRowAgainUntilItArrivesWhenThereIsNoOrderToKeep) {
  std::atomic<bool> refusing{true};
  kafka_->judge_by([&](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (refusing && seen.value.find("\"eventNumber\":1,") != std::string::npos)
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("a");
  append("a");
  start(false);
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 1 && outbox_.held().size() == 1; }))
      << "the later version is not held back";
  EXPECT_EQ(outbox_.held().begin()->second.state, store::HeldRow::State::kWaiting);
  refusing = false;
  ASSERT_TRUE(all_settled());
  EXPECT_EQ(sent().back(), "a#1");
}

TEST_F(RelayTest, GoesOnReadingWhenMoreRowsWaitThanMemoryHolds) {
  options_.max_held = 3;
  std::atomic<bool> refusing{true};
  kafka_->judge_by([&](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (refusing && seen.key.starts_with("bad"))
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  for (int version = 0; version < 2; ++version) {
    for (int i = 0; i < 20; ++i) append("bad" + std::to_string(i));
  }
  append("good");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.counters(kSlot)->waiting == 20; }));
  append("good");
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 40; })) << outbox_.rows().size();
  ASSERT_TRUE(test::eventually([this] { return relay_->held().rows() > 0; })) << "health has to know";
  refusing = false;
  ASSERT_TRUE(all_settled());
  std::map<std::string, std::vector<int>> versions;
  for (const std::string& one : sent()) {
    const auto mark = one.find('#');
    std::vector<int>& seen = versions[one.substr(0, mark)];
    const int number = std::stoi(one.substr(mark + 1));
    if (std::find(seen.begin(), seen.end(), number) == seen.end()) seen.push_back(number);
  }
  ASSERT_EQ(versions.size(), 21U);
  for (const auto& [resource, numbers] : versions) {
    EXPECT_EQ(numbers.size(), 2U) << resource;
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << resource << " was sent out of order";
  }
}

// As on a machine that takes its time: between two looks at it pass up to ten milliseconds.
class SlowMachine final : public core::Clock {
 public:
  core::SystemTime system_now() const override { return core::system_clock().system_now(); }
  core::SteadyTime steady_now() const override {
    const std::lock_guard lock(mutex_);
    late_ += std::uniform_int_distribution<std::int64_t>(0, 10)(random_);
    return core::system_clock().steady_now() + core::Milliseconds(late_);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::mt19937 random_{7};
  mutable std::int64_t late_ = 0;
};

TEST_F(RelayTest, ATryThatBecomesDueWhileTheRelayLooksElsewhereIsNotSleptThrough) {
  options_.max_held = 1;
  const SlowMachine slow;
  clock_ = &slow;
  std::atomic<int> tries{0};
  kafka_->judge_by([&](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    if (++tries < 200) report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  for (int i = 0; i < 5; ++i) append("bad" + std::to_string(i));
  start();
  EXPECT_TRUE(all_settled()) << "after " << tries << " tries";
  stop(core::Milliseconds(10'000), false);
  relay_.reset();
}

TEST_F(RelayTest, HealthOfADestinationWithoutATopicShowsItsHeldEventsToo) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka_->judge_by([](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.key.starts_with("bad"))
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("bad");
  start();
  ASSERT_TRUE(test::eventually([this] {
    relay_->released({});  // what health shows is read again after a decision
    return relay_->held().rows() == 1;
  }));
  DestinationHealth health(errors_, core::system_clock());
  health.attach(relay_);
  health.idle("idle: there is no AidboxSubscriptionTopic with url t");
  const auto idle = DestinationHealth::result_of(health.condition());
  EXPECT_EQ(idle.status, observability::HealthStatus::kWarn);
  EXPECT_THAT(idle.output, HasSubstr("idle: there is no AidboxSubscriptionTopic"));
  EXPECT_THAT(idle.output, HasSubstr("1 event was not sent with the others"));
  health.idle("");
  EXPECT_THAT(health.condition().text, Not(HasSubstr("idle")));
}

// 1 is refused for what it is, 2 fails with the topic, and 3 arrives: all of one resource.
TEST_F(RelayTest, AnEventThatWasOvertakenIsNotCalledRefusedForTheReasonOfAnother) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka_->judge_by([](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.value.find("\"eventNumber\":1,") != std::string::npos)
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "too large", true});
    if (seen.value.find("\"eventNumber\":2,") != std::string::npos)
      report.failures.push_back({index, kafka::FailureScope::kConnection, false, "gone"});
  });
  for (int version = 0; version < 3; ++version) append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.counters(kSlot)->superseded == 2; }));
  const auto held = outbox_.held();
  EXPECT_EQ(held.at(1).code, "too-large");
  EXPECT_THAT(held.at(1).reason, HasSubstr("this one was refused: too large"));
  EXPECT_GT(held.at(1).bytes, 0U);
  EXPECT_EQ(held.at(2).code, "overtaken");
  EXPECT_THAT(held.at(2).reason, Not(HasSubstr("too large")));
  EXPECT_EQ(held.at(2).bytes, 0U);
}

TEST_F(RelayTest, HealthSaysOfAnEventThatWasOvertakenThatAndNotThatItIsRefused) {
  kafka_->judge_by([](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.value.find("\"eventNumber\":1,") != std::string::npos)
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("a");
  append("a");
  start();
  DestinationHealth health(errors_, core::system_clock());
  health.attach(relay_);
  ASSERT_TRUE(test::eventually([&] {
    relay_->released({});  // what health shows is read again after a decision
    return health.condition().state == DeliveryState::kHeld;
  }));
  EXPECT_EQ(health.condition().fault, core::Fault::kDestinationEventSuperseded);
  ASSERT_EQ(health.condition().own.size(), 1U);
  EXPECT_EQ(core::text_of(health.condition().fault).code, "destination.event-superseded");
}

using HeldCodes = RelayTest;

std::vector<core::Fault> own_faults(const DestinationHealth& health) {
  std::vector<core::Fault> faults;
  for (const auto& [fault, text] : health.condition().own) faults.push_back(fault);
  return faults;
}

// 1 fails with its connection, and 2 arrives; then nothing arrives any more.
TEST_F(HeldCodes, AReleasedEventThatNoBrokerRefusedHasNoneWhileItWaitsAlsoAfterARestart) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  const auto down = std::make_shared<std::atomic<bool>>(false);
  kafka_->judge_by([down](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (*down || seen.value.find("\"eventNumber\":1,") != std::string::npos)
      report.failures.push_back({index, kafka::FailureScope::kConnection, false, "gone"});
  });
  append("a");
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.counters(kSlot)->superseded == 1; }));
  *down = true;
  relay_->released({outbox_.release(1)});
  const auto expect_no_code = [this] {
    DestinationHealth health(errors_, core::system_clock());
    health.attach(relay_);
    ASSERT_TRUE(test::eventually([this] {
      relay_->released({});  // what health shows is read again after a decision
      return relay_->held().waiting == 1 && relay_->held().superseded == 0;
    }));
    EXPECT_THAT(own_faults(health), Not(Contains(core::Fault::kKafkaRecordRefused)));
    EXPECT_THAT(own_faults(health), Not(Contains(core::Fault::kDestinationEventSuperseded)));
    EXPECT_THAT(health.condition().text, Not(HasSubstr("not sent with the others")));
    ASSERT_EQ(view().waiting.size(), 1U);
    EXPECT_EQ(view().waiting[0].fault, core::Fault::kNone);
  };
  ASSERT_NO_FATAL_FAILURE(expect_no_code());
  stop(core::Milliseconds(10'000), false);
  start();
  ASSERT_NO_FATAL_FAILURE(expect_no_code()) << "after a restart";
}

TEST_F(HeldCodes, AreThoseOfTheEventsThatWaitNowAndNotOfOneThatArrivedMeanwhile) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  const auto refusing = std::make_shared<std::atomic<bool>>(true);
  kafka_->judge_by([refusing](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.key == "long") report.failures.push_back({index, kafka::FailureScope::kRecord, false, "too large", true});
    if (seen.key == "odd" && *refusing)
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("long");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
  append("odd");
  DestinationHealth health(errors_, core::system_clock());
  health.attach(relay_);
  const auto become = [&](const auto& faults) {
    return test::eventually([&] {
      relay_->released({});  // what health shows is read again after a decision
      return ::testing::Matches(faults)(own_faults(health));
    });
  };
  EXPECT_TRUE(become(ElementsAre(core::Fault::kKafkaTooLarge, core::Fault::kKafkaRecordRefused)));
  *refusing = false;
  relay_->released({outbox_.release(2)});
  ASSERT_TRUE(test::eventually([this] { return !outbox_.rows().contains(2); }));
  EXPECT_TRUE(become(ElementsAre(core::Fault::kKafkaTooLarge)));
}

TEST_F(RelayTest, ASettlementThatIsAnsweredWhileRowsAreReadLetsNoneOvertakeAParkedOne) {
  options_.max_held = 1;
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka_->judge_by([](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.key.starts_with("bad"))
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  outbox_.settle_later(true);
  std::atomic<bool> settled{false};
  outbox_.on_read = [&] {
    if (outbox_.settlements_waiting() == 0 || settled.exchange(true)) return;
    outbox_.append("Patient", "bad1");
    outbox_.append("Patient", "good");
    outbox_.settle_later(false);
    outbox_.answer_settlement();
    view();  // on the strand, behind the answer
  };
  append("bad1");
  append("bad2");
  start(true, 2);
  ASSERT_TRUE(test::eventually([this, &settled] {
    relay_->wake();
    return settled && !outbox_.rows().contains(4);
  }));
  EXPECT_THAT(sent(), ElementsAre("bad1#1", "bad2#2", "good#4")) << "3 is behind 1, which waits";
  stop(core::Milliseconds(10'000), true);
}

TEST_F(RefusedResource, ADiscardedRowThatWaitsIsDeletedAndLetsGoWhatStandsBehindIt) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  ASSERT_NO_FATAL_FAILURE(refuse_one_resource("too large", true));
  *refusing_ = false;
  const store::HeldRow row = outbox_.discard(1);
  EXPECT_TRUE(outbox_.rows().contains(1)) << "until its relay deletes it";
  relay_->discarded({row});
  ASSERT_TRUE(all_settled());
  EXPECT_THAT(sent(), ElementsAre("bad#1", "good#3", "bad#2"));
}

TEST_F(RelayTest, HoldsLongRecordsBackOnceABrokerHasRefusedOne) {
  options_.retry = {core::Milliseconds(300), core::Milliseconds(3'000)};
  std::atomic<std::size_t> limit{2'000};
  kafka_->judge_by([&](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.value.size() > limit)
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "too large", true});
  });
  const auto append_long = [this](const std::string& id) {
    test::FakeOutbox::Entry entry;
    entry.type = "Patient";
    entry.id = id;
    entry.body = R"({"resourceType":"Patient","language":")" + std::string(2'500, 'x') + "\"}";
    outbox_.append(entry);
    if (relay_ != nullptr) relay_->wake();
  };
  append_long("first");
  start();
  ASSERT_TRUE(test::eventually([this] {
    return !outbox_.held().empty() && outbox_.held().begin()->second.attempts > 1;
  })) << "tried again, alone";
  append_long("second");
  append("short");
  // Before its first probe.
  ASSERT_TRUE(test::eventually([this] {
    const auto held = outbox_.held();
    return held.contains(2) && held.at(2).code == "too-large" &&
           held.at(2).reason.find("max.message.bytes") != std::string::npos;
  }));
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 2; })) << "the short one is not held back";
  limit = 1'000'000;
  EXPECT_TRUE(all_settled());
}

TEST_F(RefusedResource, IsTheOnlyOneThatARefusedRecordHoldsBack) {
  ASSERT_NO_FATAL_FAILURE(refuse_one_resource("invalid record", false));
  ASSERT_EQ(view().waiting.size(), 1U);
  EXPECT_EQ(view().waiting[0].resource, "Patient/bad");
  EXPECT_EQ(view().waiting[0].reason, "invalid record");
  *refusing_ = false;
  ASSERT_TRUE(all_settled());
  EXPECT_EQ(sent().back(), "bad#2");
  EXPECT_TRUE(outbox_.held().empty());
}

TEST_F(RelayTest, NeverSendsARecordThatIsTooLong) {
  max_record_bytes_ = 2'000;
  test::FakeOutbox::Entry entry;
  entry.type = "Patient";
  entry.id = "big";
  entry.body = std::string(2'000, 'x');
  outbox_.append(entry);
  append("small");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 1 && outbox_.held().size() == 1; }));
  EXPECT_THAT(sent(), ElementsAre("small#2"));
  EXPECT_TRUE(has_error("needs 128 more for its framing, and maxRequestSize allows 2128"));
}

TEST_F(RelayTest, RemembersHeldRowsAfterARestart) {
  kafka_->judge_by([](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
  stop(core::Milliseconds(1'000), true);
  kafka_->judge_by(nullptr);
  append("a");
  start();
  ASSERT_TRUE(all_settled());
  const auto list = sent();
  EXPECT_EQ(list[list.size() - 2], "a#1");
  EXPECT_EQ(list.back(), "a#2");
}

}  // namespace
}  // namespace embergate::delivery
