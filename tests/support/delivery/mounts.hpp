// SPDX-License-Identifier: Apache-2.0
// Mounts that only this process and its children see: bind mounts, tmpfs, and a file system in a file. Thread: the one
// that entered the namespace, and those started after. Ownership: a Mount unmounts at its end; what is left goes with
// the process. Failure: enter_private_mounts() says why it cannot; after it succeeded the rest ends the test program.
#pragma once

#include <filesystem>
#include <string>

namespace embergate::test::delivery {

// Empty: this process has a mount namespace of its own, by root or by a user namespace.
[[nodiscard]] std::string enter_private_mounts();
// Empty: file systems within files can be mounted here (root, loop devices, mkfs.ext4).
[[nodiscard]] std::string loop_obstacle();

class Mount {
 public:
  Mount() = default;
  ~Mount() { undo(); }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  // A file or a directory that exists, shown at a place that exists.
  void bind(const std::filesystem::path& from, const std::filesystem::path& at, bool read_only);
  void tmpfs(const std::filesystem::path& at);
  void make_read_only();
  // ext4 with inodes of 128 bytes: time stamps of whole seconds.
  void coarse_ext4(const std::filesystem::path& image, const std::filesystem::path& at);
  void undo();

 private:
  std::filesystem::path at_;
};

}  // namespace embergate::test::delivery
