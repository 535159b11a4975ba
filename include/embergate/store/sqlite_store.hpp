// SPDX-License-Identifier: Apache-2.0
// The embedded store: one SQLite file in WAL mode with synchronous=FULL, one writer thread with group commit,
// read-only connections beside it.
// Thread: open_sqlite_store() at start.
// Failure: kUnavailable with the setting to change when the file cannot be opened or written, or holds a schema newer
// than this program knows (it is then left untouched).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/store/store.hpp"

namespace embergate::store {

struct SqliteOptions {
  std::string path;                              // BOX_DB_PATH
  std::size_t max_group = 512;                   // writers that share one commit
  std::size_t max_waiting = 8'192;               // writers that may wait
  core::Milliseconds settle_interval{20};        // settlements alone: at most this often
  std::size_t wal_cap_bytes = 64 * 1024 * 1024;  // above it the writer itself restarts the log
  std::size_t read_connections = 3;
  core::Milliseconds read_deadline{
      10'000};                              // BOX_DB_READ_DEADLINE_MS: of one read, which then fails and may come again
  std::size_t outbox_read_connections = 2;  // apart, so that a drain keeps no client waiting
  std::uint64_t max_bytes =
      0;  // of the database file; 0: as large as the volume allows. Above it writes fail as on a full volume
};

core::Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options, const core::Clock& clock,
                                                       observability::Metrics& metrics);

// One consistent view of a database that may be in use by another process, or not be there: kNotFound. Nothing is
// written but what SQLite needs beside the file to read it.
core::Result<void> read_sqlite_database(const std::string& path, const Store::ReadBody& body);

}  // namespace embergate::store
