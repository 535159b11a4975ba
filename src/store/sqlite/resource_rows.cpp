// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/resource_rows.hpp"

#include <optional>
#include <vector>

#include "store/sqlite/version_reader.hpp"

namespace embergate::store::sqlite {
namespace {

struct Row {
  EventNumber event_number;
  VersionId version_id;
};

class Queue {
 public:
  Queue(Connection& connection, DestinationSlot slot) : connection_(connection), slot_(slot) {}

  // The first row at or after `number`.
  core::Result<std::optional<Row>> at_or_after(EventNumber number) {
    auto probe = connection_.use(Query::kProbeEvent);
    probe.bind(1, slot_.value()).bind(2, number);
    EG_TRY(const bool row, probe.step());
    return row ? std::optional(Row{probe.integer(0), probe.integer(1)}) : std::nullopt;
  }

  core::Result<EventNumber> last() {
    auto query = connection_.use(Query::kLastEvent);
    query.bind(1, slot_.value());
    EG_TRY(const bool row, query.step());
    return row ? query.integer(0) : 0;
  }

  // The first row from `low` on whose version is not below `version`.
  core::Result<std::optional<Row>> first_from_version(EventNumber low, EventNumber last, VersionId version) {
    EventNumber high = last;
    while (low < high) {
      const EventNumber middle = low + (high - low) / 2;
      EG_TRY(const auto row, at_or_after(middle));
      if (!row || row->version_id >= version) {
        high = middle;
      } else {
        low = row->event_number + 1;
      }
    }
    EG_TRY(auto row, at_or_after(low));
    if (row && row->version_id < version) row.reset();
    return row;
  }

 private:
  Connection& connection_;
  DestinationSlot slot_;
};

// Newest first, down to `oldest`.
core::Result<std::vector<VersionId>> versions_since(Connection& connection, const TypeTable& types,
                                                    std::string_view type, std::string_view id, VersionId oldest) {
  std::vector<VersionId> versions;
  const auto number = types.find(type);
  if (!number) return versions;
  VersionReader reader(connection, types);
  EG_TRY(VersionId version, reader.current_version(*number, id));
  while (version != 0 && version >= oldest) {
    versions.push_back(version);
    EG_TRY(version, reader.previous_version(*number, id, version));
  }
  return versions;
}

}  // namespace

core::Result<void> find_resource_rows(Connection& connection, const TypeTable& types, DestinationSlot slot,
                                      EventNumber from, std::string_view type, std::string_view id,
                                      const FoundEvent& found) {
  Queue queue(connection, slot);
  EG_TRY(const auto first, queue.at_or_after(from));
  if (!first) return {};
  EG_TRY(const EventNumber last, queue.last());
  EG_TRY(const auto versions, versions_since(connection, types, type, id, first->version_id));
  EventNumber low = first->event_number;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    EG_TRY(auto row, queue.first_from_version(low, last, *version));
    while (row && row->version_id == *version) {
      EG_TRY(const bool more, found(row->event_number));
      if (!more) return {};
      low = row->event_number + 1;
      EG_TRY(row, queue.at_or_after(low));
    }
    if (!row) return {};
    low = row->event_number;
  }
  return {};
}

}  // namespace embergate::store::sqlite
