// SPDX-License-Identifier: Apache-2.0
// The pragmas of each kind of connection. Measured, not guessed: small pages and cache, no mmap, every commit synced
// (docs/decisions/0008).
// Thread: start-up.
// Failure: the connection's.
#pragma once

#include <cstdint>

#include "embergate/core/result.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

struct FileLimits {
  std::size_t log_bytes;    // the log's file shrinks to this when it starts again
  std::uint64_t max_bytes;  // of the database file; 0: as large as the volume allows
};

core::Result<void> apply_writer_settings(Connection& connection, const FileLimits& limits);
core::Result<void> apply_checkpoint_settings(Connection& connection);
core::Result<void> apply_reader_settings(Connection& connection);

}  // namespace embergate::store::sqlite
