// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>

#include "embergate/observability/log.hpp"
#include "embergate/topic/fault_key.hpp"
#include "support/fake_clock.hpp"

namespace embergate::interaction {
namespace {

using Kind = topic::CriteriaError::Kind;
using Turn = topic::CriterionWatch::Turn;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class CriteriaFailuresTest : public ::testing::Test {
 protected:
  CriteriaFailuresTest() {
    observability::log::capture([this](std::string_view line) { lines_.push_back(json::parse(line)); });
  }
  ~CriteriaFailuresTest() override { observability::log::capture(nullptr); }

  void tell(const std::string& url, std::size_t trigger, Kind kind = Kind::kFailed) {
    failures_.tell({kind, url, trigger, "several items", 2, 7}, now_);
  }

  std::vector<json> lines_;
  observability::Metrics metrics_;
  test::FakeClock clock_;
  observability::Faults faults_{clock_, metrics_};
  CriteriaFailures failures_{metrics_, &faults_};
  core::SteadyTime now_ = core::SteadyTime() + std::chrono::hours(1);
};

TEST_F(CriteriaFailuresTest, CountsEveryFailureAndLogsTopicTriggerAndPosition) {
  tell("urn:a", 3);
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_EQ(lines_[0]["ev"], "topic/criteria-error");
  EXPECT_EQ(lines_[0]["lvl"], "warn");
  EXPECT_EQ(lines_[0]["topic"], "urn:a");
  EXPECT_EQ(lines_[0]["trigger"], 3);
  EXPECT_EQ(lines_[0]["line"], 2);
  EXPECT_EQ(lines_[0]["column"], 7);
  EXPECT_EQ(lines_[0]["msg"], "trigger[3], line 2, column 7: several items");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:a\"} 1"));
}

TEST_F(CriteriaFailuresTest, LogsOncePerMinuteAndTriggerAndSaysHowManyItLeftOut) {
  for (int i = 0; i < 100; ++i) tell("urn:a", 0);
  tell("urn:a", 1);
  tell("urn:b", 0);
  ASSERT_THAT(lines_, SizeIs(3));
  now_ += CriteriaFailures::kLogInterval;
  tell("urn:a", 0);
  tell("urn:b", 0);
  ASSERT_THAT(lines_, SizeIs(5));
  EXPECT_EQ(lines_[3]["suppressed"], 99);
  EXPECT_EQ(lines_[4]["suppressed"], 0);
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:a\"} 102"));
}

TEST_F(CriteriaFailuresTest, ACriterionThatIsSwitchedOffIsAlwaysLogged) {
  tell("urn:a", 0);
  failures_.tell_turn({nullptr, topic::CriterionWatch::Finding::kCostly, "urn:a", 0}, Turn::kSwitchedOff);
  tell("urn:a", 0, Kind::kPutOff);
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_EQ(lines_[1]["ev"], "topic/criteria-switched-off");
  EXPECT_EQ(lines_[1]["lvl"], "error");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:a\"} 1"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_undecided_total{topic=\"urn:a\"} 1"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_put_off_total{topic=\"urn:a\"} 1"));
}

TEST_F(CriteriaFailuresTest, KeepsABoundedNumberOfTriggersApart) {
  for (std::size_t i = 0; i < CriteriaFailures::kMaxTracked + 500; ++i) tell(fmt::format("urn:{}", i), 0);
  EXPECT_LE(lines_.size(), CriteriaFailures::kMaxTracked + 1);
}

TEST_F(CriteriaFailuresTest, AnErrorLastsAsAFaultUntilAnHourPassedWithoutOne) {
  tell("urn:a", 2);
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].fault, core::Fault::kTopicCriterionError);
  EXPECT_EQ(faults_.active()[0].key, topic::topic_fault_key("urn:a", 2));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:a");
  EXPECT_EQ(faults_.active()[0].detail, "trigger[2], line 2, column 7: several items");
  EXPECT_EQ(lines_[0]["code"], "topic.criterion-error");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"topic.criterion-error\"} 1"));
  tell("urn:b", 0, Kind::kExhausted);
  EXPECT_THAT(faults_.active(), SizeIs(1)) << "what is undecided is no error";
  clock_.advance(CriteriaFailures::kErrorLasts - core::Milliseconds(1));
  faults_.remind();
  EXPECT_THAT(faults_.active(), SizeIs(1));
  clock_.advance(core::Milliseconds(1));
  faults_.remind();
  EXPECT_THAT(faults_.active(), SizeIs(0));
}

TEST_F(CriteriaFailuresTest, ACriterionThatIsOffLastsAsAFaultUntilItIsLetInAgainByAnyTopicThatHasIt) {
  const auto watch = std::make_shared<topic::CriterionWatch>();
  failures_.tell_turn({watch, topic::CriterionWatch::Finding::kCostly, "urn:a", 1}, Turn::kSwitchedOff);
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].fault, core::Fault::kTopicSwitchedOff);
  EXPECT_EQ(faults_.active()[0].key, topic::topic_fault_key("urn:a", 1));
  EXPECT_EQ(lines_[0]["code"], "topic.switched-off");
  failures_.tell_turn({watch, topic::CriterionWatch::Finding::kWithinLimits, "urn:b", 0}, Turn::kNone);
  EXPECT_THAT(faults_.active(), SizeIs(1));
  failures_.tell_turn({watch, topic::CriterionWatch::Finding::kWithinLimits, "urn:b", 0}, Turn::kLetInAgain);
  EXPECT_THAT(faults_.active(), SizeIs(0));
}

