// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

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

TEST_F(CriteriaFailuresTest, FaultsOfATopicEndWhenItIsWrittenOrDeleted) {
  const auto topics = [](std::vector<std::pair<std::string, std::int64_t>> versions) {
    std::vector<std::shared_ptr<const topic::SubscriptionTopic>> all;
    for (auto& [url, version] : versions) {
      auto one = std::make_shared<topic::SubscriptionTopic>();
      one->url = url;
      one->version = version;
      all.push_back(std::move(one));
    }
    return topic::Catalog(std::move(all), {}, 1);
  };
  failures_.know(topics({{"urn:a", 1}, {"urn:b", 2}, {"urn:c", 3}}));
  for (const char* url : {"urn:a", "urn:b", "urn:c"}) tell(url, 0);
  failures_.know(topics({{"urn:a", 1}, {"urn:b", 2}, {"urn:c", 3}, {"urn:d", 4}}));
  EXPECT_THAT(faults_.active(), SizeIs(3));
  failures_.know(topics({{"urn:a", 5}, {"urn:c", 3}, {"urn:d", 4}}));
  ASSERT_THAT(faults_.active(), SizeIs(1));
  EXPECT_EQ(faults_.active()[0].concerns, "urn:c");
}

}  // namespace
}  // namespace embergate::interaction
