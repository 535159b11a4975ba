// SPDX-License-Identifier: Apache-2.0
// The epoch of event numbers. A database that was put back from a copy numbers its next events from where the copy
// ended, as the lost one did: what keeps the two apart is the epoch, which rises with the first start on the copy. It
// is taken from the clock, so that two starts on one copy give two epochs. Versions leave a gap of a thousand million
// numbers for the same reason.
// Thread: start-up, on the writer's connection; EventEpochs is fixed after load() and read by any thread.
// Failure: the connection's.
// Rule: docs/decisions/0054. What tells a copy: the mark in its header, or a file that is not the one of the last
// start.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/store/outbox.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

// The user_version in the header of a file that was made or marked as a copy, and not started on since: "COPY".
inline constexpr std::int64_t kCopyMark = 0x434F5059;

// Reads the header without SQLite, which would take a log that lies beside the file for the file's own.
bool has_copy_mark(const std::string& path);
core::Result<bool> has_copy_mark(Connection& connection);
// Not in WAL mode: the mark must be in the file itself.
core::Result<void> put_copy_mark(Connection& connection, core::SystemTime now);
// A log beside a marked copy belongs to the database that was there before: SQLite would mix the two. It gets another
// name.
core::Result<void> set_foreign_log_aside(const std::string& path);

// Raises the epoch when the file is a copy, and remembers the file. After the migrations.
core::Result<void> begin_epoch(Connection& connection, const std::string& path, core::SystemTime now);

class EventEpochs {
 public:
  core::Result<void> load(Connection& connection);
  [[nodiscard]] std::int64_t current() const { return current_; }
  [[nodiscard]] std::vector<EventEpoch> of(DestinationSlot slot) const;

 private:
  std::int64_t current_ = kFirstEpoch;
  std::map<DestinationSlot, std::vector<EventEpoch>> older_;  // of the slots that were there at the start
};

}  // namespace embergate::store::sqlite
