// SPDX-License-Identifier: Apache-2.0
// Mounts whose server stops answering (R-06): users of a secret elsewhere must not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "embergate/observability/log.hpp"
#include "embergate/vault/bundle.hpp"
#include "embergate/vault/cache.hpp"
#include "support/eventually.hpp"
#include "support/hanging_mount.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kMounts = 3;
constexpr int kHungFiles = 100;

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

class HangingMounts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::HangingMount::possible()) GTEST_SKIP() << "needs root, /dev/fuse and the right to mount";
    observability::log::capture([](std::string_view) {});
    options_.ttl = 1h;
    options_.poll = 100ms;
    options_.quiet = 20ms;
    options_.grace = 3s;
    for (int i = 0; i < kMounts; ++i) mounts_.push_back(mount("share" + std::to_string(i)));
    near_ = mount("near");
    std::string entries = entry("local", dir_.write("local", "V1")) + "," + entry("near", near_->write("near", "V1"));
    for (int i = 0; i < kHungFiles; ++i)
      entries += "," + entry(hung(i), mounts_[static_cast<std::size_t>(i % kMounts)]->write(hung(i), "V1"));
    cache_.emplace(*VaultConfig::parse("{\"secret\":{" + entries + "}}"), options_, core::system_clock(), metrics_);
    for (int i = 0; i < kHungFiles; ++i) watch(hung(i));
    watch("local");
    watch("near");
    ASSERT_TRUE(test::eventually([&] {
      const auto reports = cache_->reports_in_use();
      return std::all_of(reports.begin(), reports.end(), [](const Report& one) { return one.state == State::kOk; });
    }));
  }
  void TearDown() override {
    for (const auto& one : mounts_) one->release();
    watches_.clear();
    cache_.reset();
    observability::log::capture(nullptr);
  }

  std::unique_ptr<test::HangingMount> mount(const std::string& name) {
    return std::make_unique<test::HangingMount>(dir_.path() / name);
  }
  static std::string hung(int i) { return "hung" + std::to_string(i); }
  static std::string entry(const std::string& name, const std::string& path) {
    return "\"" + name + R"(":{"path":")" + path + R"(","scope":["Client/a"]})";
  }
  void watch(const std::string& name) {
    watches_.push_back(cache_->watch(*make_secret_name(name), ContentKind::kSingleLine, [this, name](std::uint64_t to) {
      std::lock_guard lock(mutex_);
      told_[name] = to;
    }));
  }
  std::uint64_t told(const std::string& name) {
    std::lock_guard lock(mutex_);
    return told_[name];
  }
  std::string value(const std::string& name) {
    const auto found =
        cache_->resolve(*make_secret_name(name), {"Client", "a", "secret"}, ContentKind::kSingleLine, Use::kInbound);
    if (!found) return "(none)";
    return found->secret->with_plaintext([](std::string_view text) { return std::string(text); });
  }
  void hang_all() {
    for (const auto& one : mounts_) one->hang();
  }

  test::TempDir dir_;
  std::vector<std::unique_ptr<test::HangingMount>> mounts_;
  std::unique_ptr<test::HangingMount> near_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> told_;
  std::optional<SecretCache> cache_;
  std::vector<std::unique_ptr<Watch>> watches_;
};

// So long that a round of looks that waits for hung files goes beyond what is left for a machine that pauses.
class PatientHangingMounts : public HangingMounts {
 protected:
  PatientHangingMounts() { options_.read_timeout = 4s; }
};

TEST_F(PatientHangingMounts, AHundredHungFilesOnThreeMountsCostSecretsElsewhereNothing) {
  const auto threads_before = threads_of_this_process();
  hang_all();
  // Clients of the hung secrets log in all the time meanwhile.
  std::atomic<bool> over{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int n = i; !over; n += 8) (void)value(hung(n % kHungFiles));
    });
  }
  auto slowest = steady_clock::duration::zero();
  std::size_t most_threads = 0;
  for (std::uint64_t version = 2; version <= 6; ++version) {
    const auto wanted = "V" + std::to_string(version);
    dir_.write("local.new", wanted);
    std::filesystem::rename(dir_.file("local.new"), dir_.file("local"));
    near_->write("near", wanted);
    const auto begun = steady_clock::now();
    // The next login sees it (R-33), and the poll tells those that run (R-14): 100 ms, and ten quiet times for a share.
    EXPECT_EQ(value("local"), wanted);
    slowest = std::max(slowest, steady_clock::now() - begun);
    EXPECT_TRUE(test::eventually([&] { return told("local") == version && told("near") == version; }, 5s)) << wanted;
    EXPECT_EQ(value("near"), wanted);
    most_threads = std::max(most_threads, threads_of_this_process());
  }
  over = true;
  for (auto& caller : callers) caller.join();
  EXPECT_LT(slowest, 2s);
  EXPECT_LE(most_threads, threads_before + 8 + 32) << "threads that hang stay few";
  // Their own users get the last good value while the grace time lasts, and no longer.
  EXPECT_TRUE(test::eventually([&] { return value(hung(7)) == "(none)"; }, 5s));
  EXPECT_EQ(cache_->report(*make_secret_name(hung(7))).reason, "io-error");
  for (const auto& one : mounts_) one->release();
  EXPECT_TRUE(test::eventually([&] {
    for (int i = 0; i < kHungFiles; ++i) {
      if (value(hung(i)) != "V1") return false;
    }
    return true;
  }));
}

TEST_F(HangingMounts, AShareThatIsMountedOverAKnownFileAndHangsHoldsNoCaller) {
  ASSERT_EQ(value("local"), "V1");
  ASSERT_TRUE(test::eventually([&] {
    std::this_thread::yield();
    return value("local") == "V1";
  }));
  // The path was known for a local one.
  const auto over = std::make_unique<test::HangingMount>(dir_.path());
  over->write("local", "V2");
  over->hang();
  const auto begun = steady_clock::now();
  EXPECT_EQ(value("local"), "V1");
  EXPECT_LT(steady_clock::now() - begun, 2s);
  over->release();
  EXPECT_TRUE(test::eventually([&] { return value("local") == "V2"; }));
}

TEST_F(HangingMounts, ALinkFromALocalDirectoryIntoAHungShareCountsForTheShare) {
  const auto files = machine_file_system();
  std::filesystem::create_directory_symlink(dir_.path() / "share0", dir_.path() / "link");
  mounts_[0]->hang();
  const auto share = files->mount_of((dir_.path() / "share0/hung0").string());
  EXPECT_EQ(files->mount_of((dir_.path() / "link/hung0").string()), share);
  EXPECT_NE(files->mount_of((dir_.path() / "share1/hung1").string()), share);
  EXPECT_NE(files->mount_of(dir_.file("local")), share);
}

}  // namespace
}  // namespace embergate::vault
