// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/fake_clock.hpp"

namespace embergate::observability {
namespace {

using core::Fault;
using core::Milliseconds;
using testing::HasSubstr;

class FaultsThatLast : public testing::Test {
 protected:
  void SetUp() override {
    log::configure({.box_id = "box-7", .level = log::Level::kInfo});
    log::capture([this](std::string_view line) { lines_.push_back(nlohmann::json::parse(line)); });
  }
  void TearDown() override {
    log::capture(nullptr);
    log::configure({});
  }
  void refused(const std::string& key, Milliseconds patience = Milliseconds(0)) {
    faults_.happens({.fault = Fault::kKafkaAuthRefused,
                     .key = key,
                     .concerns = "AidboxTopicDestination/" + key,
                     .detail = "localhost:9092 says no",
                     .event = "topic-destination/secret-refused",
                     .patience = patience});
  }
  std::vector<std::string> events() const {
    std::vector<std::string> names;
    for (const auto& line : lines_) names.push_back(line["ev"]);
    return names;
  }

  test::FakeClock clock_;
  Metrics metrics_;
  Faults faults_{clock_, metrics_};
  std::vector<nlohmann::json> lines_;
};

TEST_F(FaultsThatLast, HaveOneLineWhenTheyBeginOneAnHourAndOneWhenTheyEnd) {
  for (int minute = 0; minute < 130; ++minute) {
    refused("events");
    clock_.advance(Milliseconds(60'000));
    faults_.remind();
  }
  faults_.ends("events");
  faults_.ends("events");
  EXPECT_THAT(events(),
              testing::ElementsAre("topic-destination/secret-refused", "fault/lasts", "fault/lasts", "fault/ended"));
  EXPECT_EQ(lines_[0]["code"], "kafka.auth-refused");
  EXPECT_EQ(lines_[0]["concerns"], "AidboxTopicDestination/events");
  EXPECT_EQ(lines_[0]["msg"], "localhost:9092 says no");
  EXPECT_EQ(lines_[0]["remedy"], core::text_of(Fault::kKafkaAuthRefused).remedy);
  EXPECT_EQ(lines_[2]["count"], 120);
  EXPECT_EQ(lines_[3]["count"], 130);
  EXPECT_THAT(std::string(lines_[3]["msg"]), HasSubstr("130 times in 7800 s"));
}

TEST_F(FaultsThatLast, HaveNoLineWhenTheyAreOverWithinTheirPatience) {
  refused("events", Milliseconds(2'000));
  clock_.advance(Milliseconds(1'999));
  faults_.remind();
  faults_.ends("events");
  EXPECT_THAT(events(), testing::IsEmpty());
  refused("events", Milliseconds(2'000));
  clock_.advance(Milliseconds(2'000));
  faults_.remind();
  faults_.ends("events");
  EXPECT_THAT(events(), testing::ElementsAre("topic-destination/secret-refused", "fault/ended"));
}

TEST_F(FaultsThatLast, EndOneByOneOrAllOfAKey) {
  refused("events");
  faults_.happens({.fault = Fault::kKafkaTopicMissing, .key = "events"});
  refused("events-2");
  faults_.ends("events", Fault::kKafkaTopicMissing);
  ASSERT_EQ(faults_.active().size(), 2U);
  faults_.ends("events");
  ASSERT_EQ(faults_.active().size(), 1U);
  EXPECT_EQ(faults_.active()[0].key, "events-2");
}

TEST_F(FaultsThatLast, BecomeAnotherOneOfTheirKeyAndAreNewsOnlyWhenSomethingChanged) {
  const auto is = [&](Fault fault, const std::string& detail) {
    faults_.becomes({.fault = fault, .key = "secret a", .detail = detail});
  };
  is(Fault::kNone, "");
  is(Fault::kSecretMissing, "gone");
  is(Fault::kSecretMissing, "gone");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"secret.missing\"} 1\n"));
  is(Fault::kSecretStale, "missing");
  is(Fault::kSecretStale, "empty");
  ASSERT_EQ(faults_.active().size(), 1U);
  EXPECT_EQ(faults_.active()[0].fault, Fault::kSecretStale);
  EXPECT_EQ(faults_.active()[0].detail, "empty");
  EXPECT_EQ(faults_.active()[0].count, 2U);
  is(Fault::kNone, "");
  EXPECT_TRUE(faults_.active().empty());
  EXPECT_THAT(events(), testing::ElementsAre("fault/began", "fault/ended", "fault/began", "fault/ended"));
}

TEST_F(FaultsThatLast, EndByThemselvesWhenTheyDoNotComeAgain) {
  const auto happens = [&] {
    faults_.happens({.fault = Fault::kTopicCriterionError, .key = "topic t", .lapse = Milliseconds(10'000)});
  };
  happens();
  clock_.advance(Milliseconds(9'000));
  happens();
  clock_.advance(Milliseconds(9'999));
  faults_.remind();
  EXPECT_EQ(faults_.active().size(), 1U);
  clock_.advance(Milliseconds(1));
  faults_.remind();
  EXPECT_TRUE(faults_.active().empty());
  EXPECT_THAT(events(), testing::ElementsAre("fault/began", "fault/ended"));
}

TEST_F(FaultsThatLast, HaveNoSecondLineOfTheBeginningWhenTheirOwnerWroteOne) {
  faults_.happens({.fault = Fault::kSecretMissing, .key = "secret a", .is_said = true});
  EXPECT_THAT(events(), testing::IsEmpty());
  clock_.advance(Faults::kReminder);
  faults_.remind();
  faults_.ends("secret a");
  EXPECT_THAT(events(), testing::ElementsAre("fault/lasts", "fault/ended"));
}

TEST_F(FaultsThatLast, AreCountedByCodeAndShownWhileTheyLast) {
  refused("a");
  refused("a");
  refused("b");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"kafka.auth-refused\"} 3\n"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"kafka.auth-refused\"} 2\n"));
  faults_.ends("a");
  faults_.ends("b");
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"kafka.auth-refused\"} 0\n"));
}

TEST_F(FaultsThatLast, EndTheOthersOfTheirKeyWhereOnlyOneCanBe) {
  faults_.is_now({.fault = Fault::kKafkaUnreachable, .key = "connection"});
  faults_.happens({.fault = Fault::kKafkaUnreachable, .key = "another"});
  refused("connection");
  faults_.is_now({.fault = Fault::kKafkaAuthRefused, .key = "connection"});
  ASSERT_EQ(faults_.active().size(), 2U);
  EXPECT_EQ(faults_.active()[0].key, "another");
  EXPECT_EQ(faults_.active()[1].fault, Fault::kKafkaAuthRefused);
  EXPECT_EQ(faults_.active()[1].count, 2U);
}

TEST_F(FaultsThatLast, AreNotSaidToBeOverWhenTheProcessEnds) {
  refused("events");
  faults_.close();
  faults_.ends("events");
  EXPECT_THAT(events(), testing::ElementsAre("topic-destination/secret-refused"));
}

TEST_F(FaultsThatLast, BeyondTheBoundAreLoggedAndCountedButNotKept) {
  for (std::size_t i = 0; i < Faults::kMost; ++i) refused(std::to_string(i), Milliseconds(2'000));
  refused("one more");
  EXPECT_EQ(faults_.active().size(), Faults::kMost);
  EXPECT_THAT(events(), testing::ElementsAre("topic-destination/secret-refused"));
}

}  // namespace
}  // namespace embergate::observability
