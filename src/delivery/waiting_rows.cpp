// SPDX-License-Identifier: Apache-2.0
#include "delivery/waiting_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "delivery/held_resources.hpp"
#include "delivery/parameters_json.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::delivery {
namespace {

namespace log = observability::log;

std::string resource_of(const store::HeldRow& row) { return row.type + "/" + row.id; }

bool is_known(core::SystemTime time) { return time.time_since_epoch().count() != 0; }

ParametersJson parts_of(const store::HeldRow& row) {
  ParametersJson parts;
  parts.decimal("eventNumber", static_cast<std::uint64_t>(row.event_number));
  parts.text("resource", resource_of(row));
  parts.text("versionId", std::to_string(row.version_id));
  parts.code("state", store::to_string(row.state));
  if (row.released) parts.boolean("released", true);
  if (const core::Fault fault = fault_of(row); fault != core::Fault::kNone) parts.code("code", core::code_of(fault));
  parts.text("reason", row.reason);
  if (row.bytes > 0) parts.decimal("bytes", row.bytes);
  parts.integer("attempts", row.attempts);
  if (is_known(row.since)) parts.time("since", row.since);
  if (row.state == store::HeldRow::State::kWaiting) parts.time("nextTry", row.next_try);
  return parts;
}

void log_discarded(std::string_view destination_id, const store::HeldRow& row, std::string_view decided_by) {
  const std::string resource = resource_of(row);
  const core::Fault fault = fault_of(row);
  const log::Field destination{"destination", destination_id};
  const log::Field by{"by", decided_by};
  const log::Field number{"eventNumber", std::int64_t{row.event_number}};
  const log::Field what{"resource", std::string_view(resource)};
  const log::Field version{"versionId", std::int64_t{row.version_id}};
  const log::Field state{"state", store::to_string(row.state)};
  constexpr auto kEvent = "topic-destination/discarded";
  if (fault == core::Fault::kNone)
    return log::event(log::Level::kWarn, kEvent, row.reason, {destination, by, number, what, version, state});
  log::event(log::Level::kWarn, kEvent, row.reason,
             {destination, by, number, what, version, state, {"code", core::code_of(fault)}});
}

}  // namespace

core::Result<std::string> read_waiting_json(store::Outbox& outbox, store::DestinationSlot slot,
                                            const store::HeldQuery& query) {
  EG_TRY(const store::SlotCounters counters, outbox.counters(slot));
  store::HeldQuery one_more = query;
  ++one_more.limit;
  EG_TRY(std::vector<store::HeldRow> rows, outbox.held_rows(slot, one_more));
  const bool more = rows.size() > query.limit;
  if (more) rows.resize(query.limit);
  ParametersJson out;
  out.decimal("waiting", counters.waiting);
  out.decimal("superseded", counters.superseded);
  out.decimal("undecided", counters.undecided);
  for (const store::HeldRow& row : rows) out.parts("row", parts_of(row));
  if (more && !rows.empty()) out.text("next", std::to_string(rows.back().event_number));
  return out.resource();
}

std::string decision_json(const store::HeldSelection& selection, const std::vector<store::HeldRow>& changed) {
  ParametersJson out;
  out.decimal("count", changed.size());
  if (selection.all_of) {
    out.boolean("more", changed.size() >= selection.limit);
    return out.resource();
  }
  std::uint64_t passed_over = 0;
  for (const store::EventNumber number : selection.numbers) {
    const bool done = std::any_of(changed.begin(), changed.end(),
                                  [number](const store::HeldRow& row) { return row.event_number == number; });
    if (!done) ++passed_over;
  }
  out.decimal("passedOver", passed_over);
  return out.resource();
}

void log_decision(std::string_view destination_id, Deliveries::Decision decision,
                  const std::vector<store::HeldRow>& rows, std::string_view decided_by) {
  if (decision == Deliveries::Decision::kRelease) {
    log::event(log::Level::kInfo, "topic-destination/released", fmt::format("{} held events", rows.size()),
               {{"destination", destination_id}, {"by", decided_by}});
    return;
  }
  for (const store::HeldRow& row : rows) log_discarded(destination_id, row, decided_by);
}

}  // namespace embergate::delivery
