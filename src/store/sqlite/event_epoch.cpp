// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/event_epoch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "embergate/observability/log.hpp"
#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {

namespace log = observability::log;

constexpr off_t kUserVersionOffset = 60;  // of the file format, most significant byte first
constexpr std::int64_t kVersionGap = 1'000'000'000;

std::int64_t seconds_of(core::SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// What tells one file from another under the same name: inode and time of birth. Above 0.
std::int64_t identity_of(const std::string& path) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &status) != 0) return 1;
  std::uint64_t mixed = status.stx_ino * 0x9E3779B97F4A7C15ULL;
  if ((status.stx_mask & STATX_BTIME) != 0) {
    mixed ^= static_cast<std::uint64_t>(status.stx_btime.tv_sec) * 1'000'000'000ULL + status.stx_btime.tv_nsec;
  }
  return static_cast<std::int64_t>(mixed >> 1) | 1;
}

core::Result<std::int64_t> counter(Connection& connection, std::string_view name) {
  return connection.integer_of(fmt::format("SELECT value FROM counter WHERE name = '{}'", name));
}

std::string put_counter(std::string_view name, std::int64_t value) {
  return fmt::format("INSERT OR REPLACE INTO counter (name, value) VALUES ('{}', {});", name, value);
}

// The events that every slot has are of the epochs before; the next one begins the new epoch.
core::Result<void> raise(Connection& connection, std::int64_t epoch) {
  EG_TRY(const auto floor, counter(connection, "version_floor"));
  EG_TRY(const auto newest, connection.integer_of("SELECT coalesce(max(version_id), 0) FROM history"));
  return connection.execute(
      fmt::format("INSERT OR REPLACE INTO event_epoch (slot, first_event_number, epoch)"
                  " SELECT s.slot, 1 + max(s.last_event_number,"
                  "   (SELECT coalesce(max(o.event_number), 0) FROM outbox o WHERE o.slot = s.slot)), {} FROM slot s;",
                  epoch) +
      put_counter("event_epoch", epoch) + put_counter("version_floor", std::max(floor, newest) + kVersionGap));
}

core::Result<void> begin_in_transaction(Connection& connection, bool raised, std::int64_t epoch, std::int64_t file) {
  if (raised) EG_CHECK(raise(connection, epoch));
  EG_CHECK(connection.execute(put_counter("file_identity", file) + "DELETE FROM counter WHERE name = 'copied_at';"));
  return connection.execute("PRAGMA user_version = 0");
}

core::Error cannot_move(const std::string& path, int error) {
  return core::make_error(core::ErrorCode::kUnavailable,
                          fmt::format("{} belongs to the database that was at BOX_DB_PATH before the backup was put "
                                      "there, and cannot be moved away: {}; remove it",
                                      path, std::generic_category().message(error)));
}

}  // namespace

bool has_copy_mark(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<unsigned char, 4> bytes{};
  const bool whole =
      ::pread(file, bytes.data(), bytes.size(), kUserVersionOffset) == static_cast<ssize_t>(bytes.size());
  ::close(file);
  std::int64_t value = 0;
  for (const unsigned char byte : bytes) value = value * 256 + byte;
  return whole && value == kCopyMark;
}

core::Result<bool> has_copy_mark(Connection& connection) {
  EG_TRY(const auto value, connection.integer_of("PRAGMA user_version"));
  return value == kCopyMark;
}

core::Result<void> put_copy_mark(Connection& connection, core::SystemTime now) {
  return connection.execute(fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                        put_counter("copied_at", stamp_of(now)), kCopyMark));
}

core::Result<void> set_foreign_log_aside(const std::string& path) {
  const std::string log_file = path + "-wal";
  if (std::error_code error; !std::filesystem::exists(log_file, error)) return {};
  std::string other;
  for (int number = 1;; ++number) {
    other = fmt::format("{}-of-the-database-before-{}", log_file, number);
    if (std::error_code error; !std::filesystem::exists(other, error)) break;
  }
  if (::rename(log_file.c_str(), other.c_str()) != 0) return cannot_move(log_file, errno);
  if (::unlink((path + "-shm").c_str()) != 0 && errno != ENOENT) return cannot_move(path + "-shm", errno);
  log::event(log::Level::kWarn, "store/foreign-log",
             "the log beside the restored database belonged to the one before it and has another name now",
             {{"file", std::string_view(other)}});
  return {};
}

core::Result<void> begin_epoch(Connection& connection, const std::string& path, core::SystemTime now) {
  EG_TRY(const bool marked, has_copy_mark(connection));
  EG_TRY(const auto epoch, counter(connection, "event_epoch"));
  EG_TRY(const auto known_file, counter(connection, "file_identity"));
  const std::int64_t file = identity_of(path);
  if (!marked && known_file == file) return {};
  const bool raised = marked || known_file != 0;
  const std::int64_t next = std::max(epoch + 1, seconds_of(now));
  EG_CHECK(in_transaction(connection, [&] { return begin_in_transaction(connection, raised, next, file); }));
  if (raised) {
    log::event(log::Level::kWarn, "store/epoch-raised",
               "the database is a copy: events that are numbered from now on belong to a new epoch",
               {{"epoch", next}, {"epochBefore", epoch}});
  }
  return {};
}

core::Result<void> EventEpochs::load(Connection& connection) {
  EG_TRY(current_, counter(connection, "event_epoch"));
  auto rows = connection.use(Query::kLoadEventEpochs);
  for (;;) {
    EG_TRY(const bool row, rows.step());
    if (!row) return {};
    auto& epochs = older_[DestinationSlot(rows.integer(0))];
    if (epochs.empty() && (rows.is_null(1) || rows.integer(1) > 1)) epochs.push_back({1, kFirstEpoch});
    if (!rows.is_null(1)) epochs.push_back({rows.integer(1), rows.integer(2)});
  }
}

std::vector<EventEpoch> EventEpochs::of(DestinationSlot slot) const {
  const auto found = older_.find(slot);
  if (found != older_.end()) return found->second;
  return {{1, current_}};
}

}  // namespace embergate::store::sqlite
