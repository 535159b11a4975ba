// SPDX-License-Identifier: Apache-2.0
// What the writer knows besides the tables: counters that must not cost a query per write, with undo for steps and
// groups that fail.
// Thread: writer, but for what TypeTable and SlotTable publish and for committed_epoch.
// Rule: a version id is never handed out twice in a process, so next_version is the one counter that no undo touches;
// the catalog epoch is taken from it, so an epoch that was undone never comes again either.
#pragma once

#include <atomic>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/store/types.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/event_epoch.hpp"
#include "store/sqlite/slot_table.hpp"
#include "store/sqlite/type_table.hpp"

namespace embergate::store::sqlite {

class WriterState {
 public:
  struct Mark {
    std::size_t types;
    std::size_t slots;
    std::int64_t epoch;
  };

  core::Result<void> load(Connection& connection, core::SystemTime now);

  [[nodiscard]] Mark mark() const { return {types.mark(), slots.mark(), epoch}; }
  void undo_to(const Mark& mark);
  void announce();  // before a commit
  void publish();   // after a commit

  [[nodiscard]] VersionId take_version() { return next_version_++; }
  [[nodiscard]] VersionId next_version() const { return next_version_; }
  // Not before the stamp given last.
  [[nodiscard]] core::SystemTime stamp(core::SystemTime now);

  TypeTable types;
  SlotTable slots;
  EventEpochs epochs;
  std::int64_t epoch = 0;
  bool holds_rows = false;  // the group appended rows that are held
  std::atomic<std::int64_t> committed_epoch{0};

 private:
  VersionId next_version_ = 1;
  core::SystemTime last_stamp_{};
};

}  // namespace embergate::store::sqlite
