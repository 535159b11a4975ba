// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "embergate/vault/file_system.hpp"
#include "vault/mount_table.hpp"

namespace embergate::vault {
namespace {

// O_NONBLOCK: a FIFO without a writer must not hold the thread. Links are followed: secret volumes are made of
// them.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

constexpr std::uint64_t kBeneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
// Fails with EAGAIN where the way is not in the kernel's memory, so that no file system is asked (Linux 5.12).
constexpr std::uint64_t kFromMemory = 0x20;  // RESOLVE_CACHED

int open_resolved(int directory, const char* path, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = resolve;
  const long descriptor = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
  return descriptor >= 0 ? static_cast<int>(descriptor) : -errno;
}

int open_beneath(int directory, const char* path) { return open_resolved(directory, path, kOpenFlags, kBeneath); }

timespec time_of(const statx_timestamp& time) { return {time.tv_sec, time.tv_nsec}; }

// What is known of an open file without asking a remote server or a program for it.
int known_status(int descriptor, struct stat& status) {
  struct statx seen{};
  if (::statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &seen) != 0) return -errno;
  status = {};
  status.st_dev = makedev(seen.stx_dev_major, seen.stx_dev_minor);
  status.st_ino = seen.stx_ino;
  status.st_mode = seen.stx_mode;
  status.st_nlink = seen.stx_nlink;
  status.st_size = static_cast<off_t>(seen.stx_size);
  status.st_mtim = time_of(seen.stx_mtime);
  status.st_ctim = time_of(seen.stx_ctime);
  return 0;
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// The kernel's table of mounts, read again when the kernel says that it has changed.
class Mounts {
 public:
  Mounts() : descriptor_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}
  ~Mounts() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Mounts(const Mounts&) = delete;
  Mounts& operator=(const Mounts&) = delete;

  std::string lane_of(const std::string& path) {
    return table()->lane_of(path, link_target);  // reads links, so not under the lock
  }

 private:
  std::shared_ptr<const MountTable> table() {
    std::lock_guard lock(mutex_);
    if (!table_ || has_changed()) table_ = std::make_shared<const MountTable>(text());
    return table_;
  }
  [[nodiscard]] bool has_changed() const {
    pollfd waiting{descriptor_, POLLPRI, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    std::array<char, 16'384> chunk;
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) return all;
    for (ssize_t got = 0; (got = ::read(descriptor_, chunk.data(), chunk.size())) > 0;)
      all.append(chunk.data(), static_cast<std::size_t>(got));
    return all;
  }

  const int descriptor_;
  std::mutex mutex_;
  std::shared_ptr<const MountTable> table_;
};

class MachineFileSystem final : public FileSystem {
 public:
  explicit MachineFileSystem(std::vector<std::string> roots) : roots_(std::move(roots)) {}

  int open(const std::string& path) override {
    if (!roots_.empty()) return open_within_roots(path);
    const int descriptor = ::open(path.c_str(), kOpenFlags);
    return descriptor >= 0 ? descriptor : -errno;
  }

  int fstat(int descriptor, struct stat& status) override { return ::fstat(descriptor, &status) == 0 ? 0 : -errno; }

  long type_of(int descriptor) override {
    struct statfs status{};
    return ::fstatfs(descriptor, &status) == 0 ? static_cast<long>(status.f_type) : -static_cast<long>(errno);
  }

  ssize_t read(int descriptor, char* buffer, std::size_t n) override {
    const ssize_t got = ::read(descriptor, buffer, n);
    return got >= 0 ? got : -errno;
  }

  void close(int descriptor) override { ::close(descriptor); }

  int parent_mode(const std::string& path, mode_t& mode) override {
    char* resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return -errno;
    std::string parent(resolved);
    std::free(resolved);
    parent.resize(parent.find_last_of('/') + 1);
    struct stat status{};
    if (::stat(parent.c_str(), &status) != 0) return -errno;
    mode = status.st_mode;
    return 0;
  }

  std::string mount_of(const std::string& path) override { return mounts_.lane_of(path); }

  int stat_at_once(const std::string& path, struct stat& status) override {
    if (!resolves_from_memory_.load(std::memory_order_relaxed)) return -EAGAIN;
    const int descriptor = open_from_memory(path);
    if (descriptor < 0) {
      // An older kernel, or a sandbox that knows no such call.
      const bool unknown = descriptor == -EINVAL || descriptor == -ENOSYS || descriptor == -EPERM;
      if (unknown) resolves_from_memory_ = false;
      return unknown ? -EAGAIN : descriptor;
    }
    const int failure = known_status(descriptor, status);
    ::close(descriptor);
    return failure;
  }

 private:
  int open_within_roots(const std::string& path) const {
    for (const auto& root : roots_) {
      if (!path.starts_with(root + "/")) continue;
      // The root is opened afresh: it may be a mount that came later.
      const int directory = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (directory < 0) return -errno;
      const int descriptor = open_beneath(directory, path.c_str() + root.size() + 1);
      ::close(directory);
      return descriptor;
    }
    return -EXDEV;
  }

  int open_from_memory(const std::string& path) const {
    constexpr int kLook = O_PATH | O_CLOEXEC;
    if (roots_.empty()) return open_resolved(AT_FDCWD, path.c_str(), kLook, kFromMemory);
    for (const auto& root : roots_) {
      if (!path.starts_with(root + "/")) continue;
      const int directory = open_resolved(AT_FDCWD, root.c_str(), kLook | O_DIRECTORY, kFromMemory);
      if (directory < 0) return directory;
      const int descriptor = open_resolved(directory, path.c_str() + root.size() + 1, kLook, kFromMemory | kBeneath);
      ::close(directory);
      return descriptor;
    }
    return -EXDEV;
  }

  const std::vector<std::string> roots_;
  std::atomic<bool> resolves_from_memory_{true};
  Mounts mounts_;
};

}  // namespace

std::string FileSystem::mount_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

int FileSystem::stat_at_once(const std::string& path, struct stat& status) {
  const int descriptor = open(path);
  if (descriptor < 0) return descriptor;
  const int failure = fstat(descriptor, status);
  close(descriptor);
  return failure;
}

std::shared_ptr<FileSystem> machine_file_system(std::vector<std::string> roots) {
  return std::make_shared<MachineFileSystem>(std::move(roots));
}

bool can_confine_files() {
  const int descriptor = open_beneath(AT_FDCWD, ".");
  if (descriptor < 0) return false;
  ::close(descriptor);
  return true;
}

}  // namespace embergate::vault
