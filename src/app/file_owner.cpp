// SPDX-License-Identifier: Apache-2.0
#include "app/file_owner.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>
#include <vector>

namespace embergate::app {
namespace {

bool is_root_or_self(uid_t user) { return user == 0 || user == ::geteuid(); }

// Held by a handle, so that what is looked at and what is walked through are the same.
class Entry {
 public:
  static Entry root() { return Entry(::open("/", kHow | O_DIRECTORY)); }
  Entry(Entry&& other) noexcept : handle_(std::exchange(other.handle_, -1)), status_(other.status_) {}
  Entry& operator=(Entry&& other) noexcept {
    std::swap(handle_, other.handle_);
    status_ = other.status_;
    return *this;
  }
  ~Entry() {
    if (handle_ >= 0) ::close(handle_);
  }

  [[nodiscard]] Entry child(const std::string& name) const { return Entry(::openat(handle_, name.c_str(), kHow)); }
  [[nodiscard]] bool is_there() const { return handle_ >= 0; }
  [[nodiscard]] const struct stat& status() const { return status_; }
  // Of a link; empty: it cannot be read.
  [[nodiscard]] std::string target() const {
    std::string text(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(handle_, "", text.data(), text.size());
    text.resize(size > 0 && static_cast<std::size_t>(size) < text.size() ? static_cast<std::size_t>(size) : 0);
    return text;
  }

 private:
  static constexpr int kHow = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  explicit Entry(int handle) : handle_(handle) {
    if (handle_ >= 0 && ::fstat(handle_, &status_) != 0) ::close(std::exchange(handle_, -1));
  }

  int handle_;
  struct stat status_{};
};

// Whether the owner of the directory alone says what stands there by this name.
bool keeps(const struct stat& directory, const struct stat& entry) {
  if ((directory.st_mode & (S_IWGRP | S_IWOTH)) == 0) return true;
  // What is mounted there shows the owners that it likes, if it is a file system of another user (FUSE).
  return (directory.st_mode & S_ISVTX) != 0 && is_root_or_self(entry.st_uid) && entry.st_dev == directory.st_dev;
}

class Walk {
 public:
  explicit Walk(std::string_view path) { lies_ahead(path); }

  std::optional<uid_t> owner_at_end() {
    while (!ahead_.empty()) {
      if (!step()) return std::nullopt;
    }
    if (!here_.is_there() || !S_ISREG(here_.status().st_mode)) return std::nullopt;
    const uid_t owner = here_.status().st_uid;
    const bool led_there =
        std::all_of(owners_.begin(), owners_.end(), [&](uid_t one) { return is_root_or_self(one) || one == owner; });
    return led_there ? std::optional(owner) : std::nullopt;
  }

 private:
  static constexpr int kMostLinks = 40;

  // The parts of a path, before those that are still to be gone.
  void lies_ahead(std::string_view path) {
    std::size_t end = path.size();
    while (end > 0) {
      const std::size_t slash = path.rfind('/', end - 1);
      const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
      const std::string_view part = path.substr(begin, end - begin);
      if (!part.empty() && part != ".") ahead_.emplace_back(part);
      end = begin == 0 ? 0 : begin - 1;
    }
  }

  bool step() {
    if (!here_.is_there() || !S_ISDIR(here_.status().st_mode)) return false;
    Entry next = here_.child(ahead_.back());
    ahead_.pop_back();
    if (!next.is_there() || !keeps(here_.status(), next.status())) return false;
    owners_.push_back(here_.status().st_uid);
    if (S_ISLNK(next.status().st_mode)) return follow(next.target());
    here_ = std::move(next);
    return true;
  }

  bool follow(const std::string& target) {
    if (target.empty() || ++links_ > kMostLinks) return false;
    if (target.front() == '/') here_ = Entry::root();
    lies_ahead(target);
    return true;
  }

  Entry here_ = Entry::root();
  std::vector<std::string> ahead_;  // the next one last
  std::vector<uid_t> owners_;       // of the directories that were gone through
  int links_ = 0;
};

}  // namespace

std::optional<uid_t> known_owner(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return std::nullopt;
  return Walk(path).owner_at_end();
}

}  // namespace embergate::app
