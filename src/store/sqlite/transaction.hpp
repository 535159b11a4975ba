// SPDX-License-Identifier: Apache-2.0
// One body's view of the group's database transaction. Its changes lie between two savepoints that the writer sets.
// Thread: writer.
// Ownership: borrows connection and state for the length of one body.
// Failure: an error of the database sticks: a body that overlooks it fails all the same. Events are numbered when the
// body is over, in the order of their versions, so within a slot event numbers and version ids rise together; finding
// a resource's rows without an index depends on that.
#pragma once

#include <string>
#include <vector>

#include "embergate/store/store.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/version_reader.hpp"
#include "store/sqlite/writer_state.hpp"

namespace embergate::store::sqlite {

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(Connection& connection, WriterState& state, core::SystemTime now);

  core::Result<std::optional<StoredVersion>> load_current(std::string_view type, std::string_view id) override;
  core::Result<std::optional<StoredVersion>> load_version(std::string_view type, std::string_view id,
                                                          VersionId version) override;
  core::Result<bool> exists(std::string_view type, std::string_view id) override;
  core::Result<std::vector<StoredVersion>> history(std::string_view type, std::string_view id, VersionId before,
                                                   std::size_t limit) override;
  core::Result<std::size_t> version_count(std::string_view type, std::string_view id, std::size_t limit) override;
  core::Result<std::vector<std::string>> find_by_identifier(std::string_view type,
                                                            std::optional<std::string_view> system,
                                                            std::string_view value, std::size_t limit) override;
  core::Result<std::vector<StoredVersion>> list_current(std::string_view type, std::size_t limit) override;

  core::Result<std::optional<TargetBinding>> target_binding(std::string_view secret) override;
  core::Result<std::vector<TargetBinding>> target_bindings() override;

  core::SystemTime now() const override { return now_; }
  VersionId next_version_id() override { return state_.take_version(); }
  core::Result<void> put_version(const NewVersion& version) override;
  std::int64_t catalog_epoch() override { return state_.epoch; }
  void advance_catalog_epoch() override;
  core::Result<void> append_events(VersionId version, std::span<const DestinationSlot> slots,
                                   std::string_view correlation_id) override;
  core::Result<void> append_undecided(VersionId version, const UndecidedEvents& events,
                                      std::string_view correlation_id) override;
  core::Result<bool> decide(DestinationSlot slot, EventNumber number, Verdict verdict,
                            std::string_view reason) override;
  core::Result<void> open_slot(DestinationSlot slot, std::string_view destination_id) override;
  core::Result<void> close_slot(DestinationSlot slot) override;
  std::uint64_t queue_length(DestinationSlot slot) override;
  core::Result<std::vector<HeldRow>> release_held(DestinationSlot slot, const HeldSelection& selection) override;
  core::Result<std::vector<HeldRow>> discard_held(DestinationSlot slot, const HeldSelection& selection) override;
  core::Result<TargetBinding> bind_target(const TargetBinding& binding) override;
  core::Result<void> replace_target(const TargetBinding& binding) override;

  // Takes 64 KiB of room and gives them back: fails when a write of that size would.
  core::Result<void> try_space();
  // Writes what was put off to the end of the body.
  core::Result<CommitReceipt> finish();

 private:
  struct PendingEvent {
    VersionId version;
    DestinationSlot slot;
    std::size_t correlation;  // position in correlations_
    std::size_t undecided;    // position in undecided_, or kDecided
  };
  static constexpr std::size_t kDecided = static_cast<std::size_t>(-1);
  struct Undecided {
    VersionId topic_version;
    std::string type;
    std::string id;
    std::string reason;
  };

  [[nodiscard]] core::Result<void> is_own(VersionId version) const;
  core::Result<void> keep(core::Result<void> outcome);
  core::Result<void> write_history(const NewVersion& version, std::int64_t type);
  core::Result<void> write_resource(const NewVersion& version, std::int64_t type);
  core::Result<std::string> identifiers_of(const NewVersion& version, std::int64_t type);
  core::Result<void> write_events();
  core::Result<void> append(VersionId version, std::span<const DestinationSlot> slots, std::string_view correlation_id,
                            std::size_t undecided);
  core::Result<void> write_event(const PendingEvent& event);
  core::Result<void> write_undecided(const PendingEvent& event, EventNumber number);
  core::Result<void> drop_slot(DestinationSlot slot);
  core::Result<void> write_binding(Query query, const TargetBinding& binding);

  Connection& connection_;
  WriterState& state_;
  VersionReader reader_;
  const core::SystemTime now_;
  const VersionId first_version_;
  core::Result<void> first_failure_;
  std::vector<PendingEvent> events_;
  std::vector<std::string> correlations_;
  std::vector<DestinationSlot> slots_;  // of the receipt
  bool catalog_changed_ = false;
  std::vector<Undecided> undecided_;
};

}  // namespace embergate::store::sqlite
