// SPDX-License-Identifier: Apache-2.0
// Files that hang, by script: users of a secret elsewhere must not notice (R-06).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "embergate/observability/log.hpp"
#include "embergate/vault/cache.hpp"
#include "support/eventually.hpp"

namespace embergate::vault {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr long kNfs = 0x6969;

// Many files; those of some directories hang at open.
class Shares final : public FileSystem {
 public:
  void put(const std::string& path, std::string bytes) {
    std::lock_guard lock(mutex_);
    files_[path] = File{std::move(bytes), ++last_inode_};
  }
  void hang(const std::string& directory) {
    std::lock_guard lock(mutex_);
    hung_.insert(directory);
  }
  void release() {
    std::lock_guard lock(mutex_);
    hung_.clear();
    released_.notify_all();
  }
  [[nodiscard]] int most_waiting() const {
    std::lock_guard lock(mutex_);
    return most_waiting_;
  }

  int open(const std::string& path) override {
    std::unique_lock lock(mutex_);
    const auto is_hung = [&] { return hung_.contains(path.substr(0, path.rfind('/'))); };
    if (is_hung()) {
      most_waiting_ = std::max(most_waiting_, ++waiting_);
      released_.wait(lock, [&] { return !is_hung(); });
      --waiting_;
    }
    const auto found = files_.find(path);
    if (found == files_.end()) return -ENOENT;
    open_[++last_open_] = {found->second, 0};
    return last_open_;
  }
  int fstat(int descriptor, struct stat& status) override {
    std::lock_guard lock(mutex_);
    std::memset(&status, 0, sizeof status);
    const File& file = open_.at(descriptor).first;
    status.st_dev = 7;
    status.st_ino = file.inode;
    status.st_size = static_cast<off_t>(file.bytes.size());
    status.st_mode = S_IFREG | 0440;
    status.st_nlink = 1;
    return 0;
  }
  long type_of(int) override { return kNfs; }
  ssize_t read(int descriptor, char* buffer, std::size_t n) override {
    std::lock_guard lock(mutex_);
    auto& [file, position] = open_.at(descriptor);
    n = std::min(n, file.bytes.size() - position);
    std::memcpy(buffer, file.bytes.data() + position, n);
    position += n;
    return static_cast<ssize_t>(n);
  }
  void close(int descriptor) override {
    std::lock_guard lock(mutex_);
    open_.erase(descriptor);
  }
  int parent_mode(const std::string&, mode_t& mode) override {
    mode = S_IFDIR | 0755;
    return 0;
  }

 private:
  struct File {
    std::string bytes;
    std::uint64_t inode = 0;
  };
  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::map<std::string, File> files_;
  std::map<int, std::pair<File, std::size_t>> open_;
  std::set<std::string> hung_;
  std::uint64_t last_inode_ = 0;
  int last_open_ = 0;
  int waiting_ = 0;
  int most_waiting_ = 0;
};

class HangingFiles : public ::testing::Test {
 protected:
  HangingFiles() {
    observability::log::capture([](std::string_view) {});
    options_.ttl = 1h;
    options_.poll = 50ms;
    options_.quiet = 5ms;  // 50 ms, since the files are remote
    options_.grace = 2s;
    for (const char* name : {"healthy1", "healthy2"}) add(name, "/healthy/" + std::string(name));
    for (int i = 0; i < kHung; ++i) add(hung(i), "/share" + std::to_string(i % 3) + "/" + hung(i));
    cache_.emplace(*VaultConfig::parse("{\"secret\":{" + entries_ + "}}"), options_, core::system_clock(), metrics_,
                   files_);
    for (int i = 0; i < kHung; ++i) watch(hung(i));
    watch("healthy1");
  }
  ~HangingFiles() override {
    files_->release();
    watches_.clear();
    cache_.reset();
    observability::log::capture(nullptr);
  }

  static constexpr int kHung = 100;
  static std::string hung(int i) { return "hung" + std::to_string(i); }
  void add(const std::string& name, const std::string& path) {
    files_->put(path, "V1");
    entries_ += (entries_.empty() ? "\"" : ",\"") + name + R"(":{"path":")" + path + R"(","scope":["Client/a"]})";
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
  bool all_hung_give(const std::string& wanted) {
    for (int i = 0; i < kHung; ++i) {
      if (value(hung(i)) != wanted) return false;
    }
    return true;
  }
  void hang_all() {
    for (int i = 0; i < 3; ++i) files_->hang("/share" + std::to_string(i));
  }

  std::shared_ptr<Shares> files_ = std::make_shared<Shares>();
  std::string entries_;
  observability::Metrics metrics_;
  SecretCache::Options options_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> told_;
  std::optional<SecretCache> cache_;
  std::vector<std::unique_ptr<Watch>> watches_;
};

TEST_F(HangingFiles, AHundredOnThreeMountsTakeNothingFromTheOthers) {
  ASSERT_TRUE(test::eventually([&] { return told("healthy1") == 1 && told(hung(99)) == 1; }));
  ASSERT_EQ(value("healthy2"), "V1");
  hang_all();
  for (std::uint64_t version = 2; version <= 6; ++version) {
    const auto wanted = "V" + std::to_string(version);
    files_->put("/healthy/healthy1", wanted);
    files_->put("/healthy/healthy2", wanted);
    const auto begun = steady_clock::now();
    EXPECT_EQ(value("healthy2"), wanted);
    EXPECT_LT(steady_clock::now() - begun, 700ms);
    EXPECT_TRUE(test::eventually([&] { return told("healthy1") == version; }, 1'500ms)) << wanted;
  }
  EXPECT_LE(files_->most_waiting(), 12);
  EXPECT_TRUE(test::eventually([&] { return all_hung_give("(none)"); }, 6s));
  const auto begun = steady_clock::now();
  for (int i = 0; i < kHung; ++i) EXPECT_EQ(value(hung(i)), "(none)");
  EXPECT_LT(steady_clock::now() - begun, 5s) << "who waits behind a look that hangs is told at once";
  files_->release();
  EXPECT_TRUE(test::eventually([&] { return all_hung_give("V1"); }));
}

TEST_F(HangingFiles, ThatHangFromTheStartDoNotKeepTheOthersFromComingUp) {
  watches_.clear();
  cache_.reset();
  told_.clear();
  hang_all();
  cache_.emplace(*VaultConfig::parse("{\"secret\":{" + entries_ + "}}"), options_, core::system_clock(), metrics_,
                 files_);
  for (int i = 0; i < kHung; ++i) watch(hung(i));
  watch("healthy1");
  EXPECT_TRUE(test::eventually([&] { return told("healthy1") == 1; }, 1s));
  EXPECT_EQ(value("healthy2"), "V1");
}

}  // namespace
}  // namespace embergate::vault
