// SPDX-License-Identifier: Apache-2.0
// Copies of the embedded store: made while another process writes, checked, and marked, so that the first start on one
// of them raises the epoch of its event numbers (docs/decisions/0054).
// Thread: blocks for as long as the file takes to copy or read; any thread, one call at a time for each file.
// Ownership: keeps nothing.
// Failure: kNotFound when there is no database; kConflict when the target exists; kUnavailable with the file and the
// remedy for the rest. A backup that fails leaves nothing under the target's name.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"

namespace embergate::store {

// What a database file holds.
struct DatabaseFacts {
  std::uint64_t bytes = 0;
  std::int64_t schema = 0;
  std::int64_t epoch = 0;                   // in which its next events would be numbered, were it not a copy
  std::int64_t newest_version = 0;          // 0: none
  std::int64_t queued = 0;                  // rows in the queues of all destinations
  std::optional<core::SystemTime> made_at;  // of a copy: when it was made or marked; none: it is in use, or was
};

struct BackupOptions {
  // While a backup reads, the log of the database cannot be shortened. Grown by more than this, the backup gives up.
  std::uint64_t log_growth_limit = std::uint64_t{4} * 1024 * 1024 * 1024;
  const std::atomic<bool>* cancelled = nullptr;  // looked at every few megabytes
};

// One consistent state of `database`, with what was committed before the call, under the name `target`: mode 0600,
// synced with its directory, never in place of another file.
core::Result<DatabaseFacts> back_up_sqlite_database(const std::string& database, const std::string& target,
                                                    const BackupOptions& options, const core::Clock& clock);

struct DatabaseCheck {
  DatabaseFacts facts;
  std::vector<std::string> faults;  // a line each, at most 100; none: it is sound, and this program can use it
};
// Reads the whole file. An error: it cannot be read at all.
core::Result<DatabaseCheck> check_sqlite_database(const std::string& path);

// For a copy that was made by other means. No gateway may use the file.
core::Result<DatabaseFacts> mark_sqlite_database_as_copy(const std::string& path, const core::Clock& clock);

}  // namespace embergate::store
