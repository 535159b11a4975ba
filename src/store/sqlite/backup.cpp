// SPDX-License-Identifier: Apache-2.0
#include "embergate/store/backup.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "store/sqlite/connection.hpp"
#include "store/sqlite/database_file.hpp"
#include "store/sqlite/event_epoch.hpp"
#include "store/sqlite/new_file.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/settings.hpp"
#include "store/sqlite/stamps.hpp"

namespace embergate::store {
namespace {

using sqlite::Connection;

constexpr int kPagesPerStep = 1'024;
// Pages that wait for the disk all at once would hold up the syncs of the gateway beside.
constexpr int kStepsPerSync = 4;
constexpr std::size_t kMostFaults = 100;

std::uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// The store's texts speak of BOX_DB_PATH and what to do with it; here the file may be another one. A clause of advice
// on it goes.
core::Error about(const std::string& path, const core::Error& error) {
  constexpr std::string_view kSetting = "BOX_DB_PATH";
  constexpr std::string_view kPlace = " at BOX_DB_PATH";
  std::string text = error.diagnostics;
  for (std::size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at))
    text.erase(at, kPlace.size());
  if (const std::size_t at = text.find(kSetting); at != std::string::npos) {
    const std::size_t advice = std::max(text.rfind(": ", at) + 1, text.rfind("; ", at) + 1);  // npos + 1 is 0
    if (advice > 0) text.erase(advice - 1);
  }
  return core::make_error(error.code, fmt::format("{}: {}", path, text));
}

core::Error cannot_write(const std::string& target, int code) {
  const char* remedy = (code & 0xff) == SQLITE_FULL ? "free space on its volume" : "check its volume";
  return core::make_error(core::ErrorCode::kUnavailable,
                          fmt::format("cannot write {} ({}, code {}): {}; nothing is left of it", target,
                                      sqlite3_errstr(code), code, remedy));
}

core::Error cannot_read(const std::string& database, int code) {
  const char* remedy =
      (code & 0xff) == SQLITE_IOERR ? "check its volume" : "look at it with --check and restore it from a backup";
  return core::make_error(core::ErrorCode::kUnavailable,
                          fmt::format("cannot read {} ({}, code {}): {}; nothing is left of the copy", database,
                                      sqlite3_errstr(code), code, remedy));
}

// One code for both sides. Those of reading are of the database, since nothing is read of the copy.
core::Error cannot_copy(const std::string& database, const std::string& target, int code) {
  const int kind = code & 0xff;
  const bool reading = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || code == SQLITE_IOERR_READ ||
                       code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS;
  return reading ? cannot_read(database, code) : cannot_write(target, code);
}

core::Result<std::unique_ptr<Connection>> open_to_read(const std::string& path) {
  if (std::error_code error; !std::filesystem::exists(path, error) && !error)
    return core::make_error(core::ErrorCode::kNotFound, fmt::format("there is no database at {}", path));
  auto opened = Connection::open(path, Connection::Mode::kReadOnly);
  if (!opened) return about(path, opened.error());
  if (const auto applied = sqlite::apply_reader_settings(**opened); !applied) return about(path, applied.error());
  return opened;
}

core::Result<void> begin_snapshot(Connection& connection) {
  EG_CHECK(connection.run(sqlite::Query::kBeginRead));
  return connection.run(sqlite::Query::kPing);
}

// Within a transaction that reads. A schema that this program knows, 0 included.
core::Result<DatabaseFacts> facts_of(Connection& connection, const std::string& path, std::int64_t schema) {
  DatabaseFacts facts;
  facts.bytes = size_of(path);
  facts.schema = schema;
  facts.epoch = kFirstEpoch;
  EG_TRY(facts.newest_version, connection.integer_of("SELECT coalesce(max(version_id), 0) FROM history"));
  EG_TRY(facts.queued, connection.integer_of("SELECT count(*) FROM outbox"));
  EG_TRY(const auto epochs, connection.integer_of("SELECT count(*) FROM counter WHERE name = 'event_epoch'"));
  if (epochs == 0) return facts;  // older than epochs are
  EG_TRY(facts.epoch, connection.integer_of("SELECT value FROM counter WHERE name = 'event_epoch'"));
  EG_TRY(const bool copy, sqlite::has_copy_mark(connection));
  EG_TRY(const auto copied_at, connection.integer_of("SELECT value FROM counter WHERE name = 'copied_at'"));
  if (copy) facts.made_at = sqlite::time_of(copied_at);
  return facts;
}

// Page by page in one transaction of the reader: writers go on, and what they write is not in the copy.
class PageCopy {
 public:
  PageCopy(Connection& from, Connection& to)
      : to_(to), handle_(sqlite3_backup_init(to.handle(), "main", from.handle(), "main")) {}
  ~PageCopy() {
    if (handle_ != nullptr) sqlite3_backup_finish(handle_);
  }
  PageCopy(const PageCopy&) = delete;
  PageCopy& operator=(const PageCopy&) = delete;

