// SPDX-License-Identifier: Apache-2.0
// A file that is there whole or not at all: written under a name of its own in the target's directory, then given the
// target's name, which must be free. The kernel holds a lock on it while it is made, so that what a killed process left
// can be distinguished from what another one makes, and goes with the next call for the same directory.
// Thread: one at a time.
// Ownership: the destructor removes what was not published.
// Failure: kConflict when the target exists, as whatever it be; kUnavailable naming the file otherwise.
#pragma once

#include <memory>
#include <string>

#include "embergate/core/result.hpp"

namespace embergate::store::sqlite {

class NewFile {
 public:
  static core::Result<std::unique_ptr<NewFile>> make(const std::string& target);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }  // to write to until publish()
  core::Result<void> sync();                                       // what was written so far
  core::Result<void> publish();                                    // synced, with its directory

 private:
  NewFile(std::string target, std::string path, int descriptor)
      : target_(std::move(target)), path_(std::move(path)), descriptor_(descriptor) {}

  [[nodiscard]] bool is_at_its_path() const;

  std::string target_;
  std::string path_;
  int descriptor_;
  bool published_ = false;
};

}  // namespace embergate::store::sqlite
