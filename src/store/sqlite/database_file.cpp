// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/database_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace embergate::store::sqlite {
namespace {

core::Error cannot_open(const std::string& path, int error) {
  return core::make_error(
      core::ErrorCode::kUnavailable,
      fmt::format(
          "cannot open the database file {}: {}; BOX_DB_PATH must name a file in an existing directory that this "
          "user may write",
          path, std::generic_category().message(error)));
}

int open_private(const std::string& path) { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }

// SQLite syncs the directory for its log, not for the database file itself.
void sync_directory_of(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  const int descriptor = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

// Closing any descriptor of the database drops SQLite's locks on it, so this must be over before SQLite opens it.
core::Result<void> make_private_file(const std::string& path) {
  const int descriptor = open_private(path);
  if (descriptor < 0) return cannot_open(path, errno);
  struct stat status{};
  const bool known = ::fstat(descriptor, &status) == 0;
  const bool regular = known && S_ISREG(status.st_mode);
  const bool open_to_others = known && (status.st_mode & 0077) != 0;
  const int error = regular && open_to_others && ::fchmod(descriptor, 0600) != 0 ? errno : 0;
  ::close(descriptor);
  if (!regular) return cannot_open(path, EINVAL);
  if (error != 0) return cannot_open(path, error);
  sync_directory_of(path);
  return {};
}

}  // namespace

core::Result<std::unique_ptr<DatabaseFile>> DatabaseFile::claim(const std::string& path) {
  if (path.empty()) {
    return core::make_error(core::ErrorCode::kUnavailable,
                            "BOX_DB_PATH is empty: set it to the path of the database file");
  }
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) return cannot_open(path, EISDIR);
  const int lock = open_private(path + ".lock");
  if (lock < 0) return cannot_open(path, errno);
  std::unique_ptr<DatabaseFile> file(new DatabaseFile(lock));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return core::make_error(
        core::ErrorCode::kUnavailable,
        fmt::format("another process already uses the database {}: stop it, or set BOX_DB_PATH to a "
                    "file of its own for each process",
                    path));
  }
  EG_CHECK(make_private_file(path));
  return file;
}

DatabaseFile::~DatabaseFile() { ::close(lock_); }

}  // namespace embergate::store::sqlite
