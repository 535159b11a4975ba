// SPDX-License-Identifier: Apache-2.0
// A file system around the machine's own that hangs, fails, or tells less than it knows (1.11, section 2 of the
// reference on secret delivery). Thread: any; release() wakes every call that hangs. Ownership: shared with the reader
// under test, which may outlive the test's own hold only when nothing hangs. Failure: none of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "embergate/vault/file_system.hpp"

namespace embergate::test::delivery {

enum class Call { kOpen, kFstat, kRead };

class InjectedFiles final : public vault::FileSystem {
 public:
  explicit InjectedFiles(std::shared_ptr<vault::FileSystem> inner) : inner_(std::move(inner)) {}

  // The next calls of this kind end with these errno values, in turn; 0 goes through.
  void fail_next(Call call, std::deque<int> errors);
  // Every n-th call of this kind fails with `error`; 0 for n: none.
  void fail_every(Call call, unsigned n, int error);
  void hang(Call call);  // until release()
  void release();
  [[nodiscard]] int hanging() const;
  void read_at_most(std::size_t bytes);  // 0: no limit
  void whole_seconds();                  // time stamps without fractions
  void freeze();                         // metadata stays as it is now, whatever the content does
  void pretend_type(long type);          // what statfs says, such as NFS
  [[nodiscard]] std::uint64_t calls(Call call) const;

  int open(const std::string& path) override;
  int fstat(int descriptor, struct stat& status) override;
  long type_of(int descriptor) override;
  ssize_t read(int descriptor, char* buffer, std::size_t n) override;
  void close(int descriptor) override { inner_->close(descriptor); }
  int parent_mode(const std::string& path, mode_t& mode) override { return inner_->parent_mode(path, mode); }

 private:
  struct Plan {
    std::deque<int> errors;
    unsigned every = 0;
    int error = 0;
    bool hang = false;
    std::uint64_t calls = 0;
  };
  int enter(Call call);  // 0, or the -errno that this call ends with

  std::shared_ptr<vault::FileSystem> inner_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Call, Plan> plans_;
  int hanging_ = 0;
  std::size_t read_limit_ = 0;
  bool whole_seconds_ = false;
  bool frozen_ = false;
  std::map<ino_t, struct stat> seen_;
  long type_ = 0;
};

}  // namespace embergate::test::delivery
