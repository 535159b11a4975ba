// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer_state.hpp"

#include <algorithm>
#include <utility>

#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {
// A stamp further ahead than this was written under a wrong clock; keeping to it would freeze the time for as long.
constexpr std::chrono::hours kTrustedLead{1};
}  // namespace

core::Result<void> WriterState::load(Connection& connection, core::SystemTime now) {
  EG_CHECK(types.load(connection));
  EG_CHECK(slots.load(connection));
  EG_CHECK(epochs.load(connection));
  EG_TRY(epoch, connection.integer_of("SELECT value FROM counter WHERE name = 'catalog_epoch'"));
  EG_TRY(const auto newest, connection.integer_of("SELECT coalesce(max(version_id), 0) FROM history"));
  EG_TRY(const auto last_updated,
         connection.integer_of("SELECT last_updated FROM history ORDER BY version_id DESC LIMIT 1"));
  EG_TRY(const auto newest_slot, connection.integer_of("SELECT coalesce(max(slot), 0) FROM slot"));
  EG_TRY(const auto floor, connection.integer_of("SELECT value FROM counter WHERE name = 'version_floor'"));
  next_version_ = std::max({newest, epoch, newest_slot, floor}) + 1;
  if (time_of(last_updated) <= now + kTrustedLead) last_stamp_ = time_of(last_updated);
  committed_epoch = epoch;
  return {};
}

void WriterState::undo_to(const Mark& mark) {
  types.undo_to(mark.types);
  slots.undo_to(mark.slots);
  epoch = mark.epoch;
}

void WriterState::announce() {
  if (std::exchange(holds_rows, false)) slots.announce_held();
}

void WriterState::publish() {
  types.settle();
  slots.publish();
  committed_epoch = epoch;
}

core::SystemTime WriterState::stamp(core::SystemTime now) {
  last_stamp_ = std::max(last_stamp_, now);
  return last_stamp_;
}

}  // namespace embergate::store::sqlite
