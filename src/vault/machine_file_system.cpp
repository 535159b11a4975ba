// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "embergate/vault/file_system.hpp"

namespace embergate::vault {
namespace {

// O_NONBLOCK: a FIFO without a writer must not hold the thread. Links are followed: secret volumes are made of
// them.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int open_beneath(int directory, const char* path) {
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long descriptor = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
  return descriptor >= 0 ? static_cast<int>(descriptor) : -errno;
}

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

  const std::vector<std::string> roots_;
};

}  // namespace

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
