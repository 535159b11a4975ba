// SPDX-License-Identifier: Apache-2.0
// A store, its reader and its outbox that hand everything on to another one, for tests that change a part of it.
#pragma once

#include "embergate/store/outbox.hpp"
#include "embergate/store/store.hpp"

namespace embergate::test {

class ForwardingOutbox : public store::Outbox {
 public:
  explicit ForwardingOutbox(store::Outbox& inner) : inner_(inner) {}
  core::Result<std::size_t> read(store::DestinationSlot slot, store::EventNumber after, std::size_t max_rows,
                                 std::size_t max_bytes, const Visit& visit) override {
    return inner_.read(slot, after, max_rows, max_bytes, visit);
  }
  core::Result<std::size_t> read_rows(store::DestinationSlot slot, const std::vector<store::EventNumber>& numbers,
                                      const Visit& visit) override {
    return inner_.read_rows(slot, numbers, visit);
  }
  core::Result<std::size_t> read_resource(store::DestinationSlot slot, store::EventNumber from, std::string_view type,
                                          std::string_view id, std::size_t max_rows, const Visit& visit) override {
    return inner_.read_resource(slot, from, type, id, max_rows, visit);
  }
  core::Result<std::vector<store::HeldRow>> held_rows(store::DestinationSlot slot,
                                                      const store::HeldQuery& query) override {
    return inner_.held_rows(slot, query);
  }
  core::Result<std::vector<store::HeldRow>> due_rows(store::DestinationSlot slot,
                                                     const store::DueQuery& query) override {
    return inner_.due_rows(slot, query);
  }
  core::Result<std::vector<store::UndecidedRow>> undecided_rows(store::DestinationSlot after,
                                                                std::size_t limit) override {
    return inner_.undecided_rows(after, limit);
  }
  core::Result<std::vector<store::UndecidedRow>> undecided_rows_of(store::DestinationSlot slot,
                                                                   store::EventNumber after,
                                                                   std::size_t limit) override {
    return inner_.undecided_rows_of(slot, after, limit);
  }
  void settle(store::Settlement settlement, Done done) override {
    inner_.settle(std::move(settlement), std::move(done));
  }
  core::Result<store::SlotCounters> counters(store::DestinationSlot slot) override { return inner_.counters(slot); }
  [[nodiscard]] std::vector<store::EventEpoch> epochs(store::DestinationSlot slot) const override {
    return inner_.epochs(slot);
  }

 private:
  store::Outbox& inner_;
};

class ForwardingReader : public store::Reader {
 public:
  explicit ForwardingReader(store::Reader& inner) : inner_(inner) {}
  core::Result<std::optional<store::StoredVersion>> load_current(std::string_view type, std::string_view id) override {
    return inner_.load_current(type, id);
  }
  core::Result<std::optional<store::StoredVersion>> load_version(std::string_view type, std::string_view id,
                                                                 store::VersionId version) override {
    return inner_.load_version(type, id, version);
  }
  core::Result<bool> exists(std::string_view type, std::string_view id) override { return inner_.exists(type, id); }
  core::Result<std::vector<store::StoredVersion>> history(std::string_view type, std::string_view id,
                                                          store::VersionId before, std::size_t limit) override {
    return inner_.history(type, id, before, limit);
  }
  core::Result<std::size_t> version_count(std::string_view type, std::string_view id, std::size_t limit) override {
    return inner_.version_count(type, id, limit);
  }
  core::Result<std::vector<std::string>> find_by_identifier(std::string_view type,
                                                            std::optional<std::string_view> system,
                                                            std::string_view value, std::size_t limit) override {
    return inner_.find_by_identifier(type, system, value, limit);
  }
  core::Result<std::vector<store::StoredVersion>> list_current(std::string_view type, std::size_t limit) override {
    return inner_.list_current(type, limit);
  }
  core::Result<std::optional<store::TargetBinding>> target_binding(std::string_view secret) override {
    return inner_.target_binding(secret);
  }
  core::Result<std::vector<store::TargetBinding>> target_bindings() override { return inner_.target_bindings(); }

 private:
  store::Reader& inner_;
};

class ForwardingStore : public store::Store {
 public:
  explicit ForwardingStore(store::Store& inner) : inner_(inner) {}
  void transact(Body body, Done done) override { inner_.transact(std::move(body), std::move(done)); }
  core::Result<void> read(const ReadBody& body) override { return inner_.read(body); }
  [[nodiscard]] std::int64_t committed_catalog_epoch() const override { return inner_.committed_catalog_epoch(); }
  [[nodiscard]] store::Outbox& outbox() override { return inner_.outbox(); }
  [[nodiscard]] core::Milliseconds last_commit_time() const override { return inner_.last_commit_time(); }
  core::Result<void> ping() override { return inner_.ping(); }
  [[nodiscard]] store::WritingState writing() const override { return inner_.writing(); }
  void probe_writing() override { inner_.probe_writing(); }
  void stop() override { inner_.stop(); }

 protected:
  store::Store& inner_;
};

}  // namespace embergate::test
