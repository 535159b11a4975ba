// SPDX-License-Identifier: Apache-2.0
// The few calls by which secret files are read, so that tests can make each of them fail.
// Thread: called on the cache's read threads, where they may hang; mount_of() and stat_at_once() on any thread, where
// they must not. Implementations must be safe for several threads. Ownership: shared. Failure: every call
// returns 0 or a value, or -errno.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace embergate::vault {

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int open(const std::string& path) = 0;  // O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY; descriptor or -errno
  virtual int fstat(int descriptor, struct stat& status) = 0;             // 0 or -errno
  virtual long type_of(int descriptor) = 0;                               // statfs f_type, or -errno
  virtual ssize_t read(int descriptor, char* buffer, std::size_t n) = 0;  // bytes or -errno
  virtual void close(int descriptor) = 0;
  virtual int parent_mode(const std::string& path,
                          mode_t& mode) = 0;  // of the directory that holds the resolved file; 0 or -errno

  // What hangs together with this path: equal answers for files of one mount. Never asks a file system that may hang.
  // As it stands here: the directory in the path.
  [[nodiscard]] virtual std::string mount_of(const std::string& path);
  // What fstat() would say of a file on a local file system. Never waits for another one: -EAGAIN, or an answer that
  // may be old. As it stands here: open, fstat, close.
  virtual int stat_at_once(const std::string& path, struct stat& status);
};

// With roots, a file is opened only if it lies beneath one of them after every link was followed; else -EXDEV.
std::shared_ptr<FileSystem> machine_file_system(std::vector<std::string> roots = {});
// Whether this kernel can keep that promise.
bool can_confine_files();

}  // namespace embergate::vault
