// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "embergate/vault/file_system.hpp"

namespace embergate::vault {
namespace {

class MachineFileSystem final : public FileSystem {
 public:
  int open(const std::string& path) override {
    // O_NONBLOCK: a FIFO without a writer must not hold the thread. Links are followed: secret volumes are made
    // of them.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
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
};

}  // namespace

std::shared_ptr<FileSystem> machine_file_system() {
  static const auto files = std::make_shared<MachineFileSystem>();
  return files;
}

}  // namespace embergate::vault
