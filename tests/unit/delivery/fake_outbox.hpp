// SPDX-License-Identifier: Apache-2.0
// An outbox in memory that keeps the promises of store::Outbox, and can be told to fail. Safe to use from several
// threads.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "embergate/store/outbox.hpp"

namespace embergate::test {

class FakeOutbox final : public store::Outbox {
 public:
  struct Entry {
    store::VersionId version = 0;
    store::Interaction interaction = store::Interaction::kCreate;
    std::string type;
    std::string id;
    std::string body;
    std::string correlation_id;
    core::SystemTime commit_time{};
  };

  store::EventNumber append(Entry entry);
  store::EventNumber append(const std::string& type, const std::string& id);

  core::Result<std::size_t> read(store::DestinationSlot slot, store::EventNumber after, std::size_t max_rows,
                                 std::size_t max_bytes, const Visit& visit) override;
  core::Result<std::size_t> read_rows(store::DestinationSlot slot, const std::vector<store::EventNumber>& numbers,
                                      const Visit& visit) override;
  core::Result<std::size_t> read_resource(store::DestinationSlot slot, store::EventNumber from, std::string_view type,
                                          std::string_view id, std::size_t max_rows, const Visit& visit) override;
  core::Result<std::vector<store::HeldRow>> held_rows(store::DestinationSlot slot,
                                                      const store::HeldQuery& query) override;
  core::Result<std::vector<store::HeldRow>> due_rows(store::DestinationSlot slot,
                                                     const store::DueQuery& query) override;
  core::Result<std::vector<store::UndecidedRow>> undecided_rows(store::DestinationSlot after,
                                                                std::size_t limit) override;
  core::Result<std::vector<store::UndecidedRow>> undecided_rows_of(store::DestinationSlot slot,
                                                                   store::EventNumber after,
                                                                   std::size_t limit) override;
  void settle(store::Settlement settlement, Done done) override;
  core::Result<store::SlotCounters> counters(store::DestinationSlot slot) override;
  [[nodiscard]] std::vector<store::EventEpoch> epochs(store::DestinationSlot) const override {
    return {{1, store::kFirstEpoch}};
  }

  // Of a row that no one has read yet: its write could not decide about it.
  void make_undecided(store::EventNumber number);
  store::HeldRow judge(store::EventNumber number, bool wanted);
  // What store::Transaction does for an operator, or when an undecided row is decided; the row as the relay is given
  // it.
  store::HeldRow release(store::EventNumber number);
  store::HeldRow discard(store::EventNumber number);

  void fail_reads(bool fail);
  void fail_read_behind(store::EventNumber number);  // once: read() fails when it has visited this row
  void fail_settlements(bool fail);
  [[nodiscard]] std::map<store::EventNumber, Entry> rows() const;  // what is left
  [[nodiscard]] std::map<store::EventNumber, store::HeldRow> held() const;
  [[nodiscard]] std::size_t settlements() const;
  // Settlements are applied and answered only when the test says so.
  void settle_later(bool later);
  [[nodiscard]] std::size_t settlements_waiting() const;
  bool answer_settlement();  // the oldest; false: none waits
  // Called with each settlement before it is applied.
  std::function<void(const store::Settlement&)> on_settle;
  // Called before rows are read on, on the reading thread.
  std::function<void()> on_read;

 private:
  core::Result<void> apply(const store::Settlement& settlement);
  bool visit_row(store::EventNumber number, const Entry& entry, const Visit& visit);
  [[nodiscard]] bool superseded(store::EventNumber number) const;
  [[nodiscard]] bool discarded(const store::HeldRow& row) const;

  mutable std::mutex mutex_;
  std::map<store::EventNumber, Entry> rows_;
  std::map<store::EventNumber, store::HeldRow> held_;
  std::map<store::EventNumber, bool> verdicts_;  // whether they are wanted: undecided ones; false: a discarded one
  struct Waiting {
    store::Settlement settlement;
    Done done;
  };
  std::deque<Waiting> waiting_settlements_;
  bool settle_later_ = false;
  store::EventNumber last_ = 0;
  store::SlotCounters counters_;
  bool fail_reads_ = false;
  store::EventNumber fail_behind_ = 0;
  bool fail_settlements_ = false;
  std::size_t settlements_ = 0;
};

}  // namespace embergate::test
