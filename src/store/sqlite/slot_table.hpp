// SPDX-License-Identifier: Apache-2.0
// Per destination: the next event number and the counters, in memory, so that neither numbering a write nor asking for
// a status counts rows. The writer changes its own copy and can take changes back to a mark; what a commit made
// durable is then published for everybody.
// Thread: published() any; the rest writer only.
// Rule: contract 2.9.5 (numbers from 1, without gaps, also over failures and restarts).
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/types.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

struct SlotState {
  EventNumber last_event_number = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed_attempts = 0;
  std::int64_t rows = 0;        // in the outbox
  std::int64_t held = 0;        // of them in `held`
  std::int64_t superseded = 0;  // of those superseded
  std::int64_t undecided = 0;   // of those undecided
  std::int64_t judged = 0;      // of those with a verdict: undecided once, or waiting and discarded
  bool may_hold = false;        // published only: a commit under way holds rows

  [[nodiscard]] std::int64_t waiting() const { return held - superseded - undecided - judged; }
};

class SlotTable {
 public:
  core::Result<void> load(Connection& connection);

  [[nodiscard]] const SlotState* find(DestinationSlot slot) const;
  void put(DestinationSlot slot, const SlotState& state);
  void erase(DestinationSlot slot);

  [[nodiscard]] std::size_t mark() const { return undo_.size(); }
  void undo_to(std::size_t mark);
  // Before a commit: a reader that sees its rows must know that some of them are held.
  void announce_held();
  void publish();  // after a commit

  [[nodiscard]] std::optional<SlotState> published(DestinationSlot slot) const;

 private:
  struct Change {
    DestinationSlot slot;
    std::optional<SlotState> before;
  };
  void remember(DestinationSlot slot);

  std::unordered_map<DestinationSlot, SlotState> working_;
  std::vector<Change> undo_;
  mutable std::mutex mutex_;
  std::unordered_map<DestinationSlot, SlotState> published_;
};

}  // namespace embergate::store::sqlite
