// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/new_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace embergate::store::sqlite {
namespace {

constexpr std::string_view kUnfinished = ".embergate-unfinished";
// Between the making of a file and its lock, another process may take it for one that was left, and remove it.
constexpr int kTries = 10;

core::Error cannot(std::string_view what, const std::string& path, int error) {
  return core::make_error(core::ErrorCode::kUnavailable,
                          fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(error)));
}

core::Error is_there(const std::string& target) {
  return core::make_error(core::ErrorCode::kConflict,
                          fmt::format("{} exists already: nothing is overwritten, choose another name", target));
}

std::filesystem::path directory_of(const std::string& target) {
  auto directory = std::filesystem::path(target).parent_path();
  return directory.empty() ? std::filesystem::path(".") : directory;
}

// A lock that can be had means that the process that made the file is gone.
void remove_if_left(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  struct stat status{};
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && ::flock(file, LOCK_EX | LOCK_NB) == 0) {
    for (const char* beside : {"", "-journal", "-wal", "-shm"}) ::unlink((path + beside).c_str());
  }
  ::close(file);
}

void remove_what_is_left(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (const auto& path = at->path().native(); path.ends_with(kUnfinished)) remove_if_left(path);
  }
}

// Some file systems cannot rename without replacing, and others know no links.
int give_name(const std::string& path, const std::string& target) {
  if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return errno;
  if (::link(path.c_str(), target.c_str()) != 0) return errno;
  ::unlink(path.c_str());
  return 0;
}

int sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

}  // namespace

core::Result<std::unique_ptr<NewFile>> NewFile::make(const std::string& target) {
  struct stat status{};
  if (::lstat(target.c_str(), &status) == 0) return is_there(target);
  if (errno != ENOENT) return cannot("make", target, errno);
  remove_what_is_left(directory_of(target));
  for (int again = 1;; ++again) {
    std::string path = fmt::format("{}.XXXXXX{}", target, kUnfinished);
    const int descriptor = ::mkostemps(path.data(), static_cast<int>(kUnfinished.size()), O_CLOEXEC);  // mode 0600
    if (descriptor < 0) return cannot("make a file beside", target, errno);
    std::unique_ptr<NewFile> file(new NewFile(target, std::move(path), descriptor));
    const int error = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (error == 0 && file->is_at_its_path()) return file;
    if (error != 0 && error != EWOULDBLOCK) return cannot("lock", file->path_, error);
    if (again >= kTries) return cannot("keep a file beside", target, EBUSY);
  }
}

bool NewFile::is_at_its_path() const {
  struct stat held{};
  struct stat named{};
  return ::fstat(descriptor_, &held) == 0 && ::lstat(path_.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

NewFile::~NewFile() {
  if (!published_) {
    for (const char* beside : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + beside).c_str());
  }
  ::close(descriptor_);
}

core::Result<void> NewFile::sync() {
  if (::fsync(descriptor_) != 0) return cannot("sync", path_, errno);
  return {};
}

core::Result<void> NewFile::publish() {
  EG_CHECK(sync());
  const int error = give_name(path_, target_);
  if (error == EEXIST) return is_there(target_);
  if (error != 0) return cannot("give its name to", target_, error);
  published_ = true;
  if (const int unsynced = sync_directory(directory_of(target_)); unsynced != 0) {
    ::unlink(target_.c_str());
    return cannot("sync the directory of", target_, unsynced);
  }
  return {};
}

}  // namespace embergate::store::sqlite
