// SPDX-License-Identifier: Apache-2.0
// The database file before SQLite sees it: it exists with mode 0600, and no other process works on it.
// Thread: start-up.
// Ownership: DatabaseFile holds a lock on `<path>.lock` for its life; the kernel drops it when the process dies.
// Failure: kUnavailable; the text names BOX_DB_PATH and what to do.
#pragma once

#include <memory>
#include <string>

#include "embergate/core/result.hpp"

namespace embergate::store::sqlite {

class DatabaseFile {
 public:
  static core::Result<std::unique_ptr<DatabaseFile>> claim(const std::string& path);
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

 private:
  explicit DatabaseFile(int lock) : lock_(lock) {}
  int lock_;
};

}  // namespace embergate::store::sqlite
