// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_outbox.hpp"

#include <algorithm>

#include "store/sqlite/held_rows.hpp"
#include "store/sqlite/resource_rows.hpp"
#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {
namespace {
std::int64_t as_limit(std::size_t limit) { return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)); }

// What the query says of a row that has its verdict, instead of its state: of an undecided one, and of a waiting one
// that was discarded.
constexpr std::int64_t kWanted = 4;
constexpr std::int64_t kUnwanted = 5;
constexpr std::int64_t kDiscarded = 6;

void add_waiting(OutboxEvent& event, const Statement& row) {
  const std::int64_t state = row.integer(8);
  event.waiting = state == static_cast<std::int64_t>(HeldRow::State::kWaiting) || state == kDiscarded;
  event.wanted = state == kWanted;
  event.unwanted = state == kUnwanted || state == kDiscarded;
  event.undecided =
      event.wanted || state == kUnwanted || state == static_cast<std::int64_t>(HeldRow::State::kUndecided);
  event.behind_waiting = row.integer(9) != 0;
  event.behind_undecided = row.integer(10) != 0;
}
}  // namespace

core::Result<std::size_t> SqliteOutbox::read(DestinationSlot slot, EventNumber after, std::size_t max_rows,
                                             std::size_t max_bytes, const Visit& visit) {
  EG_TRY(auto lease, pool_.acquire());
  const Part part{slot, after, max_rows, max_bytes};
  if (!has_held(slot)) {
    EG_TRY(const auto count, read_part(lease.connection(), part, Marks::kNone, visit));
    if (count) return *count;
  }
  EG_TRY(const auto count, read_part(lease.connection(), part, Marks::kHeld, visit));
  return count.value_or(0);
}

// Nothing: the part has to be read with marks. The first step fixes what is seen, and a commit that holds rows is
// announced before it can be seen, so that what was asked before that step is asked once more behind it.
core::Result<std::optional<std::size_t>> SqliteOutbox::read_part(Connection& connection, const Part& part, Marks marks,
                                                                 const Visit& visit) {
  auto rows = connection.use(marks == Marks::kHeld ? Query::kReadEventsAmongHeld : Query::kReadEvents);
  rows.bind(1, part.slot.value()).bind(2, part.after).bind(3, as_limit(part.max_rows));
  std::size_t count = 0;
  for (std::size_t bytes = 0; bytes < part.max_bytes || count == 0;) {
    EG_TRY(const bool row, rows.step());
    if (!row) break;
    if (count == 0 && marks == Marks::kNone && has_held(part.slot)) return std::optional<std::size_t>();
    OutboxEvent event = event_from(rows);
    if (marks == Marks::kHeld) add_waiting(event, rows);
    if (!visit(event)) break;
    ++count;
    bytes += event.body.size();
  }
  return std::optional(count);
}

core::Result<std::size_t> SqliteOutbox::read_rows(DestinationSlot slot, const std::vector<EventNumber>& numbers,
                                                  const Visit& visit) {
  EG_TRY(auto lease, pool_.acquire());
  std::size_t count = 0;
  for (const EventNumber number : numbers) {
    EG_TRY(const Visited visited, visit_row(lease.connection(), slot, number, visit));
    if (visited == Visited::kRefused) break;
    if (visited == Visited::kTaken) ++count;
  }
  return count;
}

core::Result<std::size_t> SqliteOutbox::read_resource(DestinationSlot slot, EventNumber from, std::string_view type,
                                                      std::string_view id, std::size_t max_rows, const Visit& visit) {
  EG_TRY(auto lease, pool_.acquire());
  std::size_t count = 0;
  if (max_rows == 0) return count;
  const auto found = [&](EventNumber number) -> core::Result<bool> {
    EG_TRY(const Visited visited, visit_row(lease.connection(), slot, number, visit));
    if (visited == Visited::kTaken) ++count;
    return visited != Visited::kRefused && count < max_rows;
  };
  EG_CHECK(find_resource_rows(lease.connection(), types_, slot, from, type, id, found));
  return count;
}

