// SPDX-License-Identifier: Apache-2.0
// A mounted file system of a few files whose server can stop answering, as a network share does: every call on it then
// hangs in the kernel until release(). Served over /dev/fuse. Thread: any. Ownership: unmounts at its end; calls that
// still hang then fail. Failure: what cannot be mounted ends the test program; ask possible() first.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace embergate::test {

class HangingMount {
 public:
  // Whether this process may mount such a thing: root, with /dev/fuse.
  static bool possible();

  explicit HangingMount(const std::filesystem::path& point);  // makes the directory
  ~HangingMount();
  HangingMount(const HangingMount&) = delete;
  HangingMount& operator=(const HangingMount&) = delete;

  // Puts a whole new file in the place of the old one; its path.
  std::string write(const std::string& name, const std::string& content);
  void hang();
  void release();
  [[nodiscard]] std::size_t waiting() const;  // calls that hang

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::test
