// SPDX-License-Identifier: Apache-2.0
// A file system of one file, by script: what it holds, what its metadata claims, and which call fails next. Every call
// can be made to hang. Thread: any. Ownership: shared with the cache under test.
#pragma once

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>

#include "embergate/vault/file_system.hpp"

namespace embergate::test {

class ScriptedFiles final : public vault::FileSystem {
 public:
  struct File {
    std::string bytes;
    std::uint64_t inode = 1;
    std::int64_t mtime_s = 1'700'000'000;
    std::int64_t ctime_s = 1'700'000'000;
    std::int64_t claimed_size = -1;  // -1: the true one
    mode_t mode = S_IFREG | 0440;
    nlink_t links = 1;
  };

  void put(std::string bytes) {
    std::lock_guard lock(mutex_);
    file_.bytes = std::move(bytes);
    ++file_.inode;
  }
  void put_with_same_identity(std::string bytes) {
    std::lock_guard lock(mutex_);
    file_.bytes = std::move(bytes);
  }
  template <class F>
  void edit(F&& change) {
    std::lock_guard lock(mutex_);
    change(file_);
  }
  // The next calls of open, or of read, fail with these errors, in turn; 0 succeeds.
  void fail_opens(std::deque<int> errors) {
    std::lock_guard lock(mutex_);
    open_errors_ = std::move(errors);
  }
  void fail_reads(std::deque<int> errors) {
    std::lock_guard lock(mutex_);
    read_errors_ = std::move(errors);
  }
  void fail_always(int error) {  // 0: no longer
    std::lock_guard lock(mutex_);
    open_error_ = error;
  }
  void read_at_most(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    read_chunk_ = bytes;
  }
  void change_while_reading(bool on) {
    std::lock_guard lock(mutex_);
    changes_while_reading_ = on;
  }
  void set_parent_mode(mode_t mode) {
    std::lock_guard lock(mutex_);
    parent_mode_ = mode;
  }
  void set_type(long type) {
    std::lock_guard lock(mutex_);
    type_ = type;
  }
  void hang(const std::string& path) {
    std::lock_guard lock(mutex_);
    hanging_path_ = path;
  }
  void hang_at_end(bool on) {  // with the content already read
    std::lock_guard lock(mutex_);
    hangs_at_end_ = on;
  }
  void release() {
    std::lock_guard lock(mutex_);
    hanging_path_.clear();
    hangs_at_end_ = false;
    released_.notify_all();
  }
  [[nodiscard]] int opens() const {
    std::lock_guard lock(mutex_);
    return opens_;
  }
  [[nodiscard]] int reads() const {
    std::lock_guard lock(mutex_);
    return reads_;
  }
  [[nodiscard]] int hung() const {
    std::lock_guard lock(mutex_);
    return hung_;
  }

  int open(const std::string& path) override {
    std::unique_lock lock(mutex_);
    ++opens_;
    position_ = 0;
    if (path == hanging_path_) {
      ++hung_;
      released_.wait(lock, [&] { return hanging_path_.empty(); });
      --hung_;
    }
    if (open_error_ != 0) return -open_error_;
    return -next(open_errors_);
  }
  int fstat(int, struct stat& status) override {
    std::lock_guard lock(mutex_);
    std::memset(&status, 0, sizeof status);
    status.st_dev = 7;
    status.st_ino = file_.inode;
    status.st_size = file_.claimed_size >= 0 ? file_.claimed_size : static_cast<off_t>(file_.bytes.size());
    status.st_mtim.tv_sec = file_.mtime_s;
    status.st_ctim.tv_sec = file_.ctime_s;
    status.st_mode = file_.mode;
    status.st_nlink = file_.links;
    return 0;
  }
  long type_of(int) override {
    std::lock_guard lock(mutex_);
    return type_;
  }
  ssize_t read(int, char* buffer, std::size_t n) override {
    std::lock_guard lock(mutex_);
    ++reads_;
    if (const int error = next(read_errors_); error != 0) return -error;
    if (changes_while_reading_) ++file_.ctime_s;
    n = std::min({n, read_chunk_, file_.bytes.size() - std::min(position_, file_.bytes.size())});
    std::memcpy(buffer, file_.bytes.data() + position_, n);
    position_ += n;
    return static_cast<ssize_t>(n);
  }
  void close(int) override {
    std::unique_lock lock(mutex_);
    if (!hangs_at_end_) return;
    ++hung_;
    released_.wait(lock, [&] { return !hangs_at_end_; });
    --hung_;
  }
  int parent_mode(const std::string&, mode_t& mode) override {
    std::lock_guard lock(mutex_);
    mode = parent_mode_;
    return 0;
  }

 private:
  static int next(std::deque<int>& errors) {
    if (errors.empty()) return 0;
    const int error = errors.front();
    errors.pop_front();
    return error;
  }

  mutable std::mutex mutex_;
  std::condition_variable released_;
  File file_;
  std::size_t position_ = 0;
  std::size_t read_chunk_ = 65'536;
  std::deque<int> open_errors_;
  std::deque<int> read_errors_;
  int open_error_ = 0;
  bool changes_while_reading_ = false;
  mode_t parent_mode_ = S_IFDIR | 0755;
  long type_ = 0xef53;
  std::string hanging_path_;
  bool hangs_at_end_ = false;
  int opens_ = 0;
  int reads_ = 0;
  int hung_ = 0;
};

}  // namespace embergate::test
