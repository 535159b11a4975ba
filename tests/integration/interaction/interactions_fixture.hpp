// SPDX-License-Identifier: Apache-2.0
// The interactions over a real SQLite file, called as plain functions.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>

#include "embergate/core/clock.hpp"
#include "embergate/core/fair_pool.hpp"
#include "embergate/interaction/interactions.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/temp_dir.hpp"

namespace embergate::interaction {

class InteractionsTest : public ::testing::Test {
 protected:
  InteractionsTest() {
    store::SqliteOptions sqlite;
    sqlite.path = directory_.file("gateway.db");
    auto opened = store::open_sqlite_store(sqlite, core::system_clock(), metrics_);
    EXPECT_TRUE(opened) << opened.error().diagnostics;
    store_ = *std::move(opened);
    Options options;
    options.on_committed = [this](const store::CommitReceipt& receipt) {
      std::lock_guard lock(mutex_);
      receipts_.push_back(receipt);
    };
    options.on_catalog_changed = [this] { ++catalog_changes_; };
    interactions_ = std::make_unique<Interactions>(options, *store_, vault_, pool_, dry_runs_, metrics_);
  }
  ~InteractionsTest() override {
    pool_.join();
    dry_runs_.join();
    store_->stop();
  }

  template <class Awaitable>
  auto run(Awaitable awaitable) {
    io_.restart();
    auto future = boost::asio::co_spawn(io_, std::move(awaitable), boost::asio::use_future);
    io_.run();
    return future.get();
  }

  Answer<InteractionResult> create(const std::string& type, const std::string& body, Preconditions preconditions = {}) {
    return run(interactions_->create(RequestContext(), type, body, std::move(preconditions)));
  }
  Answer<InteractionResult> update(const std::string& type, const std::string& id, const std::string& body,
                                   Preconditions preconditions = {}) {
    return run(interactions_->update(RequestContext(), type, id, body, std::move(preconditions)));
  }
  Answer<InteractionResult> read(const std::string& type, const std::string& id) {
    return run(interactions_->read(type, id, Preconditions()));
  }
  Answer<InteractionResult> remove(const std::string& type, const std::string& id) {
    return run(interactions_->remove(RequestContext(), type, id, Preconditions()));
  }
  Answer<InteractionResult> bundle(const std::string& body) {
    return run(interactions_->bundle(RequestContext(), body));
  }

  // A topic on Patients and a destination bound to it; gives the destination's slot.
  store::DestinationSlot add_patient_destination(const std::string& criteria = "") {
    const std::string filter = criteria.empty() ? "" : ",\"fhirPathCriteria\":\"" + criteria + "\"";
    auto topic = create(
        "AidboxSubscriptionTopic",
        R"({"resourceType":"AidboxSubscriptionTopic","id":"patients","url":"urn:topic:patients","status":"active",
      "trigger":[{"resource":"Patient")" +
            filter + "}]}");
    EXPECT_TRUE(topic) << topic.error().error.diagnostics;
    auto destination = create("AidboxTopicDestination", R"({"resourceType":"AidboxTopicDestination","id":"events",
      "meta":{"profile":["http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-kafkaAtLeastOnceProfile"]},
      "topic":"urn:topic:patients","kind":"kafka-at-least-once","parameter":[{"name":"kafkaTopic","valueString":"patients"},
      {"name":"bootstrapServers","valueString":"localhost:9092"}]})");
    EXPECT_TRUE(destination) << destination.error().error.diagnostics;
    return store::DestinationSlot(destination->version_id);
  }

  struct Event {
    store::EventNumber number;
    std::string reference;
    store::VersionId version;
    store::Interaction interaction;
    std::string correlation_id;
  };
  std::vector<Event> events_of(store::DestinationSlot slot) {
    std::vector<Event> events;
    auto read = store_->outbox().read(slot, 0, 100'000, 1'000'000'000, [&](const store::OutboxEvent& event) {
      events.push_back({event.event_number, std::string(event.type) + "/" + std::string(event.id), event.version_id,
                        event.interaction, std::string(event.correlation_id)});
      return true;
    });
    EXPECT_TRUE(read) << read.error().diagnostics;
    return events;
  }

  test::TempDir directory_;
  observability::Metrics metrics_;
  vault::ConfigInForce vault_{std::make_shared<const vault::VaultConfig>()};
  boost::asio::io_context io_;
  core::FairPool pool_{2};
  core::FairPool dry_runs_{1};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Interactions> interactions_;
  std::mutex mutex_;
  std::vector<store::CommitReceipt> receipts_;
  std::atomic<int> catalog_changes_{0};
};

inline core::ErrorCode code_of(const Answer<InteractionResult>& answer) { return answer.error().error.code; }

}  // namespace embergate::interaction
