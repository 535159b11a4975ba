// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/held_rows.hpp"

#include <algorithm>

#include "store/sqlite/settle.hpp"
#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {

using State = HeldRow::State;

HeldRow held_row_from(const Statement& row) {
  HeldRow held;
  held.event_number = row.integer(0);
  held.state = static_cast<State>(row.integer(1));
  held.released = row.integer(2) != 0;
  held.type = row.text(3);
  held.id = row.text(4);
  held.code = row.text(5);
  held.reason = row.text(6);
  held.attempts = static_cast<std::uint32_t>(row.integer(7));
  held.since = time_of(row.integer(8));
  held.next_try = time_of(row.integer(9));
  held.version_id = row.integer(10);
  held.bytes = static_cast<std::uint64_t>(row.integer(11));
  held.discarded = row.integer(12) != 0;
  return held;
}

core::Result<std::vector<HeldRow>> all_of(Statement& rows) {
  std::vector<HeldRow> held;
  for (;;) {
    EG_TRY(const bool row, rows.step());
    if (!row) return held;
    held.push_back(held_row_from(rows));
  }
}

core::Result<std::vector<UndecidedRow>> all_undecided(Statement& rows) {
  std::vector<UndecidedRow> undecided;
  for (;;) {
    EG_TRY(const bool row, rows.step());
    if (!row) return undecided;
    UndecidedRow& one = undecided.emplace_back();
    one.slot = DestinationSlot(rows.integer(0));
    one.event_number = rows.integer(1);
    one.version_id = rows.integer(2);
    one.type = rows.text(3);
    one.id = rows.text(4);
    one.topic_version = rows.integer(5);
    one.topic_id = rows.text(6);
  }
}

std::int64_t as_limit(std::size_t limit) { return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)); }

core::Result<std::vector<HeldRow>> selected(Connection& connection, DestinationSlot slot,
                                            const HeldSelection& selection) {
  if (selection.all_of) return read_held_rows(connection, slot, {selection.all_of, 0, selection.limit});
  std::vector<EventNumber> numbers = selection.numbers;
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<HeldRow> rows;
  for (const EventNumber number : numbers) {
    auto query = connection.use(Query::kHeldRow);
    query.bind(1, slot.value()).bind(2, number);
    EG_TRY(const bool found, query.step());
    if (found) rows.push_back(held_row_from(query));
  }
  return rows;
}

// As with an undecided one: until its relay deletes it in its place, the row holds back those behind it that the relay
// has passed over. It is due from now on, so that a relay that does not have it in memory gets it soon.
core::Result<void> give_up_row(Connection& connection, SlotTable& slots, DestinationSlot slot, EventNumber number,
                               core::SystemTime now) {
  const SlotState* known = slots.find(slot);
  if (known == nullptr) return {};
  EG_CHECK(connection.use(Query::kGiveUp).bind(1, slot.value()).bind(2, number).bind(3, stamp_of(now)).run());
  if (connection.changes() == 0) return {};
  SlotState state = *known;
  ++state.judged;
  slots.put(slot, state);
  return {};
}

}  // namespace

core::Result<std::vector<HeldRow>> read_held_rows(Connection& connection, DestinationSlot slot,
                                                  const HeldQuery& query) {
  auto rows = connection.use(query.state ? Query::kHeldRowsOfState : Query::kHeldRows);
  rows.bind(1, slot.value()).bind(2, query.after).bind(3, as_limit(query.limit));
  if (query.state) rows.bind(4, static_cast<std::int64_t>(*query.state)).bind(5, query.discarded_too ? 1 : 0);
  return all_of(rows);
}

core::Result<std::vector<HeldRow>> read_due_rows(Connection& connection, DestinationSlot slot, const DueQuery& query) {
  auto rows = connection.use(Query::kDueRows);
  rows.bind(1, slot.value()).bind(2, stamp_of(query.now)).bind(3, as_limit(query.limit));
  return all_of(rows);
}

