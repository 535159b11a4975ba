// SPDX-License-Identifier: Apache-2.0
// Which mount a path leads to, said without asking a file system that may hang: the table of mounts is the
// kernel's own, and links are followed only while they lie on local file systems. Thread: a value; lane_of() on any.
// Ownership: nothing kept but texts. Failure: lines that are not understood are passed over; a path that no mount
// covers is taken for a local one.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace embergate::vault {

class MountTable {
 public:
  // The target of a symbolic link; empty: it is none.
  using ReadLink = std::function<std::string(const std::string& path)>;

  MountTable() = default;
  explicit MountTable(std::string_view mountinfo);  // text of /proc/self/mountinfo

  // Equal for paths that would hang together: the device of the mount. On a local file system the directory counts
  // too: what hangs there is not what it seems, and shall take its neighbours along only.
  [[nodiscard]] std::string lane_of(const std::string& path, const ReadLink& read_link) const;

 private:
  struct Mount {
    std::string device;  // "major:minor": bind mounts of one file system have one
    bool local = true;
  };
  void add(std::string_view line);
  [[nodiscard]] const Mount& covering(std::string path) const;

  std::map<std::string, Mount> mounts_;  // by mount point, "" for the root
  Mount unknown_;
};

}  // namespace embergate::vault