using Topic = std::shared_ptr<topic::SubscriptionTopic>;

// A destination for each url, of the topics in their order.
topic::Catalog catalog_of(const std::vector<Topic>& topics, const std::vector<std::string>& destinations,
                          std::int64_t epoch = 1) {
  std::vector<std::shared_ptr<const topic::TopicDestination>> bound;
  for (const std::string& url : destinations) {
    auto one = std::make_shared<topic::TopicDestination>();
    one->topic_url = url;
    one->slot = static_cast<std::int64_t>(bound.size()) + 1;
    bound.push_back(std::move(one));
  }
  return {{topics.begin(), topics.end()}, std::move(bound), epoch};
}

Topic active_topic(const std::string& url, std::int64_t version) {
  auto one = std::make_shared<topic::SubscriptionTopic>();
  one->url = url;
  one->status = "active";
  one->version = version;
  return one;
}

Topic with_criterion(const std::string& url, std::int64_t version) {
  Topic one = active_topic(url, version);
  topic::Trigger trigger;
  trigger.resource = "Patient";
  trigger.criteria = *fhirpath::Expression::compile("name.exists()");
  trigger.watch = std::make_shared<topic::CriterionWatch>();
  one->triggers.push_back(std::move(trigger));
  return one;
}

class CriterionThatIsOff : public CriteriaFailuresTest {
 protected:
  // As matching finds it: whose watch it is, the catalog says.
  void switch_off(const topic::Catalog& catalog) {
    const topic::CriterionInUse use = catalog.criteria_in_use().at(0);
    for (std::uint32_t i = 0; i < topic::CriterionWatch::kLimit; ++i) {
      const auto finding = topic::CriterionWatch::Finding::kCostly;
      failures_.tell_turn({use.watch, finding, std::string(use.topic_url), use.trigger}, use.watch->note(finding));
    }
    ASSERT_THAT(faults_.active(), SizeIs(1));
  }

  const Topic a_ = with_criterion("urn:a", 1);
  const Topic b_ = with_criterion("urn:b", 2);
};

TEST_F(CriterionThatIsOff, IsNoFaultAnyMoreWhenTheTopicThatSharesItIsWrittenAgain) {
  const topic::Catalog before = catalog_of({a_, b_}, {"urn:a", "urn:b"});
  failures_.know(before);
  ASSERT_THAT(before.criteria_in_use(), SizeIs(1)) << "one watch for both";
  ASSERT_NO_FATAL_FAILURE(switch_off(before));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:a") << "whose watch it is";
  failures_.know(catalog_of({b_, with_criterion("urn:a", 3)}, {"urn:a", "urn:b"}, 2));
  EXPECT_THAT(faults_.active(), SizeIs(0)) << "the watch of the other one has counted nothing";
}

TEST_F(CriterionThatIsOff, IsNoFaultAnyMoreWhenAnEarlierTopicBringsItsOwnWatch) {
  const topic::Catalog before = catalog_of({a_, b_}, {"urn:b"});
  failures_.know(before);
  ASSERT_NO_FATAL_FAILURE(switch_off(before));
  failures_.know(catalog_of({a_, b_}, {"urn:a", "urn:b"}, 2));
  EXPECT_THAT(faults_.active(), SizeIs(0));
}

TEST_F(CriterionThatIsOff, IsNoFaultWhileNoDestinationWantsItsTopicAndIsOneAgainAfterThat) {
  const topic::Catalog before = catalog_of({a_}, {"urn:a"});
  failures_.know(before);
  ASSERT_NO_FATAL_FAILURE(switch_off(before));
  tell("urn:a", 0);
  failures_.know(catalog_of({a_}, {}, 2));
  EXPECT_THAT(faults_.active(), SizeIs(0));
  failures_.know(catalog_of({a_}, {"urn:a"}, 3));
  ASSERT_THAT(faults_.active(), SizeIs(1)) << "its watch puts it off still";
  EXPECT_EQ(faults_.active()[0].fault, core::Fault::kTopicSwitchedOff);
  failures_.know(before);
  EXPECT_THAT(faults_.active(), SizeIs(1)) << "an older catalog changes nothing";
  const auto& watch = a_->triggers[0].watch;
  failures_.tell_turn({watch, topic::CriterionWatch::Finding::kWithinLimits, "urn:a", 0},
                      watch->note(topic::CriterionWatch::Finding::kWithinLimits));
  EXPECT_THAT(faults_.active(), SizeIs(0));
}

