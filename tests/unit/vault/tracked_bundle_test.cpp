// SPDX-License-Identifier: Apache-2.0
#include "vault/tracked_bundle.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;

class TrackedBundleTest : public ::testing::Test {
 protected:
  TrackedBundleTest() {
    Entry entry{.name = *make_secret_name("a"), .path = dir_.write("a", "VALUE"), .scopes = {}};
    file_ = std::make_shared<TrackedFile>(
        entry, ContentKind::kSingleLine, Timing{30s, 100ms, 30s, 0ms, 2s},
        LookContext{clock_, machine_file_system(), pool_, [](core::Milliseconds) {}, 10s, false},
        [](const TrackedFile&, const FileState&, const Effect&) {});
    bundle_ = std::make_shared<TrackedBundle>(
        std::vector<BundleMember>{{entry.name, ContentKind::kSingleLine, {}, {}}},
        std::vector<std::shared_ptr<TrackedFile>>{file_}, TrackedBundle::Rules{30s, 60s, 0ms},
        TrackedBundle::Host{[this](const BundleMember&, const Requester&) { return grant(); },
                            [](const TrackedBundle&, const BundleReport&) {}},
        clock_, std::make_shared<Notices>());
    file_->look();
    clock_.advance(100ms);
  }
  // In scope for so many questions more, as when another config comes into force between two.
  core::Result<void> grant() {
    if (granted_ == 0) return core::make_error(core::ErrorCode::kForbidden, "out of scope");
    --granted_;
    return {};
  }

  test::TempDir dir_;
  test::FakeClock clock_;
  ReadPool pool_{ReadPool::Limits{}};
  std::shared_ptr<TrackedFile> file_;
  std::shared_ptr<TrackedBundle> bundle_;
  const Requester requester_{"Client", "a", "secret"};
  int granted_ = 2;
};

TEST_F(TrackedBundleTest, GivesNothingWhenTheScopeIsNarrowedWhileItsFilesAreLookedAt) {
  ASSERT_TRUE(bundle_->resolve(requester_, Use::kOutboundRunning));
  granted_ = 1;
  const auto resolved = bundle_->resolve(requester_, Use::kOutboundRunning);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, core::ErrorCode::kForbidden);
  granted_ = 1;
  const auto refreshed = bundle_->refresh(requester_, Use::kOutboundRunning, 1);
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code, core::ErrorCode::kForbidden);
}

}  // namespace
}  // namespace embergate::vault
