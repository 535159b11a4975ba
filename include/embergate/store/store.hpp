// SPDX-License-Identifier: Apache-2.0
// Resources, history and outbox in one transaction (decision 8, decision 40). SQLite behind it today; nothing here
// knows that.
// Thread: transact() from any thread; its body runs on the store's writer thread and may run again after a
// serialization failure, so it must be pure but for the Transaction. read() blocks: call it on a pool.
// Ownership: the Store owns connections and threads; stop() or the destructor ends them after the queued work.
// Failure: kUnavailable/retriable when the database cannot be reached or written; kThrottled when more than
// `max_waiting` writers wait; errors of a body come back as they are, and its changes are gone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/types.hpp"

namespace embergate::store {

// Events of one version for destinations of one topic, of which it is not known whether they are wanted.
struct UndecidedEvents {
  std::span<const DestinationSlot> slots;
  VersionId topic_version = 0;
  std::string_view type;  // of the version's resource
  std::string_view id;
  std::string_view reason;
};
enum class Verdict : std::uint8_t {
  kWanted,    // its relay sends it in its place
  kUnwanted,  // its relay drops it, its number is not used again
  kUnknown    // stays undecided until an operator releases or discards it
};

// Held rows that an operator decides about: those with these numbers, or the first `limit` of one state.
struct HeldSelection {
  std::vector<EventNumber> numbers;
  std::optional<HeldRow::State> all_of;  // then `numbers` is empty
  std::size_t limit = 1'000;             // of all_of
};

// Read side; inside transact() it sees the transaction's own writes.
class Reader {
 public:
  virtual ~Reader() = default;
  // The newest version, also when it is a deletion.
  virtual core::Result<std::optional<StoredVersion>> load_current(std::string_view type, std::string_view id) = 0;
  virtual core::Result<std::optional<StoredVersion>> load_version(std::string_view type, std::string_view id,
                                                                  VersionId version) = 0;
  virtual core::Result<bool> exists(std::string_view type, std::string_view id) = 0;  // present and not deleted
  // Newest first, deletions included, at most `limit`, older than `before` when that is not 0.
  virtual core::Result<std::vector<StoredVersion>> history(std::string_view type, std::string_view id, VersionId before,
                                                           std::size_t limit) = 0;
  // How many versions there are, deletions included; counted up to `limit`, in the time of as many small reads.
  virtual core::Result<std::size_t> version_count(std::string_view type, std::string_view id, std::size_t limit) = 0;
  // Ids of present resources with this identifier; `system` absent: any; at most `limit`.
  virtual core::Result<std::vector<std::string>> find_by_identifier(std::string_view type,
                                                                    std::optional<std::string_view> system,
                                                                    std::string_view value, std::size_t limit) = 0;
  virtual core::Result<std::vector<StoredVersion>> list_current(std::string_view type,
                                                                std::size_t limit) = 0;  // present ones, by version
  virtual core::Result<std::optional<TargetBinding>> target_binding(std::string_view secret) = 0;
  virtual core::Result<std::vector<TargetBinding>> target_bindings() = 0;  // one for a name of the vault config at most
};

class Transaction : public Reader {
 public:
  virtual core::SystemTime now()
      const = 0;                            // one stamp for the whole transaction; never goes back between transactions
  virtual VersionId next_version_id() = 0;  // never handed out twice, also not after a rollback
  // The version id must come from next_version_id() of this transaction. kConflict when the resource is not at
  // `previous_version_id` (0: it has never existed; after a deletion the previous version is the deletion).
  virtual core::Result<void> put_version(const NewVersion& version) = 0;
  // A number that changes whenever a resource that configures the program was written (topics, destinations, clients,
  // policies). None is given twice, not even one whose transaction was rolled back.
  virtual std::int64_t catalog_epoch() = 0;
  virtual void advance_catalog_epoch() = 0;
  // One outbox row for each slot, numbered in commit order, within the transaction in the order of versions. The slots
  // must be open.
  virtual core::Result<void> append_events(VersionId version, std::span<const DestinationSlot> slots,
                                           std::string_view correlation_id) = 0;
  // The same, but the rows are held back as undecided.
  virtual core::Result<void> append_undecided(VersionId version, const UndecidedEvents& events,
                                              std::string_view correlation_id) = 0;
  // False: the row is not undecided any more, nothing was changed.
  virtual core::Result<bool> decide(DestinationSlot slot, EventNumber number, Verdict verdict,
                                    std::string_view reason) = 0;
  virtual core::Result<void> open_slot(DestinationSlot slot, std::string_view destination_id) = 0;
  virtual core::Result<void> close_slot(DestinationSlot slot) = 0;  // drops its queue and counters
  // Every row in the slot's queue, held ones of any state and those of this transaction too, without counting rows.
  virtual std::uint64_t queue_length(DestinationSlot slot) = 0;
  // Lets held rows be sent: a waiting one is tried at once, a superseded one waits from now on as a released one, an
  // undecided one in its place. Rows that do not exist or have a verdict already are passed over. What was changed, by
  // number, as it is now.
  virtual core::Result<std::vector<HeldRow>> release_held(DestinationSlot slot, const HeldSelection& selection) = 0;
  // Gives held rows up, which is final. A superseded or released one is deleted with its event. A waiting or undecided
  // one gets the verdict that it is not wanted: it is not counted or listed as held any more, goes on holding back its
  // resource, and is deleted by its relay in its place. Others are passed over as above. What was given up, by number,
  // as it was.
  virtual core::Result<std::vector<HeldRow>> discard_held(DestinationSlot slot, const HeldSelection& selection) = 0;
  // Inserts unless the secret has a binding, and gives the one that stands then: of several callers one wins.
  virtual core::Result<TargetBinding> bind_target(const TargetBinding& binding) = 0;
  virtual core::Result<void> replace_target(const TargetBinding& binding) = 0;
};

struct CommitReceipt {
  std::vector<DestinationSlot> slots;  // that got events: their relays are to be woken
  bool catalog_changed = false;
  bool undecided = false;  // some of the events are
};

// How writing goes. The reason is for people.
struct WritingState {
  bool holds = true;                       // the last group that had anything to write became durable
  std::string reason;                      // why it did not
  core::Fault fault = core::Fault::kNone;  // the same as an error code
  core::Milliseconds under_way{0};         // how long the group that is being written has taken until now
};

class Store {
 public:
  using Body = std::function<core::Result<void>(Transaction&)>;
  using Done = std::function<void(core::Result<CommitReceipt>)>;
  using ReadBody = std::function<core::Result<void>(Reader&)>;

  virtual ~Store() = default;
  // `done` is called once, on the writer thread, after the commit is durable (or refused). Waiting writers share one
  // commit. When the queue is full or the store is stopped it is called at once, on the caller's thread.
  virtual void transact(Body body, Done done) = 0;
  // One consistent view; blocks for at most the store's read deadline.
  virtual core::Result<void> read(const ReadBody& body) = 0;
  [[nodiscard]] virtual std::int64_t committed_catalog_epoch() const = 0;  // an atomic read
  [[nodiscard]] virtual Outbox& outbox() = 0;
  [[nodiscard]] virtual core::Milliseconds last_commit_time() const = 0;  // for health: db:responseTime
  virtual core::Result<void> ping() = 0;                   // a trivial read, on a connection that serves nothing else
  [[nodiscard]] virtual WritingState writing() const = 0;  // any thread, quick, at any state of the writer
  // Writes 64 KiB and takes them away again, so that a store that could not write is found well without a client's
  // write. Only queues; the outcome shows in writing(). At most one waits.
  virtual void probe_writing() = 0;
  virtual void stop() = 0;  // finish queued work, close; later calls fail with kUnavailable
};

}  // namespace embergate::store
