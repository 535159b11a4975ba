// SPDX-License-Identifier: Apache-2.0
// What the checks of the process say of its parts, and with which error codes.
#include "app/health_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "support/fake_clock.hpp"

namespace embergate::app {
namespace {

using core::Fault;
using observability::HealthResult;
using observability::HealthStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A database of which nothing but its state is asked.
class StatedStore final : public store::Store {
 public:
  void transact(Body, Done) override { std::abort(); }
  core::Result<void> read(const ReadBody&) override { return {}; }
  [[nodiscard]] std::int64_t committed_catalog_epoch() const override { return 0; }
  [[nodiscard]] store::Outbox& outbox() override { std::abort(); }
  [[nodiscard]] core::Milliseconds last_commit_time() const override { return core::Milliseconds(3); }
  core::Result<void> ping() override {
    if (answers) return {};
    return core::make_retriable(core::ErrorCode::kUnavailable, "gone");
  }
  [[nodiscard]] store::WritingState writing() const override { return state; }
  void probe_writing() override { ++probes; }
  void stop() override {}

  store::WritingState state;
  bool answers = true;
  int probes = 0;
};

class HealthChecks : public testing::Test {
 protected:
  HealthChecks() {
    observability::log::capture([this](std::string_view line) { lines_.push_back(nlohmann::json::parse(line)); });
    vault::SecretCache::Options options;
    options.start_poll_thread = false;
    secrets_.emplace(vault::VaultConfig(), options, clock_, metrics_);
    add_health_checks(health_, store_, *secrets_, faults_, clock_);
  }
  ~HealthChecks() override { observability::log::capture(nullptr); }

  HealthResult result_of(const std::string& name) {
    for (auto& [known, result] : health_.run()) {
      if (known == name) return result;
    }
    ADD_FAILURE() << "no check " << name;
    return {};
  }
  std::vector<std::string> events() const {
    std::vector<std::string> names;
    for (const auto& line : lines_) names.push_back(line["ev"]);
    return names;
  }

  test::FakeClock clock_;
  observability::Metrics metrics_;
  observability::Faults faults_{clock_, metrics_};
  observability::HealthRegistry health_;
  StatedStore store_;
  std::optional<vault::SecretCache> secrets_;
  std::vector<nlohmann::json> lines_;
};

TEST_F(HealthChecks, AWriteThatHangsIsOneFaultHoweverLongItHangs) {
  EXPECT_EQ(result_of("db:responseTime").status, HealthStatus::kPass);
  store_.state.under_way = core::Milliseconds(5'001);
  EXPECT_THAT(result_of("db:responseTime").faults, ElementsAre(Fault::kStoreSlow));
  store_.state.under_way = core::Milliseconds(9'000);
  const HealthResult slow = result_of("db:responseTime");
  EXPECT_EQ(slow.status, HealthStatus::kFail);
  EXPECT_THAT(slow.output, HasSubstr("9 s"));
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_errors_total{code=\"store.slow\"} 1"));
  store_.state.under_way = core::Milliseconds(0);
  EXPECT_THAT(result_of("db:responseTime").faults, IsEmpty());
  EXPECT_THAT(events(), ElementsAre("store/slow", "fault/ended"));
  EXPECT_EQ(lines_[0]["code"], "store.slow");
}

TEST_F(HealthChecks, AFullDatabaseAndOneThatDoesNotAnswerHaveCodesOfTheirOwn) {
  store_.state = {false, "the database is full", Fault::kStoreFull, core::Milliseconds(0)};
  EXPECT_THAT(result_of("db:responseTime").faults, ElementsAre(Fault::kStoreFull));
  EXPECT_EQ(store_.probes, 1);
  store_.state = {};
  store_.answers = false;
  EXPECT_THAT(result_of("db:responseTime").faults, ElementsAre(Fault::kStoreFailed));
  store_.answers = true;
  EXPECT_THAT(result_of("db:responseTime").faults, IsEmpty());
  EXPECT_THAT(events(), ElementsAre("store/failed", "fault/ended", "store/failed", "fault/ended"));
  EXPECT_EQ(lines_[0]["code"], "store.full");
  EXPECT_EQ(lines_[2]["code"], "store.failed");
}

TEST_F(HealthChecks, CriteriaAndTheListenersCertificateWarnWhileTheirFaultsLast) {
  EXPECT_EQ(result_of("topics:criteria").status, HealthStatus::kPass);
  faults_.happens({.fault = Fault::kTopicCriterionError, .key = "topic a", .concerns = "urn:a", .detail = "why"});
  faults_.happens({.fault = Fault::kWebCertificate, .key = "listener", .detail = "broken"});
  const HealthResult criteria = result_of("topics:criteria");
  EXPECT_EQ(criteria.status, HealthStatus::kWarn);
  EXPECT_THAT(criteria.faults, ElementsAre(Fault::kTopicCriterionError));
  EXPECT_EQ(criteria.output, "urn:a topic.criterion-error (why)");
  EXPECT_EQ(criteria.summary, "topics:criteria") << "everybody sees no url";
  EXPECT_THAT(result_of("web:certificate").faults, ElementsAre(Fault::kWebCertificate));
  faults_.ends("topic a");
  faults_.ends("listener");
  EXPECT_EQ(result_of("topics:criteria").status, HealthStatus::kPass);
  EXPECT_EQ(result_of("web:certificate").status, HealthStatus::kPass);
}

}  // namespace
}  // namespace embergate::app
