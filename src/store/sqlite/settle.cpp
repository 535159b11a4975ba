// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/settle.hpp"

#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {

core::Result<void> forget_held(Connection& connection, SlotState& state, DestinationSlot slot,
                               const Settlement::Range& range) {
  std::int64_t held = 0;
  {
    auto count = connection.use(Query::kCountHeldInRange);
    count.bind(1, slot.value()).bind(2, range.first).bind(3, range.last);
    EG_TRY(const bool row, count.step());
    held = row ? count.integer(0) : 0;
    if (held == 0) return {};
    state.held -= held;
    state.superseded -= count.integer(1);
    state.undecided -= count.integer(2);
    state.judged -= count.integer(3);
  }
  return connection.use(Query::kDeleteHeldInRange).bind(1, slot.value()).bind(2, range.first).bind(3, range.last).run();
}

core::Result<void> delete_range(Connection& connection, SlotState& state, DestinationSlot slot,
                                const Settlement::Range& range) {
  EG_CHECK(connection.use(Query::kDeleteEvents).bind(1, slot.value()).bind(2, range.first).bind(3, range.last).run());
  state.rows -= connection.changes();
  return state.held > 0 ? forget_held(connection, state, slot, range) : core::Result<void>();
}

core::Result<bool> event_exists(Connection& connection, DestinationSlot slot, EventNumber number) {
  return connection.use(Query::kEventExists).bind(1, slot.value()).bind(2, number).step();
}

// 0: not held.
core::Result<std::int64_t> held_state(Connection& connection, DestinationSlot slot, EventNumber number) {
  auto query = connection.use(Query::kHeldState);
  query.bind(1, slot.value()).bind(2, number);
  EG_TRY(const bool row, query.step());
  return row ? query.integer(0) : 0;
}

// What the query says of a row that was undecided once and has its verdict, and of a waiting one that was discarded.
constexpr std::int64_t kJudged = 4;
constexpr std::int64_t kDiscarded = 6;

// `state`: a HeldRow::State, 0 for a row that is not held.
void count_held(SlotState& counters, std::int64_t state, std::int64_t change) {
  if (state == 0) return;
  counters.held += change;
  if (state == static_cast<std::int64_t>(HeldRow::State::kSuperseded)) counters.superseded += change;
  if (state == static_cast<std::int64_t>(HeldRow::State::kUndecided)) counters.undecided += change;
  if (state == kJudged || state == kDiscarded) counters.judged += change;
}

core::Result<void> hold(Connection& connection, SlotState& state, DestinationSlot slot, const HeldRow& row) {
  EG_TRY(const bool exists, event_exists(connection, slot, row.event_number));
  if (!exists) return {};
  EG_TRY(const std::int64_t before, held_state(connection, slot, row.event_number));
  // It was on its way when it was discarded. Overtaken, it has no place any more in which its relay could delete it.
  if (before == kDiscarded && row.state == HeldRow::State::kSuperseded)
    return delete_range(connection, state, slot, {row.event_number, row.event_number});
  const auto after = static_cast<std::int64_t>(row.state);
  count_held(state, before, -1);
  count_held(state, before == kDiscarded ? kDiscarded : after, 1);
  return connection.use(Query::kPutHeld)
      .bind(1, slot.value())
      .bind(2, row.event_number)
      .bind(3, after)
      .bind_text(4, row.type)
      .bind_text(5, row.id)
      .bind_text(6, row.code)
      .bind_text(7, row.reason)
      .bind(8, row.attempts)
      .bind(9, stamp_of(row.next_try))
      .bind(10, stamp_of(row.since))
      .bind(11, static_cast<std::int64_t>(row.bytes))
      .run();
}

}  // namespace

core::Result<void> apply_settlement(Connection& connection, SlotTable& slots, const Settlement& settlement) {
  const SlotState* known = slots.find(settlement.slot);
  if (known == nullptr) return {};
  SlotState state = *known;
  for (const auto& range : settlement.delivered) EG_CHECK(delete_range(connection, state, settlement.slot, range));
  for (const auto& row : settlement.held) EG_CHECK(hold(connection, state, settlement.slot, row));
  state.delivered += settlement.delivered_count;
  state.failed_attempts += settlement.failed_attempts;
  // The rows that carried the last number may be gone with this, so the number is kept in the slot's own row.
  EG_CHECK(connection.use(Query::kSettleSlot)
               .bind(1, settlement.slot.value())
               .bind(2, static_cast<std::int64_t>(state.delivered))
               .bind(3, static_cast<std::int64_t>(state.failed_attempts))
               .bind(4, state.last_event_number)
               .run());
  slots.put(settlement.slot, state);
  return {};
}

}  // namespace embergate::store::sqlite
