// SPDX-License-Identifier: Apache-2.0
// A store on a file in a directory of the test's own, and short ways to write to it and wait for the answer.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "embergate/observability/metrics.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/eventually.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace embergate::store {

inline constexpr std::chrono::seconds kDeadline{30};

inline core::Result<CommitReceipt> commit(Store& store, Store::Body body) {
  auto promise = std::make_shared<std::promise<core::Result<CommitReceipt>>>();
  auto future = promise->get_future();
  store.transact(std::move(body),
                 [promise](core::Result<CommitReceipt> outcome) { promise->set_value(std::move(outcome)); });
  if (future.wait_for(kDeadline) != std::future_status::ready) {
    return core::make_error(core::ErrorCode::kTimeout, "the test's own deadline passed");
  }
  return future.get();
}

inline core::Result<void> settle(Store& store, Settlement settlement) {
  auto promise = std::make_shared<std::promise<core::Result<void>>>();
  auto future = promise->get_future();
  store.outbox().settle(std::move(settlement),
                        [promise](core::Result<void> outcome) { promise->set_value(std::move(outcome)); });
  if (future.wait_for(kDeadline) != std::future_status::ready) {
    return core::make_error(core::ErrorCode::kTimeout, "the test's own deadline passed");
  }
  return future.get();
}

// Writes the next version of a resource inside a transaction, as create, update or delete after what is there.
inline core::Result<VersionId> put(Transaction& transaction, std::string_view type, std::string_view id,
                                   std::string_view body, Interaction interaction = Interaction::kUpdate,
                                   const std::vector<Identifier>& identifiers = {}) {
  EG_TRY(const auto current, transaction.load_current(type, id));
  NewVersion version;
  version.type = type;
  version.id = id;
  version.version_id = transaction.next_version_id();
  version.previous_version_id = current ? current->version_id : 0;
  version.interaction = current ? interaction : Interaction::kCreate;
  version.last_updated = transaction.now();
  version.created_at = current ? current->created_at : transaction.now();
  version.body = body;
  version.identifiers = identifiers;
  EG_CHECK(transaction.put_version(version));
  return version.version_id;
}

inline HeldRow held(EventNumber number, HeldRow::State state, std::string id) {
  HeldRow row;
  row.event_number = number;
  row.state = state;
  row.type = "Patient";
  row.id = std::move(id);
  row.reason = "too large";
  row.attempts = 3;
  row.next_try = core::SystemTime(std::chrono::seconds(1'800'000'000));
  return row;
}

class StoreTest : public ::testing::Test {
 protected:
  void TearDown() override { store_.reset(); }

  SqliteOptions options() const {
    SqliteOptions options;
    options.path = directory_.file("box.db");
    return options;
  }
  core::Result<void> open() { return open(options()); }
  core::Result<void> open(const SqliteOptions& options) {
    store_.reset();
    EG_TRY(store_, open_sqlite_store(options, clock_, metrics_));
    return {};
  }
  // Ends the test when the store does not open.
  void must_open() { must_open(options()); }
  void must_open(const SqliteOptions& options) {
    const auto opened = open(options);
    ASSERT_TRUE(opened) << opened.error().diagnostics;
  }

  // 0 when it failed.
  VersionId write(std::string_view type, std::string_view id, std::string_view body,
                  const std::vector<Identifier>& identifiers = {}, Interaction interaction = Interaction::kUpdate) {
    VersionId written = 0;
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_TRY(written, put(transaction, type, id, body, interaction, identifiers));
      return {};
    });
    EXPECT_TRUE(outcome) << outcome.error().diagnostics;
    return outcome ? written : 0;
  }

  DestinationSlot open_slot(std::string_view destination_id) {
    DestinationSlot slot;
    const auto outcome = commit(*store_, [&](Transaction& transaction) -> core::Result<void> {
      EG_TRY(const VersionId version, put(transaction, "AidboxTopicDestination", destination_id, "{}"));
      slot = DestinationSlot(version);
      return transaction.open_slot(slot, destination_id);
    });
    EXPECT_TRUE(outcome) << outcome.error().diagnostics;
    return slot;
  }

  core::Result<CommitReceipt> write_event(DestinationSlot slot, std::string_view id, std::string_view body,
                                          std::string_view correlation_id = {}) {
    return commit(*store_, [=](Transaction& transaction) -> core::Result<void> {
      EG_TRY(const VersionId version, put(transaction, "Patient", id, body));
      return transaction.append_events(version, std::span(&slot, 1), correlation_id);
    });
  }

  struct Event {
    EventNumber number;
    VersionId version;
    Interaction interaction;
    std::string type;
    std::string id;
    std::string body;
    std::string correlation_id;
  };
  static Outbox::Visit collect(std::vector<Event>& events) {
    return [&events](const OutboxEvent& event) {
      events.push_back({event.event_number, event.version_id, event.interaction, std::string(event.type),
                        std::string(event.id), std::string(event.body), std::string(event.correlation_id)});
      return true;
    };
  }
  std::vector<Event> queue(DestinationSlot slot, EventNumber after = 0) {
    std::vector<Event> events;
    const auto read = store_->outbox().read(slot, after, 1'000'000, 1'000'000'000, collect(events));
    EXPECT_TRUE(read) << read.error().diagnostics;
    if (read) {
      EXPECT_EQ(*read, events.size());
    }
    return events;
  }
  std::vector<EventNumber> numbers(DestinationSlot slot) {
    std::vector<EventNumber> result;
    for (const auto& event : queue(slot)) result.push_back(event.number);
    return result;
  }
  SlotCounters counters(DestinationSlot slot) {
    auto counters = store_->outbox().counters(slot);
    EXPECT_TRUE(counters) << counters.error().diagnostics;
    return counters ? *counters : SlotCounters{};
  }
  std::vector<std::string> find(std::string_view type, std::optional<std::string_view> system, std::string_view value) {
    std::vector<std::string> ids;
    const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
      EG_TRY(ids, reader.find_by_identifier(type, system, value, 10));
      return {};
    });
    EXPECT_TRUE(read) << read.error().diagnostics;
    return ids;
  }
  std::optional<StoredVersion> current(std::string_view type, std::string_view id) {
    std::optional<StoredVersion> version;
    const auto read = store_->read([&](Reader& reader) -> core::Result<void> {
      EG_TRY(version, reader.load_current(type, id));
      return {};
    });
    EXPECT_TRUE(read) << read.error().diagnostics;
    return version;
  }

  test::TempDir directory_;
  test::FakeClock clock_;
  observability::Metrics metrics_;
  std::unique_ptr<Store> store_;
};

// With the queue of one destination.
class QueueTest : public StoreTest {
 protected:
  void SetUp() override {
    must_open();
    slot_ = open_slot("d1");
  }
  void write_events(int count, const std::string& prefix = "p") {
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(write_event(slot_, prefix + std::to_string(i), std::to_string(i)));
  }

  DestinationSlot slot_;
};

}  // namespace embergate::store
