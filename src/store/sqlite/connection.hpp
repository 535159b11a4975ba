// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with its prepared statements, and the use of one of them.
// Thread: one at a time; the owner sees to that (opened without SQLite's own mutex).
// Ownership: Connection owns the handle and the statements; a Statement borrows one and gives it back clean when it
// goes out of scope, so views that column accessors return end with it or with the next step().
// Failure: SQLite's codes become core::Error in one place, error_of(); a full disk, a lost file, a lock and a deadline
// that has passed are kUnavailable and retriable.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "store/sqlite/queries.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace embergate::store::sqlite {

inline constexpr std::string_view kReadTookTooLong =
    "reading took longer than BOX_DB_READ_DEADLINE_MS: ask for less at once, or try again later";

// `took_too_long`: what a statement says that its connection's end_at() ended.
core::Error error_of(int code, std::string_view took_too_long = kReadTookTooLong);
core::Error error_of(sqlite3* handle, int system, std::string_view took_too_long);  // of its last call, with errno

class Statement {
 public:
  explicit Statement(core::Result<sqlite3_stmt*> prepared, std::string_view took_too_long = kReadTookTooLong);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Text and blobs are not copied: they must live until the last step().
  Statement& bind(int position, std::int64_t value);
  Statement& bind_text(int position, std::string_view value);
  Statement& bind_blob(int position, std::string_view value);
  Statement& bind_null(int position);

  core::Result<bool> step();  // true: a row is there
  core::Result<void> run();   // to the end, rows ignored

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  core::Result<sqlite3_stmt*> prepared_;
  std::string_view took_too_long_;
};

class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  static core::Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Statement use(Query query);
  core::Result<void> run(Query query) { return use(query).run(); }
  core::Result<void> execute(const std::string& sql);             // one or more statements, not kept
  core::Result<std::int64_t> integer_of(const std::string& sql);  // first column of the first row, 0 when there is none

  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] std::int64_t changes() const;        // rows the last statement changed
  [[nodiscard]] std::int64_t total_changes() const;  // rows all statements changed, also those taken back
  void set_busy_timeout(core::Milliseconds timeout);
  // From this moment on statements are refused, and one that runs is ended: SQLITE_INTERRUPT. `took_too_long` is a
  // literal: what the error then says, with the setting or limit and the remedy.
  void end_at(core::SteadyTime moment, std::string_view took_too_long = kReadTookTooLong);
  void end_never();
  void keep_log_on_close(bool keep);  // otherwise the last connection of a file empties the log into it
  [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  static int is_over(void* self);

  sqlite3* handle_;
  core::SteadyTime end_ = core::SteadyTime::max();
  std::string_view took_too_long_ = kReadTookTooLong;
  std::array<sqlite3_stmt*, static_cast<std::size_t>(Query::kCount)> statements_{};
};

// Runs `work` in a transaction that writes, committed when it succeeds and taken back otherwise.
core::Result<void> in_transaction(Connection& connection, const std::function<core::Result<void>()>& work);

}  // namespace embergate::store::sqlite