  int step() { return handle_ != nullptr ? sqlite3_backup_step(handle_, kPagesPerStep) : failure(); }
  int finish() {
    if (handle_ == nullptr) return failure();
    return sqlite3_backup_finish(std::exchange(handle_, nullptr));
  }

 private:
  [[nodiscard]] int failure() const { return sqlite3_extended_errcode(to_.handle()); }
  Connection& to_;
  sqlite3_backup* handle_;
};

core::Result<void> copy_pages(Connection& from, Connection& to, const std::string& database, const std::string& target,
                              sqlite::NewFile& file, const BackupOptions& options) {
  const std::string log_file = database + "-wal";
  const std::uint64_t log_before = size_of(log_file);
  PageCopy copy(from, to);
  for (int step = 1;; ++step) {
    const int code = copy.step();
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_OK) return cannot_copy(database, target, code);
    if (step % kStepsPerSync == 0) EG_CHECK(file.sync());
    if (options.cancelled != nullptr && options.cancelled->load())
      return core::make_error(core::ErrorCode::kUnavailable, "the backup was interrupted; nothing is left of it");
    if (const std::uint64_t now = size_of(log_file); now > log_before && now - log_before > options.log_growth_limit) {
      return core::make_error(
          core::ErrorCode::kUnavailable,
          fmt::format("the log {} grew by more than {} MiB while the backup read, which keeps it from being shortened; "
                      "nothing is left of the backup: make it when less is written, onto a faster volume, or with a "
                      "larger --log-limit",
                      log_file, options.log_growth_limit / 1'048'576));
    }
  }
  if (const int code = copy.finish(); code != SQLITE_OK) return cannot_copy(database, target, code);
  return {};
}

