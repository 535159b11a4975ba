// SPDX-License-Identifier: Apache-2.0
// `embergate backup`: copies the database beside the gateway that runs, checks a copy or the database, marks copies
// that were made by other means. Of the settings only BOX_DB_PATH counts. SIGINT and SIGTERM end a backup and leave
// nothing. Thread: main.
// Failure: the exit code is 0 when it was done, and what was checked is sound; 1 when not; 2 for wrong usage.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace embergate::app {

struct BackupCommand {
  std::string file;
  bool check = false;
  bool mark = false;
  bool json = false;
  std::uint64_t log_limit_mib = 4'096;
};

int backup_command(const BackupCommand& command, char** environment, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
