// SPDX-License-Identifier: Apache-2.0
// The queues of the destinations. Reads go over connections of their own, so that a long drain keeps no client
// waiting; the body a visitor sees lies in SQLite's page, not in a copy. Settlements are jobs of the writer.
// Thread: any.
// Ownership: borrows pool, queue, types, slots and epochs. Superseded rows are not read: they are not sent (decision
// 19).
#pragma once

#include <optional>

#include "embergate/store/outbox.hpp"
#include "store/sqlite/event_epoch.hpp"
#include "store/sqlite/job_queue.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/slot_table.hpp"
#include "store/sqlite/type_table.hpp"

namespace embergate::store::sqlite {

class SqliteOutbox final : public Outbox {
 public:
  SqliteOutbox(ReaderPool& pool, JobQueue& queue, const TypeTable& types, const SlotTable& slots,
               const EventEpochs& epochs)
      : pool_(pool), queue_(queue), types_(types), slots_(slots), epochs_(epochs) {}

  core::Result<std::size_t> read(DestinationSlot slot, EventNumber after, std::size_t max_rows, std::size_t max_bytes,
                                 const Visit& visit) override;
  core::Result<std::size_t> read_rows(DestinationSlot slot, const std::vector<EventNumber>& numbers,
                                      const Visit& visit) override;
  core::Result<std::size_t> read_resource(DestinationSlot slot, EventNumber from, std::string_view type,
                                          std::string_view id, std::size_t max_rows, const Visit& visit) override;
  core::Result<std::vector<HeldRow>> held_rows(DestinationSlot slot, const HeldQuery& query) override;
  core::Result<std::vector<HeldRow>> due_rows(DestinationSlot slot, const DueQuery& query) override;
  core::Result<std::vector<UndecidedRow>> undecided_rows(DestinationSlot after, std::size_t limit) override;
  core::Result<std::vector<UndecidedRow>> undecided_rows_of(DestinationSlot slot, EventNumber after,
                                                            std::size_t limit) override;
  void settle(Settlement settlement, Done done) override;
  core::Result<SlotCounters> counters(DestinationSlot slot) override;
  [[nodiscard]] std::vector<EventEpoch> epochs(DestinationSlot slot) const override { return epochs_.of(slot); }

 private:
  enum class Visited { kAbsent, kTaken, kRefused };

  [[nodiscard]] OutboxEvent event_from(const Statement& row) const;
  struct Part {
    DestinationSlot slot;
    EventNumber after = 0;
    std::size_t max_rows = 0;
    std::size_t max_bytes = 0;
  };
  enum class Marks { kNone, kHeld };
  core::Result<std::optional<std::size_t>> read_part(Connection& connection, const Part& part, Marks marks,
                                                     const Visit& visit);
  [[nodiscard]] bool has_held(DestinationSlot slot) const;
  core::Result<Visited> visit_row(Connection& connection, DestinationSlot slot, EventNumber number, const Visit& visit);
  core::Result<std::optional<core::SystemTime>> oldest_queued(DestinationSlot slot);

  ReaderPool& pool_;
  JobQueue& queue_;
  const TypeTable& types_;
  const SlotTable& slots_;
  const EventEpochs& epochs_;
};

}  // namespace embergate::store::sqlite
