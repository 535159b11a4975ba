// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "embergate/observability/log.hpp"
#include "support/fake_clock.hpp"

namespace embergate::delivery {
namespace {

using core::Fault;
using testing::HasSubstr;
using testing::Not;

class ReportOfADestination : public testing::Test {
 protected:
  void SetUp() override {
    observability::log::capture([this](std::string_view line) { log_ += std::string(line) + "\n"; });
  }
  void TearDown() override { observability::log::capture(nullptr); }

  test::FakeClock clock_;
  observability::Metrics metrics_;
  observability::Faults faults_{clock_, metrics_};
  DestinationReport report_{"events", metrics_, &faults_};
  std::string log_;
};

TEST_F(ReportOfADestination, CountsEachErrorByItsCode) {
  report_.counted({Fault::kKafkaAuthRefused, "no", "b:9092", true});
  report_.counted({Fault::kKafkaAuthRefused, "no", "b:9092", true});
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_destination_errors_total{code=\"kafka.auth-refused\","
                                         "destination=\"events\"} 2\n"));
  EXPECT_TRUE(faults_.active().empty()) << "the connection says that for all of its destinations";
}

DestinationHealth::Condition in(DeliveryState state, Fault shown, std::vector<Fault> own) {
  DestinationHealth::Condition condition{state, shown, "what is wrong"};
  for (const Fault fault : own) condition.own.emplace_back(fault, "what is wrong");
  return condition;
}

TEST_F(ReportOfADestination, HasASeriesForEachStateFromTheStart) {
  const auto values = [this] {
    std::map<std::string, double> of;
    for (const DeliveryState state : kDeliveryStates) {
      const std::string name(to_string(state));
      const std::string series = "embergate_destination_state{destination=\"events\",state=\"" + name + "\"} ";
      const std::string text = metrics_.text();
      const auto at = text.find(series);
      of[name] = at == std::string::npos ? -1 : std::stod(text.substr(at + series.size()));
    }
    return of;
  };
  report_.is_in(in(DeliveryState::kStarting, Fault::kNone, {}));
  std::map<std::string, double> expected{{"starting", 1}, {"delivering", 0}, {"idle", 0}, {"waiting", 0},
                                         {"refused", 0},  {"blocked", 0},    {"held", 0}};
  EXPECT_EQ(values(), expected);
  report_.is_in(in(DeliveryState::kBlocked, Fault::kNone, {}));
  std::swap(expected["starting"], expected["blocked"]);
  EXPECT_EQ(values(), expected);
}

TEST_F(ReportOfADestination, SaysOnceThatItsTopicIsMissingAndWhenThatIsOver) {
  for (int i = 0; i < 3; ++i) {
    report_.counted({Fault::kKafkaTopicMissing, "Kafka topic adt: unknown"});
    report_.is_in(in(DeliveryState::kBlocked, Fault::kKafkaTopicMissing, {Fault::kKafkaTopicMissing}));
  }
  EXPECT_THAT(log_, HasSubstr("\"code\":\"kafka.topic-missing\""));
  EXPECT_EQ(log_.find("kafka.topic-missing"), log_.rfind("kafka.topic-missing"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_destination_state{destination=\"events\",state=\"blocked\"} 1\n"));
  report_.is_in(in(DeliveryState::kDelivering, Fault::kNone, {}));
  EXPECT_THAT(log_, HasSubstr("fault/ended"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_destination_state{destination=\"events\",state=\"blocked\"} 0\n"));
  EXPECT_THAT(metrics_.text(),
              HasSubstr("embergate_destination_state{destination=\"events\",state=\"delivering\"} 1\n"));
}

// It was known from the first time, and never began again.
TEST_F(ReportOfADestination, SaysASecondTimeWhatComesASecondTime) {
  for (int i = 0; i < 2; ++i) {
    report_.is_in(in(DeliveryState::kIdle, Fault::kTopicIdle, {Fault::kTopicIdle}));
    EXPECT_EQ(faults_.active().size(), 1U);
    report_.is_in(in(DeliveryState::kIdle, Fault::kNone, {}));
    EXPECT_TRUE(faults_.active().empty());
  }
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"topic.idle\"} 2\n"));
}

TEST_F(ReportOfADestination, DoesNotEndWhatLastsWhenAnotherThingStandsInTheWayFirst) {
  report_.is_in(in(DeliveryState::kHeld, Fault::kKafkaTooLarge, {Fault::kKafkaTooLarge}));
  report_.is_in(in(DeliveryState::kIdle, Fault::kTopicIdle, {Fault::kTopicIdle, Fault::kKafkaTooLarge}));
  report_.is_in(in(DeliveryState::kDelivering, Fault::kKafkaThrottled, {Fault::kKafkaTooLarge}));
  ASSERT_EQ(faults_.active().size(), 1U);
  EXPECT_EQ(faults_.active()[0].fault, Fault::kKafkaTooLarge);
  EXPECT_EQ(log_.find("kafka.too-large"), log_.rfind("kafka.too-large"));
}

TEST_F(ReportOfADestination, LeavesNothingBehindWhenTheDestinationIsDeleted) {
  report_.counted({Fault::kKafkaTopicMissing, "unknown"});
  report_.is_in(in(DeliveryState::kBlocked, Fault::kKafkaTopicMissing, {Fault::kKafkaTopicMissing}));
  report_.gone();
  report_.counted({Fault::kKafkaTopicMissing, "unknown"});
  report_.is_in(in(DeliveryState::kIdle, Fault::kTopicIdle, {Fault::kTopicIdle}));
  EXPECT_TRUE(faults_.active().empty());
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("destination=\"events\"")));
}

}  // namespace
}  // namespace embergate::delivery