TEST_F(CriterionThatIsOff, StaysAFaultWhenTheOneBeforeUnderItsKeyGoes) {
  const topic::Catalog before = catalog_of({a_}, {"urn:a"});
  failures_.know(before);
  ASSERT_NO_FATAL_FAILURE(switch_off(before));
  const topic::Catalog after = catalog_of({with_criterion("urn:a", 3)}, {"urn:a"}, 2);
  ASSERT_NO_FATAL_FAILURE(switch_off(after)) << "by writes, before the catalog is known here";
  failures_.know(after);
  EXPECT_THAT(faults_.active(), SizeIs(1));
}

// The line of the first fault that ends comes in the middle of learning a catalog.
TEST_F(CriterionThatIsOff, StaysAFaultWhenItIsFoundOffWhileTheOneBeforeUnderItsKeyEnds) {
  const topic::Catalog before = catalog_of({a_, b_}, {"urn:a", "urn:b"});
  failures_.know(before);
  const auto turn_off = [this](const std::string& url) {
    failures_.tell_turn({std::make_shared<topic::CriterionWatch>(), topic::CriterionWatch::Finding::kCostly, url, 0},
                        Turn::kSwitchedOff);
  };
  turn_off("urn:a");
  turn_off("urn:b");
  ASSERT_THAT(faults_.active(), SizeIs(2));
  std::future<void> meanwhile;
  observability::log::capture([&](std::string_view line) {
    if (json::parse(line)["ev"] != "fault/ended" || meanwhile.valid()) return;
    meanwhile = std::async(std::launch::async, [&] { turn_off("urn:b"); });
    meanwhile.wait_for(std::chrono::milliseconds(50));  // it comes in here, or has to wait for the end of all
  });
  failures_.know(catalog_of({with_criterion("urn:a", 3), with_criterion("urn:b", 4)}, {"urn:a", "urn:b"}, 2));
  ASSERT_TRUE(meanwhile.valid());
  meanwhile.get();
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:b");
}

TEST_F(CriteriaFailuresTest, FaultsOfATopicEndWhenItIsWrittenOrDeleted) {
  const auto topics = [](const std::vector<std::pair<std::string, std::int64_t>>& versions) {
    std::vector<Topic> all;
    std::vector<std::string> urls;
    for (const auto& [url, version] : versions) {
      all.push_back(active_topic(url, version));
      urls.push_back(url);
    }
    return catalog_of(all, urls);
  };
  failures_.know(topics({{"urn:a", 1}, {"urn:b", 2}, {"urn:c", 3}}));
  for (const char* url : {"urn:a", "urn:b", "urn:c"}) tell(url, 0);
  failures_.know(topics({{"urn:a", 1}, {"urn:b", 2}, {"urn:c", 3}, {"urn:d", 4}}));
  EXPECT_THAT(faults_.active(), SizeIs(3));
  failures_.know(topics({{"urn:a", 5}, {"urn:c", 3}, {"urn:d", 4}}));
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:c");
  EXPECT_THAT(metrics_.text(), HasSubstr("topic=\"urn:a\""));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("topic=\"urn:b\"")));
}

// Of events that are decided after their write.
class LateFailures : public CriteriaFailuresTest {
 protected:
  void tell_late(const std::string& url, std::int64_t version, Kind kind = Kind::kFailed) {
    failures_.tell_late({kind, url, 0, "several items", 2, 7}, version, now_);
    failures_.count_late(url, [&] { metrics_.counter("topic_events_total", "events", {{"topic", url}})->add(); });
  }
};

TEST_F(LateFailures, BringBackNoMetricsAndNoFaultOfATopicThatIsGone) {
  failures_.know(catalog_of({active_topic("urn:a", 1)}, {"urn:a"}));
  tell_late("urn:a", 1);
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:a\"} 1"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_events_total{topic=\"urn:a\"} 1"));
  EXPECT_THAT(faults_.active(), SizeIs(1));
  failures_.know(catalog_of({}, {"urn:a"}, 2));
  for (const Kind kind : {Kind::kFailed, Kind::kExhausted, Kind::kPutOff}) tell_late("urn:a", 1, kind);
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("topic=\"urn:a\"")));
  EXPECT_THAT(faults_.active(), SizeIs(0));
  ASSERT_THAT(lines_, SizeIs(testing::Ge(1U)));
  EXPECT_EQ(lines_[0]["ev"], "topic/criteria-error");
}

TEST_F(LateFailures, OfATopicThatWasGoneAtTheStartLeaveNothingOnceTheTopicsAreKnown) {
  tell_late("urn:a", 1);
  tell_late("urn:gone", 2);
  failures_.know(catalog_of({active_topic("urn:a", 1)}, {"urn:a"}));
  EXPECT_THAT(metrics_.text(), HasSubstr("topic=\"urn:a\""));
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("topic=\"urn:gone\"")));
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:a");
}

TEST_F(LateFailures, OfATopicAsItWasBeforeItWasWrittenAgainAreCountedAndNoFaultOfTheNewOne) {
  failures_.know(catalog_of({active_topic("urn:a", 2)}, {"urn:a"}));
  tell_late("urn:a", 1);
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_topic_criteria_errors_total{topic=\"urn:a\"} 1"));
  EXPECT_THAT(faults_.active(), SizeIs(0));
}

}  // namespace
}  // namespace embergate::interaction