core::Result<std::vector<HeldRow>> SqliteOutbox::held_rows(DestinationSlot slot, const HeldQuery& query) {
  EG_TRY(auto lease, pool_.acquire());
  return read_held_rows(lease.connection(), slot, query);
}

core::Result<std::vector<HeldRow>> SqliteOutbox::due_rows(DestinationSlot slot, const DueQuery& query) {
  EG_TRY(auto lease, pool_.acquire());
  return read_due_rows(lease.connection(), slot, query);
}

core::Result<std::vector<UndecidedRow>> SqliteOutbox::undecided_rows(DestinationSlot after, std::size_t limit) {
  EG_TRY(auto lease, pool_.acquire());
  return read_undecided_rows(lease.connection(), after, limit);
}

core::Result<std::vector<UndecidedRow>> SqliteOutbox::undecided_rows_of(DestinationSlot slot, EventNumber after,
                                                                        std::size_t limit) {
  EG_TRY(auto lease, pool_.acquire());
  return read_undecided_rows_of(lease.connection(), slot, after, limit);
}

void SqliteOutbox::settle(Settlement settlement, Done done) {
  SettleJob job{std::move(settlement), std::move(done), {}};
  if (auto pushed = queue_.push(job); !pushed) job.done(std::move(pushed));
}

core::Result<SlotCounters> SqliteOutbox::counters(DestinationSlot slot) {
  const auto state = slots_.published(slot);
  if (!state) return core::make_error(core::ErrorCode::kNotFound, "the destination has no queue");
  SlotCounters counters;
  counters.delivered = state->delivered;
  counters.failed_attempts = state->failed_attempts;
  counters.queued = static_cast<std::uint64_t>(state->rows - state->superseded);
  counters.waiting = static_cast<std::uint64_t>(state->waiting());
  counters.undecided = static_cast<std::uint64_t>(state->undecided);
  counters.superseded = static_cast<std::uint64_t>(state->superseded);
  counters.last_event_number = state->last_event_number;
  if (counters.queued > 0) {
    EG_TRY(counters.oldest_queued, oldest_queued(slot));
  }
  return counters;
}

OutboxEvent SqliteOutbox::event_from(const Statement& row) const {
  OutboxEvent event;
  event.event_number = row.integer(0);
  event.version_id = row.integer(1);
  event.correlation_id = row.text(2);
  event.interaction = static_cast<Interaction>(row.integer(3));
  event.type = types_.name(row.integer(4));
  event.id = row.text(5);
  event.commit_time = time_of(row.integer(6));
  event.body = row.blob(7);
  return event;
}

// Held rows are rare; a queue without any is read without asking for them row by row.
bool SqliteOutbox::has_held(DestinationSlot slot) const {
  const auto state = slots_.published(slot);
  return !state || state->held > 0 || state->may_hold;
}

core::Result<SqliteOutbox::Visited> SqliteOutbox::visit_row(Connection& connection, DestinationSlot slot,
                                                            EventNumber number, const Visit& visit) {
  auto query = connection.use(Query::kReadEventAmongHeld);
  query.bind(1, slot.value()).bind(2, number);
  EG_TRY(const bool row, query.step());
  if (!row) return Visited::kAbsent;
  OutboxEvent event = event_from(query);
  add_waiting(event, query);
  return visit(event) ? Visited::kTaken : Visited::kRefused;
}

core::Result<std::optional<core::SystemTime>> SqliteOutbox::oldest_queued(DestinationSlot slot) {
  EG_TRY(auto lease, pool_.acquire());
  auto query = lease.connection().use(Query::kOldestQueued);
  query.bind(1, slot.value());
  EG_TRY(const bool row, query.step());
  return row ? std::optional(time_of(query.integer(0))) : std::nullopt;
}

}  // namespace embergate::store::sqlite
