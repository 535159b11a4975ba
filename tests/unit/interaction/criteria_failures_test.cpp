// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "embergate/observability/log.hpp"

namespace embergate::interaction {
namespace {

using Kind = topic::CriteriaError::Kind;
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
  CriteriaFailures failures_{metrics_};
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
  CriteriaFailures::tell_put_off("urn:a", 0);
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

}  // namespace
}  // namespace embergate::interaction
