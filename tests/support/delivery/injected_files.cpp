// SPDX-License-Identifier: Apache-2.0
#include "support/delivery/injected_files.hpp"

#include <algorithm>
#include <cerrno>

#include "support/delivery/file_calls.hpp"
#include "support/delivery/writers.hpp"

namespace embergate::test::delivery {

void InjectedFiles::fail_next(Call call, std::deque<int> errors) {
  const std::lock_guard lock(mutex_);
  plans_[call].errors = std::move(errors);
}

void InjectedFiles::fail_every(Call call, unsigned n, int error) {
  const std::lock_guard lock(mutex_);
  plans_[call].every = n;
  plans_[call].error = error;
}

void InjectedFiles::hang(Call call) {
  const std::lock_guard lock(mutex_);
  plans_[call].hang = true;
}

void InjectedFiles::release() {
  const std::lock_guard lock(mutex_);
  for (auto& [call, plan] : plans_) plan.hang = false;
  wake_.notify_all();
}

int InjectedFiles::hanging() const {
  const std::lock_guard lock(mutex_);
  return hanging_;
}

void InjectedFiles::read_at_most(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  read_limit_ = bytes;
}

void InjectedFiles::whole_seconds() {
  const std::lock_guard lock(mutex_);
  whole_seconds_ = true;
}

void InjectedFiles::freeze() {
  const std::lock_guard lock(mutex_);
  frozen_ = true;
}

void InjectedFiles::pretend_type(long type) {
  const std::lock_guard lock(mutex_);
  type_ = type;
}

std::uint64_t InjectedFiles::calls(Call call) const {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(call);
  return found == plans_.end() ? 0 : found->second.calls;
}

int InjectedFiles::enter(Call call) {
  std::unique_lock lock(mutex_);
  Plan& plan = plans_[call];
  ++plan.calls;
  ++hanging_;
  wake_.wait(lock, [&] { return !plan.hang; });
  --hanging_;
  if (!plan.errors.empty()) {
    const int error = plan.errors.front();
    plan.errors.pop_front();
    return -error;
  }
  return plan.every > 0 && plan.calls % plan.every == 0 ? -plan.error : 0;
}

int InjectedFiles::open(const std::string& path) {
  const int failed = enter(Call::kOpen);
  return failed != 0 ? failed : inner_->open(path);
}

int InjectedFiles::fstat(int descriptor, struct stat& status) {
  const int failed = enter(Call::kFstat);
  const int result = failed != 0 ? failed : inner_->fstat(descriptor, status);
  if (result != 0) return result;
  const std::lock_guard lock(mutex_);
  if (whole_seconds_) status.st_mtim.tv_nsec = status.st_ctim.tv_nsec = 0;
  if (frozen_) status = seen_.try_emplace(status.st_ino, status).first->second;
  return 0;
}

long InjectedFiles::type_of(int descriptor) {
  {
    const std::lock_guard lock(mutex_);
    if (type_ != 0) return type_;
  }
  return inner_->type_of(descriptor);
}

ssize_t InjectedFiles::read(int descriptor, char* buffer, std::size_t n) {
  const int failed = enter(Call::kRead);
  if (failed != 0) return failed;
  std::size_t limit = n;
  {
    const std::lock_guard lock(mutex_);
    if (read_limit_ > 0) limit = std::min(n, read_limit_);
  }
  return inner_->read(descriptor, buffer, limit);
}

namespace {

constexpr long kNfs = 0x6969;

// A writer that renames, or overwrites, below a file system of this kind.
class Injected final : public Method {
 public:
  enum class Trouble { kCoarseTimes, kSlowNetwork, kFailingDisk };
  Injected(const std::filesystem::path& directory, Trouble trouble) : directory_(directory), trouble_(trouble) {
    std::filesystem::create_directories(directory_);
  }
  void write(const Values& values, const Hook& hook) override {
    for (const auto& [key, bytes] : values) {
      if (trouble_ == Trouble::kCoarseTimes) {
        overwrite(directory_ / key, bytes);
      } else {
        replace(directory_ / key, bytes, 0640, hook);
      }
    }
    step(hook, "written");
  }
  [[nodiscard]] std::string path(const std::string& key) const override { return (directory_ / key).string(); }
  [[nodiscard]] std::shared_ptr<vault::FileSystem> files(std::shared_ptr<vault::FileSystem> inner) override {
    auto files = std::make_shared<InjectedFiles>(std::move(inner));
    if (trouble_ == Trouble::kCoarseTimes) files->whole_seconds();
    if (trouble_ == Trouble::kSlowNetwork) {
      files->pretend_type(kNfs);
      files->read_at_most(1);
      files->fail_every(Call::kOpen, 3, ESTALE);
    }
    if (trouble_ == Trouble::kFailingDisk) files->fail_every(Call::kRead, 5, EIO);
    return files;
  }

 private:
  std::filesystem::path directory_;
  Trouble trouble_;
};

}  // namespace

Made make_coarse_times(const Directory& directory) {
  return std::make_unique<Injected>(directory, Injected::Trouble::kCoarseTimes);
}
Made make_slow_network(const Directory& directory) {
  return std::make_unique<Injected>(directory, Injected::Trouble::kSlowNetwork);
}
Made make_failing_disk(const Directory& directory) {
  return std::make_unique<Injected>(directory, Injected::Trouble::kFailingDisk);
}

}  // namespace embergate::test::delivery