// A copy has no log: it is one file that can be read where nothing can be written. The header says so, and bears the
// mark.
core::Result<void> finish_copy(const std::string& path, core::SystemTime now) {
  EG_TRY(const auto copy, Connection::open(path, Connection::Mode::kReadWrite));
  EG_CHECK(copy->execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"));
  return sqlite::put_copy_mark(*copy, now);
}

core::Result<void> fill(Connection& from, const std::string& database, const std::string& target, sqlite::NewFile& file,
                        const BackupOptions& options, core::SystemTime now) {
  {
    EG_TRY(const auto to, Connection::open(file.path(), Connection::Mode::kReadWrite));
    // A copy that is not finished is nothing, so it needs no journal.
    EG_CHECK(to->execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"));
    EG_CHECK(copy_pages(from, *to, database, target, file, options));
  }
  if (const auto finished = finish_copy(file.path(), now); !finished) return about(target, finished.error());
  return {};
}

// SQLite puts several findings into one row.
void add_lines(std::string_view text, std::vector<std::string>& faults) {
  while (!text.empty() && faults.size() < kMostFaults) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.empty()) faults.emplace_back(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

core::Result<void> find_faults(Connection& connection, std::vector<std::string>& faults) {
  sqlite3_stmt* raw = nullptr;
  const std::string sql = fmt::format("PRAGMA integrity_check({})", kMostFaults);
  if (const int code = sqlite3_prepare_v2(connection.handle(), sql.c_str(), -1, &raw, nullptr); code != SQLITE_OK)
    return sqlite::error_of(code);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(raw, &sqlite3_finalize);
  sqlite::Statement rows(raw);
  for (;;) {
    EG_TRY(const bool row, rows.step());
    if (!row) return {};
    if (rows.text(0) != "ok") add_lines(rows.text(0), faults);
  }
}

// What SQLite cannot know: rows that point at versions which are not there.
core::Result<void> find_lost_versions(Connection& connection, std::vector<std::string>& faults) {
  constexpr std::pair<const char*, const char*> kPointers[] = {
      {"resource", "resources whose newest version is missing"}, {"outbox", "queued events whose version is missing"}};
  for (const auto& [table, words] : kPointers) {
    EG_TRY(const auto lost,
           connection.integer_of(fmt::format("SELECT count(*) FROM {} t WHERE NOT EXISTS (SELECT 1 FROM history h"
                                             " WHERE h.version_id = t.version_id)",
                                             table)));
    if (lost > 0) faults.push_back(fmt::format("{} {}", lost, words));
  }
  return {};
}

core::Result<void> look_into(Connection& connection, const std::string& path, DatabaseCheck& check) {
  EG_CHECK(connection.run(sqlite::Query::kBeginRead));
  EG_TRY(const auto schema, sqlite::check_schema(connection));
  if (schema == 0) return core::make_error(core::ErrorCode::kUnavailable, "the file is empty");
  EG_CHECK(find_faults(connection, check.faults));
  if (!check.faults.empty()) return {};
  EG_CHECK(find_lost_versions(connection, check.faults));
  EG_TRY(check.facts, facts_of(connection, path, schema));
  return {};
}

}  // namespace

core::Result<DatabaseFacts> back_up_sqlite_database(const std::string& database, const std::string& target,
                                                    const BackupOptions& options, const core::Clock& clock) {
  EG_TRY(const auto from, open_to_read(database));
  if (const auto begun = begin_snapshot(*from); !begun) return about(database, begun.error());
  const auto schema = sqlite::check_schema(*from);
  if (!schema) return about(database, schema.error());
  EG_TRY(const auto file, sqlite::NewFile::make(target));
  const core::SystemTime now = clock.system_now();
  EG_CHECK(fill(*from, database, target, *file, options, now));
  auto facts = facts_of(*from, file->path(), *schema);
  if (!facts) return about(database, facts.error());
  facts->made_at = now;
  EG_CHECK(file->publish());
  return facts;
}

core::Result<DatabaseCheck> check_sqlite_database(const std::string& path) {
  EG_TRY(const auto connection, open_to_read(path));
  DatabaseCheck check;
  EG_CHECK(connection->execute("PRAGMA cell_size_check = ON"));
  if (const auto looked = look_into(*connection, path, check); !looked) return about(path, looked.error());
  return check;
}

core::Result<DatabaseFacts> mark_sqlite_database_as_copy(const std::string& path, const core::Clock& clock) {
  if (std::error_code error; !std::filesystem::exists(path, error))
    return core::make_error(core::ErrorCode::kNotFound, fmt::format("there is no database at {}", path));
  const auto file = sqlite::DatabaseFile::claim(path);
  if (!file) return about(path, file.error());
  const auto mark = [&]() -> core::Result<DatabaseFacts> {
    EG_TRY(const auto connection, Connection::open(path, Connection::Mode::kReadWrite));
    EG_TRY(const auto schema, sqlite::check_schema(*connection));
    if (schema == 0) return core::make_error(core::ErrorCode::kUnavailable, "the file is empty");
    EG_CHECK(connection->execute("PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE;"));
    EG_TRY(const auto mode, connection->integer_of("SELECT journal_mode = 'delete' FROM pragma_journal_mode"));
    if (mode != 1) return core::make_error(core::ErrorCode::kUnavailable, "another program has the database open");
    EG_CHECK(sqlite::put_copy_mark(*connection, clock.system_now()));
    return facts_of(*connection, path, schema);
  };
  auto facts = mark();
  if (!facts) return about(path, facts.error());
  return facts;
}

}  // namespace embergate::store
