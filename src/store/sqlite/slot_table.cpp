// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/slot_table.hpp"

#include <algorithm>

namespace embergate::store::sqlite {

core::Result<void> SlotTable::load(Connection& connection) {
  auto slots = connection.use(Query::kLoadSlots);
  for (;;) {
    EG_TRY(const bool row, slots.step());
    if (!row) break;
    SlotState state;
    state.delivered = static_cast<std::uint64_t>(slots.integer(1));
    state.failed_attempts = static_cast<std::uint64_t>(slots.integer(2));
    state.last_event_number = std::max(slots.integer(3), slots.integer(4));
    state.rows = slots.integer(5);
    state.held = slots.integer(6);
    state.superseded = slots.integer(7);
    state.undecided = slots.integer(8);
    state.judged = slots.integer(9);
    working_.insert_or_assign(DestinationSlot(slots.integer(0)), state);
  }
  const std::lock_guard lock(mutex_);
  published_ = working_;
  return {};
}

const SlotState* SlotTable::find(DestinationSlot slot) const {
  const auto found = working_.find(slot);
  return found == working_.end() ? nullptr : &found->second;
}

void SlotTable::put(DestinationSlot slot, const SlotState& state) {
  remember(slot);
  working_.insert_or_assign(slot, state);
}

void SlotTable::erase(DestinationSlot slot) {
  remember(slot);
  working_.erase(slot);
}

void SlotTable::undo_to(std::size_t mark) {
  for (; undo_.size() > mark; undo_.pop_back()) {
    const Change& change = undo_.back();
    if (change.before) {
      working_.insert_or_assign(change.slot, *change.before);
    } else {
      working_.erase(change.slot);
    }
  }
}

void SlotTable::announce_held() {
  const std::lock_guard lock(mutex_);
  for (const Change& change : undo_) {
    const SlotState* state = find(change.slot);
    const auto published = published_.find(change.slot);
    if (state != nullptr && state->held > 0 && published != published_.end()) published->second.may_hold = true;
  }
}

void SlotTable::publish() {
  if (undo_.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const Change& change : undo_) {
    if (const SlotState* state = find(change.slot)) {
      published_.insert_or_assign(change.slot, *state);
    } else {
      published_.erase(change.slot);
    }
  }
  undo_.clear();
}

std::optional<SlotState> SlotTable::published(DestinationSlot slot) const {
  const std::lock_guard lock(mutex_);
  const auto found = published_.find(slot);
  if (found == published_.end()) return std::nullopt;
  return found->second;
}

void SlotTable::remember(DestinationSlot slot) {
  const SlotState* state = find(slot);
  undo_.push_back({slot, state ? std::optional(*state) : std::nullopt});
}

}  // namespace embergate::store::sqlite
