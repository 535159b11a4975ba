// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::store::sqlite {
namespace {
constexpr std::uint64_t kPageBytes = 4'096;
// Of the writer alone: what a write touches again (the upper pages of each index, the right edge of each table) stays.
constexpr int kCacheKibibytes = 16'384;
}  // namespace

core::Result<void> apply_writer_settings(Connection& connection, const FileLimits& limits) {
  // secure_delete is on by default in some distributions and writes every freed page once more.
  EG_CHECK(
      connection.execute(fmt::format("PRAGMA page_size = {};"
                                     "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = FULL;"
                                     "PRAGMA foreign_keys = OFF;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA cell_size_check = OFF;"
                                     "PRAGMA secure_delete = OFF;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA cache_size = -{};"
                                     "PRAGMA journal_size_limit = {};",
                                     kPageBytes, kCacheKibibytes, limits.log_bytes)));
  if (limits.max_bytes == 0) return {};
  return connection.execute(
      fmt::format("PRAGMA max_page_count = {}", std::max<std::uint64_t>(limits.max_bytes / kPageBytes, 1)));
}

core::Result<void> apply_checkpoint_settings(Connection& connection) {
  return connection.execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;");
}

core::Result<void> apply_reader_settings(Connection& connection) {
  return connection.execute("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = OFF; PRAGMA query_only = ON;");
}

}  // namespace embergate::store::sqlite
