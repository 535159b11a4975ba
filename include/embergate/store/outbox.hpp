// SPDX-License-Identifier: Apache-2.0
// A destination's queue: rows in commit order, each pointing at a version; the body is read from history, never stored
// twice (decision 40).
// Thread: read calls block and run on the relays' pool; settle() from any thread, its work rides in the writer's next
// group, alone at most every 20 ms.
// Ownership: OutboxEvent's views are valid only inside the visit call.
// Failure: kUnavailable/retriable; nothing is lost, rows stay.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/types.hpp"

namespace embergate::store {

struct OutboxEvent {
  EventNumber event_number = 0;
  VersionId version_id = 0;
  Interaction interaction = Interaction::kCreate;
  std::string_view type;
  std::string_view id;
  core::SystemTime commit_time{};
  std::string_view body;
  std::string_view correlation_id;  // empty: none
  bool waiting = false;             // the row itself waits
  bool behind_waiting = false;      // it or an earlier row of its resource waits; a released one does not count
  bool undecided = false;           // could not be decided within the write; stays so until it is settled
  bool wanted = false;              // of an undecided one: the verdict, if there is one
  bool unwanted = false;            // the same, or a waiting one was discarded: not to be sent, the relay settles it
  bool behind_undecided = false;    // it or an earlier row of its resource is undecided, whatever the verdict
};

// A row that is not sent with the others (decision 19).
struct HeldRow {
  enum class State : std::uint8_t {
    kWaiting = 1,     // was refused and is tried again
    kSuperseded = 2,  // was refused, and a later version was delivered; not sent until an operator releases it
    kUndecided = 3    // whether its destination wants it is not known yet; not sent before that
  };
  EventNumber event_number = 0;
  VersionId version_id = 0;  // given by the store
  State state = State::kWaiting;
  bool released = false;   // was superseded: it is sent although later versions went, and holds back no other row
  bool discarded = false;  // is waiting, and its relay deletes it in its place; given by the store
  std::string type;
  std::string id;
  std::string code;  // of the reason, a word of the one who wrote it; empty: not known
  std::string reason;
  std::uint64_t bytes = 0;  // of its record; 0: not known
  std::uint32_t attempts = 0;
  core::SystemTime since{};  // of the first refusal, the store keeps that; of an undecided one, of its write
  core::SystemTime next_try{};
};
std::string_view to_string(HeldRow::State state);  // "waiting" "superseded" "undecided"

struct HeldQuery {
  std::optional<HeldRow::State> state;  // absent: all
  EventNumber after = 0;
  std::size_t limit = 100;
  bool discarded_too = false;  // waiting ones that were discarded as well: for the relay that deletes them
};

// Waiting rows, discarded ones too, whose next try is due, the longest due first. Of a resource's rows only the first,
// so that its order can be kept; a released row always.
struct DueQuery {
  core::SystemTime now{};
  std::size_t limit = 100;
};

// A row whose topic could not decide within the write, for a decision outside it (contract 2.2).
struct UndecidedRow {
  DestinationSlot slot;
  EventNumber event_number = 0;
  VersionId version_id = 0;
  std::string type;
  std::string id;
  VersionId topic_version = 0;  // the topic as it was at the write
  std::string topic_id;         // empty: that version is not kept any more
};

struct Settlement {
  DestinationSlot slot;
  struct Range {
    EventNumber first = 0;
    EventNumber last = 0;
  };
  std::vector<Range> delivered;  // rows to delete, ranges inclusive; a held row inside a range goes too, with its entry
  // Inserted, or state, code, reason, attempts, next try and bytes of the entry that is there are replaced; `since`
  // only of one that was undecided until now. Its verdict stays, and that it was released. A discarded
  // one that is superseded is deleted.
  std::vector<HeldRow> held;
  std::uint64_t delivered_count = 0;  // added to the counters
  std::uint64_t failed_attempts = 0;
};

struct SlotCounters {
  std::uint64_t delivered = 0;
  std::uint64_t failed_attempts = 0;
  std::uint64_t queued = 0;      // rows not settled, held ones included, superseded ones not
  std::uint64_t waiting = 0;     // of the queued ones
  std::uint64_t undecided = 0;   // of the queued ones; those with a verdict are on their way and not counted
  std::uint64_t superseded = 0;  // in the queue until they are released or discarded, beside `queued`
  std::optional<core::SystemTime> oldest_queued;
  EventNumber last_event_number = 0;
};

// From event `first` on, events were numbered in this epoch (docs/decisions/0054).
struct EventEpoch {
  EventNumber first = 1;
  std::int64_t epoch = 0;
};
inline constexpr std::int64_t kFirstEpoch = 1;  // of a database that was never put back from a copy

class Outbox {
 public:
  // Returns false to stop before taking this row.
  using Visit = std::function<bool(const OutboxEvent&)>;
  using Done = std::function<void(core::Result<void>)>;

  virtual ~Outbox() = default;
  // Rows with event_number > after, in order, at most max_rows and about max_bytes of bodies. Returns the number
  // visited. Waiting rows are among them, the caller knows those from held_rows(); superseded rows are not, neither
  // here nor in the two reads below. What was visited before a failure may be used; the next read begins behind it.
  virtual core::Result<std::size_t> read(DestinationSlot slot, EventNumber after, std::size_t max_rows,
                                         std::size_t max_bytes, const Visit& visit) = 0;
  // The rows with these numbers that still exist, in the order given.
  virtual core::Result<std::size_t> read_rows(DestinationSlot slot, const std::vector<EventNumber>& numbers,
                                              const Visit& visit) = 0;
  // The rows of one resource with event_number >= from, in order, at most max_rows: for a resource that was held back.
  virtual core::Result<std::size_t> read_resource(DestinationSlot slot, EventNumber from, std::string_view type,
                                                  std::string_view id, std::size_t max_rows, const Visit& visit) = 0;
  // Held rows by their number, at most `limit` of them. Undecided ones that have their verdict are on their way, and
  // not among them.
  virtual core::Result<std::vector<HeldRow>> held_rows(DestinationSlot slot, const HeldQuery& query) = 0;
  virtual core::Result<std::vector<HeldRow>> due_rows(DestinationSlot slot, const DueQuery& query) = 0;
  // The first undecided rows, that no one has looked at yet, of the first slot above `after` that has any; at most
  // `limit`. Empty: none above.
  virtual core::Result<std::vector<UndecidedRow>> undecided_rows(DestinationSlot after, std::size_t limit) = 0;
  // The same of one slot, with event_number > after.
  virtual core::Result<std::vector<UndecidedRow>> undecided_rows_of(DestinationSlot slot, EventNumber after,
                                                                    std::size_t limit) = 0;
  virtual void settle(Settlement settlement, Done done) = 0;
  // Quick at any length of the queue. kNotFound: no such slot.
  virtual core::Result<SlotCounters> counters(DestinationSlot slot) = 0;
  // In which epochs the slot's events were and are numbered, by rising `first`, never empty. It does not change while
  // the program runs.
  [[nodiscard]] virtual std::vector<EventEpoch> epochs(DestinationSlot slot) const = 0;
};

}  // namespace embergate::store