core::Result<std::vector<UndecidedRow>> read_undecided_rows(Connection& connection, DestinationSlot after,
                                                            std::size_t limit) {
  auto rows = connection.use(Query::kUndecidedRows);
  rows.bind(1, after.value()).bind(2, as_limit(limit));
  return all_undecided(rows);
}

core::Result<std::vector<UndecidedRow>> read_undecided_rows_of(Connection& connection, DestinationSlot slot,
                                                               EventNumber after, std::size_t limit) {
  auto rows = connection.use(Query::kUndecidedRowsOf);
  rows.bind(1, slot.value()).bind(2, after).bind(3, as_limit(limit));
  return all_undecided(rows);
}

// The row stays where it is, and holds back what is behind it, until its relay settles it: only the relay knows what
// it has passed over.
core::Result<bool> judge_row(Connection& connection, SlotState& state, DestinationSlot slot, EventNumber number,
                             bool wanted) {
  EG_CHECK(connection.use(Query::kJudge).bind(1, slot.value()).bind(2, number).bind(3, wanted ? 1 : 2).run());
  const bool changed = connection.changes() > 0;
  if (!changed) return false;
  --state.undecided;
  ++state.judged;
  return true;
}

core::Result<bool> decide_row(Connection& connection, SlotTable& slots, DestinationSlot slot, EventNumber number,
                              Verdict verdict, std::string_view reason) {
  const SlotState* known = slots.find(slot);
  if (known == nullptr) return false;
  if (verdict == Verdict::kUnknown) {
    EG_CHECK(connection.use(Query::kKeepUndecided).bind(1, slot.value()).bind(2, number).bind_text(3, reason).run());
    return connection.changes() > 0;
  }
  SlotState state = *known;
  EG_TRY(const bool changed, judge_row(connection, state, slot, number, verdict == Verdict::kWanted));
  slots.put(slot, state);
  return changed;
}

core::Result<std::vector<HeldRow>> release_held_rows(Connection& connection, SlotTable& slots, DestinationSlot slot,
                                                     const HeldSelection& selection, core::SystemTime now) {
  const SlotState* known = slots.find(slot);
  if (known == nullptr) return std::vector<HeldRow>();
  SlotState state = *known;
  EG_TRY(auto rows, selected(connection, slot, selection));
  for (HeldRow& row : rows) {
    if (row.state == State::kSuperseded) {
      --state.superseded;
      row.released = true;
    }
    if (row.state == State::kUndecided) {
      EG_CHECK(judge_row(connection, state, slot, row.event_number, true));
      continue;
    }
    row.state = State::kWaiting;
    row.next_try = now;
    EG_CHECK(connection.use(Query::kReleaseHeld)
                 .bind(1, slot.value())
                 .bind(2, row.event_number)
                 .bind(3, row.released ? 1 : 0)
                 .bind(4, stamp_of(now))
                 .run());
  }
  slots.put(slot, state);
  return rows;
}

core::Result<std::vector<HeldRow>> discard_held_rows(Connection& connection, SlotTable& slots, DestinationSlot slot,
                                                     const HeldSelection& selection, core::SystemTime now) {
  EG_TRY(auto rows, selected(connection, slot, selection));
  Settlement settlement;
  settlement.slot = slot;
  for (const HeldRow& row : rows) {
    if (row.state == State::kUndecided) {
      EG_CHECK(decide_row(connection, slots, slot, row.event_number, Verdict::kUnwanted, {}));
    } else if (row.state == State::kWaiting && !row.released) {
      EG_CHECK(give_up_row(connection, slots, slot, row.event_number, now));
    } else {
      settlement.delivered.push_back({row.event_number, row.event_number});
    }
  }
  EG_CHECK(apply_settlement(connection, slots, settlement));
  return rows;
}

}  // namespace embergate::store::sqlite
