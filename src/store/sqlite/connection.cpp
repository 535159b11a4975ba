// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <mutex>
#include <system_error>

namespace embergate::store::sqlite {
namespace {

// The statistics cost every allocation a process-wide mutex.
void configure_library_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

core::Error with(core::Error error, core::Fault fault) {
  error.fault = fault;
  return error;
}

}  // namespace

core::Error error_of(int code, std::string_view took_too_long) {
  const std::string_view reason = sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return with(core::make_retriable(core::ErrorCode::kUnavailable,
                                       "the database is full: free space on the volume that holds BOX_DB_PATH"),
                  core::Fault::kStoreFull);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return with(core::make_retriable(core::ErrorCode::kUnavailable,
                                       "the database is locked by another program: close what has BOX_DB_PATH open"),
                  core::Fault::kStoreFailed);
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return with(core::make_retriable(
                      core::ErrorCode::kUnavailable,
                      fmt::format("the database cannot be used ({}, code {}): check the volume that holds BOX_DB_PATH",
                                  reason, code)),
                  core::Fault::kStoreFailed);
    case SQLITE_INTERRUPT:
      return core::make_retriable(core::ErrorCode::kUnavailable, std::string(took_too_long));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return with(core::make_error(core::ErrorCode::kUnavailable,
                                   fmt::format("the file at BOX_DB_PATH is not a sound SQLite database ({}, code {}): "
                                               "restore it from a backup or point BOX_DB_PATH at another file",
                                               reason, code)),
                  core::Fault::kStoreFailed);
    case SQLITE_TOOBIG:
      return core::make_error(core::ErrorCode::kTooLarge, "a value is larger than the database can hold");
    default:
      return core::make_error(core::ErrorCode::kInternal,
                              fmt::format("a database statement failed ({}, code {})", reason, code));
  }
}

// SQLite knows a full volume; that a quota is used up, or the largest size of a file reached, it calls an I/O error.
// What the system said it forgets while it rolls back (sqlite3_system_errno), but it changes errno no more.
core::Error error_of(sqlite3* handle, int system, std::string_view took_too_long) {
  const int code = sqlite3_extended_errcode(handle);
  const bool is_full = system == EDQUOT || system == EFBIG || system == ENOSPC;
  if ((code & 0xff) != SQLITE_IOERR || !is_full) return error_of(code, took_too_long);
  return with(core::make_retriable(core::ErrorCode::kUnavailable,
                                   fmt::format("the database is full ({}): free space on the volume that holds "
                                               "BOX_DB_PATH, or raise the quota or limit",
                                               std::generic_category().message(system))),
              core::Fault::kStoreFull);
}

Statement::Statement(core::Result<sqlite3_stmt*> prepared, std::string_view took_too_long)
    : prepared_(std::move(prepared)), took_too_long_(took_too_long) {}

Statement::~Statement() {
  if (!prepared_) return;
  sqlite3_reset(*prepared_);
  sqlite3_clear_bindings(*prepared_);
}

Statement& Statement::bind(int position, std::int64_t value) {
  if (prepared_) sqlite3_bind_int64(*prepared_, position, value);
  return *this;
}

// A null pointer would bind NULL, and an empty view may have one.
Statement& Statement::bind_text(int position, std::string_view value) {
  if (prepared_) {
    sqlite3_bind_text64(*prepared_, position, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::bind_blob(int position, std::string_view value) {
  if (prepared_)
    sqlite3_bind_blob64(*prepared_, position, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int position) {
  if (prepared_) sqlite3_bind_null(*prepared_, position);
  return *this;
}

core::Result<bool> Statement::step() {
  EG_TRY(sqlite3_stmt * statement, prepared_);
  errno = 0;
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement), errno, took_too_long_);
}

core::Result<void> Statement::run() {
  for (;;) {
    EG_TRY(const bool row, step());
    if (!row) return {};
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(*prepared_, column); }

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(*prepared_, column));
  return {data, static_cast<std::size_t>(data ? sqlite3_column_bytes(*prepared_, column) : 0)};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(*prepared_, column));
  return {data, static_cast<std::size_t>(data ? sqlite3_column_bytes(*prepared_, column) : 0)};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(*prepared_, column) == SQLITE_NULL; }

core::Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode) {
  configure_library_once();
  sqlite3* handle = nullptr;
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) return error_of(code);
  sqlite3_extended_result_codes(handle, 1);
  connection->set_busy_timeout(core::Milliseconds(5'000));
  return connection;
}

Connection::~Connection() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Statement Connection::use(Query query) {
  if (end_ != core::SteadyTime::max() && is_over(this) != 0)
    return Statement(error_of(SQLITE_INTERRUPT, took_too_long_));
  sqlite3_stmt*& statement = statements_[static_cast<std::size_t>(query)];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(handle_, text_of(query), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return Statement(error_of(code));
  }
  return Statement(statement, took_too_long_);
}

core::Result<void> Connection::execute(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle_, errno, kReadTookTooLong);
  return {};
}

core::Result<std::int64_t> Connection::integer_of(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (const int code = sqlite3_prepare_v2(handle_, sql.c_str(), -1, &raw, nullptr); code != SQLITE_OK)
    return error_of(code);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(raw, &sqlite3_finalize);
  Statement statement(raw, took_too_long_);
  EG_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Connection::changes() const { return sqlite3_changes64(handle_); }

std::int64_t Connection::total_changes() const { return sqlite3_total_changes64(handle_); }

void Connection::set_busy_timeout(core::Milliseconds timeout) {
  sqlite3_busy_timeout(handle_, static_cast<int>(timeout.count()));
}

void Connection::end_at(core::SteadyTime moment, std::string_view took_too_long) {
  constexpr int kStepsBetweenLooks = 2'000;  // of SQLite's machine: well below a millisecond
  end_ = moment;
  took_too_long_ = took_too_long;
  sqlite3_progress_handler(handle_, kStepsBetweenLooks, &Connection::is_over, this);
}

void Connection::end_never() {
  end_ = core::SteadyTime::max();
  sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
}

int Connection::is_over(void* self) {
  return std::chrono::steady_clock::now() >= static_cast<const Connection*>(self)->end_ ? 1 : 0;
}

void Connection::keep_log_on_close(bool keep) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

core::Result<void> in_transaction(Connection& connection, const std::function<core::Result<void>()>& work) {
  EG_CHECK(connection.run(Query::kBeginImmediate));
  auto done = work();
  if (done) done = connection.run(Query::kCommit);
  if (!done && connection.in_transaction()) static_cast<void>(connection.run(Query::kRollback));
  return done;
}

}  // namespace embergate::store::sqlite
