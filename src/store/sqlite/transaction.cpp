// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "store/sqlite/held_rows.hpp"
#include "store/sqlite/identifier_index.hpp"
#include "store/sqlite/stamps.hpp"

namespace embergate::store::sqlite {

SqliteTransaction::SqliteTransaction(Connection& connection, WriterState& state, core::SystemTime now)
    : connection_(connection),
      state_(state),
      reader_(connection, state.types),
      now_(now),
      first_version_(state.next_version()) {}

core::Result<std::optional<StoredVersion>> SqliteTransaction::load_current(std::string_view type, std::string_view id) {
  return reader_.load_current(type, id);
}
core::Result<std::optional<StoredVersion>> SqliteTransaction::load_version(std::string_view type, std::string_view id,
                                                                           VersionId version) {
  return reader_.load_version(type, id, version);
}
core::Result<bool> SqliteTransaction::exists(std::string_view type, std::string_view id) {
  return reader_.exists(type, id);
}
core::Result<std::vector<StoredVersion>> SqliteTransaction::history(std::string_view type, std::string_view id,
                                                                    VersionId before, std::size_t limit) {
  return reader_.history(type, id, before, limit);
}
core::Result<std::size_t> SqliteTransaction::version_count(std::string_view type, std::string_view id,
                                                           std::size_t limit) {
  return reader_.version_count(type, id, limit);
}
core::Result<std::vector<std::string>> SqliteTransaction::find_by_identifier(std::string_view type,
                                                                             std::optional<std::string_view> system,
                                                                             std::string_view value,
                                                                             std::size_t limit) {
  return reader_.find_by_identifier(type, system, value, limit);
}
core::Result<std::vector<StoredVersion>> SqliteTransaction::list_current(std::string_view type, std::size_t limit) {
  return reader_.list_current(type, limit);
}

core::Result<std::optional<TargetBinding>> SqliteTransaction::target_binding(std::string_view secret) {
  return reader_.target_binding(secret);
}
core::Result<std::vector<TargetBinding>> SqliteTransaction::target_bindings() { return reader_.target_bindings(); }

core::Result<void> SqliteTransaction::put_version(const NewVersion& version) {
  EG_CHECK(is_own(version.version_id));
  auto type = state_.types.find_or_store(connection_, version.type);
  if (!type) return keep(type.error());
  EG_CHECK(keep(write_resource(version, *type)));
  return keep(write_history(version, *type));
}

void SqliteTransaction::advance_catalog_epoch() {
  const std::int64_t epoch = state_.take_version();
  if (keep(connection_.use(Query::kSetEpoch).bind(1, epoch).run())) {
    state_.epoch = epoch;
    catalog_changed_ = true;
  }
}

core::Result<void> SqliteTransaction::append_events(VersionId version, std::span<const DestinationSlot> slots,
                                                    std::string_view correlation_id) {
  return append(version, slots, correlation_id, kDecided);
}

core::Result<void> SqliteTransaction::append_undecided(VersionId version, const UndecidedEvents& events,
                                                       std::string_view correlation_id) {
  undecided_.push_back(
      {events.topic_version, std::string(events.type), std::string(events.id), std::string(events.reason)});
  return append(version, events.slots, correlation_id, undecided_.size() - 1);
}

core::Result<bool> SqliteTransaction::decide(DestinationSlot slot, EventNumber number, Verdict verdict,
                                             std::string_view reason) {
  auto changed = decide_row(connection_, state_.slots, slot, number, verdict, reason);
  if (!changed) return keep(changed.error()).error();
  return changed;
}

core::Result<void> SqliteTransaction::append(VersionId version, std::span<const DestinationSlot> slots,
                                             std::string_view correlation_id, std::size_t undecided) {
  EG_CHECK(is_own(version));
  if (slots.empty()) return {};
  if (correlations_.empty() || correlations_.back() != correlation_id) correlations_.emplace_back(correlation_id);
  for (const DestinationSlot slot : slots) {
    if (state_.slots.find(slot) == nullptr) {
      return keep(
          core::make_error(core::ErrorCode::kInternal, fmt::format("destination slot {} is not open", slot.value())));
    }
    events_.push_back({version, slot, correlations_.size() - 1, undecided});
  }
  return {};
}

core::Result<void> SqliteTransaction::open_slot(DestinationSlot slot, std::string_view destination_id) {
  if (state_.slots.find(slot) != nullptr) return {};
  EG_CHECK(keep(connection_.use(Query::kInsertSlot).bind(1, slot.value()).bind_text(2, destination_id).run()));
  if (state_.epochs.current() != kFirstEpoch) {
    auto insert = connection_.use(Query::kInsertEventEpoch);
    EG_CHECK(keep(insert.bind(1, slot.value()).bind(2, state_.epochs.current()).run()));
  }
  state_.slots.put(slot, SlotState{});
  return {};
}

core::Result<void> SqliteTransaction::close_slot(DestinationSlot slot) {
  std::erase_if(events_, [slot](const PendingEvent& event) { return event.slot == slot; });
  if (state_.slots.find(slot) == nullptr) return {};
  EG_CHECK(keep(drop_slot(slot)));
  state_.slots.erase(slot);
  return {};
}

std::uint64_t SqliteTransaction::queue_length(DestinationSlot slot) {
  const SlotState* state = state_.slots.find(slot);
  if (state == nullptr) return 0;
  const auto pending =
      std::count_if(events_.begin(), events_.end(), [slot](const PendingEvent& event) { return event.slot == slot; });
  return static_cast<std::uint64_t>(state->rows + pending);
}

core::Result<std::vector<HeldRow>> SqliteTransaction::release_held(DestinationSlot slot,
                                                                   const HeldSelection& selection) {
  auto rows = release_held_rows(connection_, state_.slots, slot, selection, now_);
  if (!rows) return keep(rows.error()).error();
  return rows;
}

core::Result<std::vector<HeldRow>> SqliteTransaction::discard_held(DestinationSlot slot,
                                                                   const HeldSelection& selection) {
  auto rows = discard_held_rows(connection_, state_.slots, slot, selection, now_);
  if (!rows) return keep(rows.error()).error();
  return rows;
}

core::Result<TargetBinding> SqliteTransaction::bind_target(const TargetBinding& binding) {
  EG_CHECK(keep(write_binding(Query::kBindTarget, binding)));
  EG_TRY(auto standing, target_binding(binding.secret));
  return standing ? *std::move(standing) : binding;
}

core::Result<void> SqliteTransaction::replace_target(const TargetBinding& binding) {
  return keep(write_binding(Query::kReplaceTarget, binding));
}

core::Result<CommitReceipt> SqliteTransaction::finish() {
  EG_CHECK(first_failure_);
  EG_CHECK(write_events());
  return CommitReceipt{std::move(slots_), catalog_changed_, !undecided_.empty()};
}

core::Result<void> SqliteTransaction::is_own(VersionId version) const {
  if (version >= first_version_ && version < state_.next_version()) return {};
  return core::make_error(core::ErrorCode::kInternal,
                          fmt::format("version id {} was not handed out by this transaction", version));
}

core::Result<void> SqliteTransaction::keep(core::Result<void> outcome) {
  if (!outcome && first_failure_) first_failure_ = outcome;
  return outcome;
}

core::Result<void> SqliteTransaction::write_history(const NewVersion& version, std::int64_t type) {
  return connection_.use(Query::kInsertHistory)
      .bind(1, version.version_id)
      .bind(2, version.previous_version_id)
      .bind(3, type)
      .bind_text(4, version.id)
      .bind(5, static_cast<std::int64_t>(version.interaction))
      .bind(6, stamp_of(version.last_updated))
      .bind(7, stamp_of(version.created_at))
      .bind_blob(8, version.body)
      .run();
}

// The row changes only when the version before is the one the caller says; a body that decided on other content gets an
// error, not a lost update.
core::Result<void> SqliteTransaction::write_resource(const NewVersion& version, std::int64_t type) {
  const bool first = version.previous_version_id == 0;
  std::string before;
  if (!first) {
    EG_TRY(before, identifiers_of(version, type));
  }
  const std::string after = pack_identifiers(version.identifiers);
  {
    auto write = connection_.use(first ? Query::kInsertResource : Query::kUpdateResource);
    write.bind(1, type)
        .bind_text(2, version.id)
        .bind(3, version.version_id)
        .bind(4, version.interaction == Interaction::kDelete ? 1 : 0)
        .bind_blob(5, after);
    if (!first) write.bind(6, version.previous_version_id);
    EG_CHECK(write.run());
  }
  if (connection_.changes() != 1) {
    return core::make_error(
        core::ErrorCode::kConflict,
        first ? fmt::format("{}/{} exists already", version.type, version.id)
              : fmt::format("{}/{} is not at version {}", version.type, version.id, version.previous_version_id));
  }
  return change_identifiers(connection_, type, version.id, before, after);
}

core::Result<std::string> SqliteTransaction::identifiers_of(const NewVersion& version, std::int64_t type) {
  auto query = connection_.use(Query::kLoadIdentifiers);
  query.bind(1, type).bind_text(2, version.id);
  EG_TRY(const bool row, query.step());
  return row ? std::string(query.blob(0)) : std::string();
}

core::Result<void> SqliteTransaction::write_events() {
  std::sort(events_.begin(), events_.end(), [](const PendingEvent& left, const PendingEvent& right) {
    return std::tie(left.version, left.slot) < std::tie(right.version, right.slot);
  });
  for (const PendingEvent& event : events_) {
    EG_CHECK(write_event(event));
    slots_.push_back(event.slot);
  }
  std::sort(slots_.begin(), slots_.end());
  slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
  return {};
}

core::Result<void> SqliteTransaction::write_event(const PendingEvent& event) {
  SlotState state = *state_.slots.find(event.slot);
  ++state.last_event_number;
  ++state.rows;
  auto insert = connection_.use(Query::kInsertEvent);
  insert.bind(1, event.slot.value()).bind(2, state.last_event_number).bind(3, event.version);
  const std::string& correlation = correlations_[event.correlation];
  if (!correlation.empty()) insert.bind_text(4, correlation);
  EG_CHECK(insert.run());
  if (event.undecided != kDecided) {
    ++state.held;
    ++state.undecided;
    EG_CHECK(write_undecided(event, state.last_event_number));
  }
  state_.slots.put(event.slot, state);
  return {};
}

core::Result<void> SqliteTransaction::try_space() {
  EG_CHECK(keep(connection_.run(Query::kTakeRoom)));
  return keep(connection_.run(Query::kGiveRoomBack));
}

core::Result<void> SqliteTransaction::write_binding(Query query, const TargetBinding& binding) {
  return connection_.use(query)
      .bind_text(1, binding.secret)
      .bind_text(2, binding.target)
      .bind_text(3, binding.brokers)
      .bind_text(4, binding.resource)
      .bind(5, binding.proven ? 1 : 0)
      .bind(6, stamp_of(binding.since))
      .run();
}

core::Result<void> SqliteTransaction::write_undecided(const PendingEvent& event, EventNumber number) {
  const Undecided& undecided = undecided_[event.undecided];
  state_.holds_rows = true;
  return connection_.use(Query::kPutUndecided)
      .bind(1, event.slot.value())
      .bind(2, number)
      .bind_text(3, undecided.type)
      .bind_text(4, undecided.id)
      .bind_text(5, undecided.reason)
      .bind(6, stamp_of(now_))
      .bind(7, undecided.topic_version)
      .run();
}

core::Result<void> SqliteTransaction::drop_slot(DestinationSlot slot) {
  for (const Query query :
       {Query::kDeleteSlotEvents, Query::kDeleteSlotHeld, Query::kDeleteSlotEpochs, Query::kDeleteSlot}) {
    EG_CHECK(connection_.use(query).bind(1, slot.value()).run());
  }
  return {};
}

}  // namespace embergate::store::sqlite
