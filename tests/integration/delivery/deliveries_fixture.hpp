// SPDX-License-Identifier: Apache-2.0
// Deliveries between a real SQLite file and the real broker, with writes that bypass HTTP.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "embergate/delivery/deliveries.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/sqlite_store.hpp"
#include "support/kafka_admin.hpp"
#include "support/kafka_consumer.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {

class DeliveriesTest : public ::testing::Test {
 protected:
  DeliveriesTest();
  ~DeliveriesTest() override;

  void start();      // store, producers, deliveries
  void shut_down();  // in the order of the program

  struct Setting {
    std::string name;
    nlohmann::json value;  // its type decides value[x]
  };
  // Makes the destination's queue and puts it into the catalog; its slot.
  std::int64_t add_destination(const std::string& id, const std::string& kafka_topic,
                               const std::vector<Setting>& more = {});
  void remove_destination(std::int64_t slot);
  // `count` versions of Type/id, one event each for the slot, in one transaction.
  void write(std::int64_t slot, const std::string& id, int count = 1, const std::string& content = "x");

  nlohmann::json status(const std::string& destination_id);
  // What $waiting, $release and $discard answer.
  nlohmann::json waiting(const std::string& destination_id, const store::HeldQuery& query = {});
  nlohmann::json decide(const std::string& destination_id, delivery::Deliveries::Decision decision,
                        const store::HeldSelection& selection);
  static nlohmann::json value_of(const nlohmann::json& status, std::string_view name);
  [[nodiscard]] store::SlotCounters counters(std::int64_t slot);
  bool drained(std::int64_t slot);

  TempDir directory_;
  observability::Metrics metrics_;
  observability::HealthRegistry health_;
  KafkaAdmin admin_;
  delivery::DeliveryOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::SecretCache> secrets_;
  std::unique_ptr<kafka::ProducerPool> producers_;
  std::unique_ptr<delivery::Deliveries> deliveries_;

 private:
  store::CommitReceipt transact(const store::Store::Body& body);
  void sync();

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
  std::vector<std::thread> threads_;
  std::vector<std::shared_ptr<const topic::TopicDestination>> destinations_;
  std::int64_t epoch_ = 0;
};

}  // namespace embergate::test
