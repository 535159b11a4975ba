// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/schema.hpp"

#include <fmt/format.h>

#include <array>

namespace embergate::store::sqlite {
namespace {

// Marks the file as ours in its header (SQLite's application_id): "EMBG".
constexpr std::int64_t kApplicationId = 0x454D4247;

// history keeps every body once, in a rowid table, so that the outbox finds it by number. The others are narrow and
// keyed by what they are asked for. resource.identifiers is the packed list that the identifier table holds for the
// resource: what an update has to take away is read from there.
constexpr std::array<const char*, 7> kMigrations = {R"sql(
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('catalog_epoch', 0);
CREATE TABLE type (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE history (
  version_id INTEGER PRIMARY KEY,
  previous_version_id INTEGER NOT NULL,
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  interaction INTEGER NOT NULL,
  last_updated INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE TABLE resource (
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  version_id INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  identifiers BLOB NOT NULL,
  PRIMARY KEY (type, id)
) WITHOUT ROWID;
CREATE TABLE identifier (
  type INTEGER NOT NULL,
  value TEXT NOT NULL,
  system TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (type, value, system, id)
) WITHOUT ROWID;
CREATE TABLE outbox (
  slot INTEGER NOT NULL,
  event_number INTEGER NOT NULL,
  version_id INTEGER NOT NULL,
  correlation_id TEXT,
  PRIMARY KEY (slot, event_number)
) WITHOUT ROWID;
CREATE TABLE held (
  slot INTEGER NOT NULL,
  event_number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_try INTEGER NOT NULL,
  PRIMARY KEY (slot, event_number)
) WITHOUT ROWID;
CREATE TABLE slot (
  slot INTEGER PRIMARY KEY,
  destination_id TEXT NOT NULL,
  delivered INTEGER NOT NULL,
  failed_attempts INTEGER NOT NULL,
  last_event_number INTEGER NOT NULL
);
)sql",
                                                    R"sql(
ALTER TABLE held ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE held ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN released INTEGER NOT NULL DEFAULT 0;
CREATE INDEX held_state ON held (slot, state, event_number);
CREATE INDEX held_resource ON held (slot, type, id, event_number);
)sql",
                                                    // Events from first_event_number on were numbered in this epoch; a
                                                    // slot without a row has only ever known the first one.
                                                    R"sql(
CREATE TABLE event_epoch (
  slot INTEGER NOT NULL,
  first_event_number INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (slot, first_event_number)
) WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('event_epoch', 1), ('file_identity', 0), ('version_floor', 0);
)sql",
                                                    R"sql(
CREATE TABLE target_binding (
  secret TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  brokers TEXT NOT NULL,
  resource TEXT NOT NULL,
  proven INTEGER NOT NULL,
  since INTEGER NOT NULL
) WITHOUT ROWID;
)sql",
                                                    R"sql(
ALTER TABLE held ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX held_due ON held (slot, state, next_try);
)sql",
                                                    R"sql(
ALTER TABLE held ADD COLUMN topic INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN verdict INTEGER NOT NULL DEFAULT 0;
CREATE INDEX held_undecided ON held (slot, event_number) WHERE state = 3 AND attempts = 0 AND verdict = 0;
)sql",
                                                    // For the question whether a row stands behind one of its
                                                    // resource. Held by state: SQLite did not use an index over all
                                                    // held rows for it, and looked at each of them.
                                                    R"sql(
CREATE INDEX held_waiting_of ON held (slot, type, id, event_number) WHERE state = 1 AND released = 0;
CREATE INDEX held_undecided_of ON held (slot, type, id, event_number) WHERE state = 3;
DROP INDEX held_resource;
)sql"};

core::Error foreign_database() {
  return core::make_error(core::ErrorCode::kUnavailable,
                          "the file at BOX_DB_PATH is a database of another program: point BOX_DB_PATH at a new file");
}

core::Result<void> apply(Connection& connection, std::int64_t number, core::SystemTime now) {
  EG_CHECK(connection.execute(kMigrations[static_cast<std::size_t>(number - 1)]));
  return connection.execute(fmt::format("INSERT INTO schema_version (number, applied_at) VALUES ({}, {})", number,
                                        now.time_since_epoch().count()));
}

}  // namespace

std::int64_t newest_schema() { return static_cast<std::int64_t>(kMigrations.size()); }

core::Result<std::int64_t> check_schema(Connection& connection) {
  EG_TRY(const auto tables, connection.integer_of("SELECT count(*) FROM sqlite_schema"));
  EG_TRY(const auto application, connection.integer_of("PRAGMA application_id"));
  if (tables == 0) return std::int64_t{0};
  if (application != kApplicationId) return foreign_database();
  EG_TRY(const auto number, connection.integer_of("SELECT max(number) FROM schema_version"));
  if (number > newest_schema()) {
    return core::make_error(
        core::ErrorCode::kUnavailable,
        fmt::format("the database at BOX_DB_PATH has schema {}, this program knows {} at most: start the newer version "
                    "again, or restore a backup made before the upgrade",
                    number, newest_schema()));
  }
  return number;
}

core::Result<void> migrate(Connection& connection, std::int64_t from, core::SystemTime now) {
  for (std::int64_t number = from + 1; number <= newest_schema(); ++number) {
    EG_CHECK(in_transaction(connection, [&]() -> core::Result<void> {
      if (number == 1) {
        EG_CHECK(connection.execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
        EG_CHECK(connection.execute(
            "CREATE TABLE schema_version (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)"));
      }
      return apply(connection, number, now);
    }));
  }
  return {};
}

}  // namespace embergate::store::sqlite
