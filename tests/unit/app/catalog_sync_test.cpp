// SPDX-License-Identifier: Apache-2.0
#include "app/catalog_sync.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "embergate/observability/log.hpp"

namespace embergate::app {
namespace {

using observability::HealthStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CatalogSyncTest : public ::testing::Test {
 protected:
  CatalogSyncTest() {
    observability::log::capture(
        [this](std::string_view line) { events_.push_back(nlohmann::json::parse(line)["ev"]); });
  }
  ~CatalogSyncTest() override { observability::log::capture(nullptr); }

  core::Result<void> sync() {
    ++tries_;
    if (throws_) throw std::runtime_error("no memory");
    if (failing_) return core::make_error(core::ErrorCode::kUnavailable, "the disk is away");
    return {};
  }
  // The pause that was asked for is over.
  void let_time_pass() {
    ASSERT_TRUE(again_);
    std::exchange(again_, nullptr)();
  }

  bool failing_ = false;
  bool throws_ = false;
  int tries_ = 0;
  std::vector<std::int64_t> pauses_;
  std::function<void()> again_;
  std::vector<std::string> events_;
  std::shared_ptr<CatalogSync> sync_ =
      std::make_shared<CatalogSync>([this] { return sync(); },
                                    [this](core::Milliseconds pause, std::function<void()> again) {
                                      EXPECT_FALSE(again_) << "at most one retry is on its way";
                                      pauses_.push_back(pause.count());
                                      again_ = std::move(again);
                                    });
};

TEST_F(CatalogSyncTest, ATryThatHoldsIsTheOnlyOne) {
  sync_->run();
  EXPECT_EQ(tries_, 1);
  EXPECT_THAT(pauses_, IsEmpty());
  EXPECT_EQ(sync_->health().status, HealthStatus::kPass);
}

TEST_F(CatalogSyncTest, AFailedSyncIsRetriedUntilItHoldsAndShowsMeanwhile) {
  failing_ = true;
  sync_->run();
  EXPECT_EQ(sync_->health().status, HealthStatus::kWarn);
  EXPECT_THAT(sync_->health().output, HasSubstr("the disk is away"));
  for (int i = 0; i < 8; ++i) let_time_pass();
  EXPECT_THAT(pauses_, ElementsAre(1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000, 60'000));
  EXPECT_THAT(events_, ElementsAre("topic-destination/sync-failed")) << "once for each episode";
  failing_ = false;
  let_time_pass();
  EXPECT_EQ(tries_, 10);
  EXPECT_FALSE(again_);
  EXPECT_EQ(sync_->health().status, HealthStatus::kPass);
  EXPECT_THAT(events_, ElementsAre("topic-destination/sync-failed", "topic-destination/sync-recovered"));
  failing_ = true;
  sync_->run();
  EXPECT_EQ(pauses_.back(), 1'000) << "another episode begins from the start";
  EXPECT_EQ(events_.size(), 3U);
}

TEST_F(CatalogSyncTest, AChangeOfTheConfigurationEndsTheEpisodeToo) {
  failing_ = true;
  sync_->run();
  sync_->run();
  EXPECT_EQ(pauses_.size(), 1U);
  failing_ = false;
  sync_->run();
  EXPECT_EQ(tries_, 3);
  let_time_pass();
  EXPECT_EQ(tries_, 3) << "the retry that was on its way finds nothing to do";
}

TEST_F(CatalogSyncTest, AnExceptionIsAFailureLikeOthers) {
  throws_ = true;
  sync_->run();
  EXPECT_THAT(sync_->health().output, HasSubstr("no memory"));
  throws_ = false;
  let_time_pass();
  EXPECT_EQ(sync_->health().status, HealthStatus::kPass);
}

TEST_F(CatalogSyncTest, ARetryAfterTheEndDoesNothing) {
  failing_ = true;
  sync_->run();
  sync_.reset();
  let_time_pass();
  EXPECT_EQ(tries_, 1);
}

}  // namespace
}  // namespace embergate::app
