// SPDX-License-Identifier: Apache-2.0
#include "deliveries_fixture.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "embergate/core/clock.hpp"
#include "support/eventually.hpp"
#include "support/kafka_environment.hpp"

namespace embergate::test {
namespace {

constexpr std::string_view kTopicUrl = "http://gw.example/topics/patients";

std::shared_ptr<const topic::SubscriptionTopic> patients_topic() {
  auto resource = fhir::Resource::parse(fmt::format(
      R"({{"resourceType":"AidboxSubscriptionTopic","url":"{}","status":"active","trigger":[{{"resource":"Patient"}}]}})",
      kTopicUrl));
  std::vector<fhir::Issue> issues;
  return topic::SubscriptionTopic::parse(**resource, "t", issues);
}

std::string value_member(const nlohmann::json& value) {
  if (value.is_boolean()) return "valueBoolean";
  return value.is_number() ? "valueInteger" : "valueString";
}

}  // namespace

DeliveriesTest::DeliveriesTest() {
  for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  options_.retry_min = core::Milliseconds(50);
  options_.retry_max = core::Milliseconds(500);
  options_.idle_poll = core::Milliseconds(500);
}

DeliveriesTest::~DeliveriesTest() {
  if (deliveries_ != nullptr) shut_down();
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
}

void DeliveriesTest::start() {
  store::SqliteOptions sqlite;
  sqlite.path = directory_.file("gateway.db");
  auto opened = store::open_sqlite_store(sqlite, core::system_clock(), metrics_);
  ASSERT_TRUE(opened) << opened.error().diagnostics;
  store_ = *std::move(opened);
  secrets_ = std::make_unique<vault::SecretCache>(vault::VaultConfig(), vault::SecretCache::Options(),
                                                  core::system_clock(), metrics_);
  producers_ =
      std::make_unique<kafka::ProducerPool>(kafka::ProducerPool::Options(), *secrets_, core::system_clock(), metrics_);
  deliveries_ = std::make_unique<delivery::Deliveries>(options_, io_.get_executor(), *store_, *producers_, *secrets_,
                                                       core::system_clock(), metrics_, health_);
  sync();
}

void DeliveriesTest::shut_down() {
  boost::asio::co_spawn(io_, deliveries_->shutdown(core::Milliseconds(10'000)), boost::asio::use_future).get();
  producers_->shutdown(core::Milliseconds(5'000));
  store_->stop();
  deliveries_.reset();
  producers_.reset();
  secrets_.reset();
  store_.reset();
}

store::CommitReceipt DeliveriesTest::transact(const store::Store::Body& body) {
  std::promise<core::Result<store::CommitReceipt>> done;
  auto future = done.get_future();
  store_->transact(body, [&](core::Result<store::CommitReceipt> result) { done.set_value(std::move(result)); });
  auto result = future.get();
  EXPECT_TRUE(result) << (result ? "" : result.error().diagnostics);
  return result ? *result : store::CommitReceipt();
}

std::int64_t DeliveriesTest::add_destination(const std::string& id, const std::string& kafka_topic,
                                             const std::vector<Setting>& more) {
  nlohmann::json parameters =
      nlohmann::json::array({{{"name", "kafkaTopic"}, {"valueString", kafka_topic}},
                             {{"name", "bootstrapServers"}, {"valueString", KafkaEnvironment::get().plaintext}}});
  for (const Setting& setting : more)
    parameters.push_back({{"name", setting.name}, {value_member(setting.value), setting.value}});
  const nlohmann::json json{
      {"resourceType", "AidboxTopicDestination"},
      {"meta", {{"profile", {"http://aidbox.app/StructureDefinition/aidboxtopicdestination-kafka-at-least-once"}}}},
      {"topic", kTopicUrl},
      {"kind", "kafka-at-least-once"},
      {"parameter", parameters}};
  std::vector<fhir::Issue> issues;
  auto resource = fhir::Resource::parse(json.dump());
  auto destination = topic::TopicDestination::parse(**resource, id, issues);
  EXPECT_NE(destination, nullptr) << (issues.empty() ? "" : issues[0].diagnostics);
  EXPECT_TRUE(delivery::Deliveries::validate(*destination).empty());
  transact([&](store::Transaction& tx) -> core::Result<void> {
    destination->slot = tx.next_version_id();
    return tx.open_slot(store::DestinationSlot(destination->slot), id);
  });
  destinations_.push_back(destination);
  sync();
  return destination->slot;
}

void DeliveriesTest::remove_destination(std::int64_t slot) {
  transact([&](store::Transaction& tx) { return tx.close_slot(store::DestinationSlot(slot)); });
  std::erase_if(destinations_, [&](const auto& destination) { return destination->slot == slot; });
  sync();
}

void DeliveriesTest::sync() {
  deliveries_->sync(std::make_shared<const topic::Catalog>(std::vector{patients_topic()}, destinations_, ++epoch_));
}

void DeliveriesTest::write(std::int64_t slot, const std::string& id, int count, const std::string& content) {
  const store::CommitReceipt receipt = transact([&](store::Transaction& tx) -> core::Result<void> {
    for (int i = 0; i < count; ++i) {
      EG_TRY(const auto current, tx.load_current("Patient", id));
      store::NewVersion version;
      version.type = "Patient";
      version.id = id;
      version.version_id = tx.next_version_id();
      version.previous_version_id = current ? current->version_id : 0;
      version.interaction = current ? store::Interaction::kUpdate : store::Interaction::kCreate;
      version.last_updated = version.created_at = tx.now();
      const std::string body =
          fmt::format(R"({{"resourceType":"Patient","id":"{}","meta":{{"versionId":"{}"}},"language":"{}"}})", id,
                      version.version_id, content);
      version.body = body;
      EG_CHECK(tx.put_version(version));
      const store::DestinationSlot slots[] = {store::DestinationSlot(slot)};
      EG_CHECK(tx.append_events(version.version_id, slots, "corr"));
    }
    return {};
  });
  if (deliveries_ != nullptr) deliveries_->wake(receipt.slots);
}

nlohmann::json DeliveriesTest::status(const std::string& destination_id) {
  auto text = boost::asio::co_spawn(io_, deliveries_->status(destination_id), boost::asio::use_future).get();
  EXPECT_TRUE(text) << (text ? "" : text.error().diagnostics);
  return text ? nlohmann::json::parse(*text) : nlohmann::json();
}

nlohmann::json DeliveriesTest::waiting(const std::string& destination_id, const store::HeldQuery& query) {
  auto text = boost::asio::co_spawn(io_, deliveries_->waiting(destination_id, query), boost::asio::use_future).get();
  EXPECT_TRUE(text) << (text ? "" : text.error().diagnostics);
  return text ? nlohmann::json::parse(*text) : nlohmann::json();
}

nlohmann::json DeliveriesTest::decide(const std::string& destination_id, delivery::Deliveries::Decision decision,
                                      const store::HeldSelection& selection) {
  auto text = boost::asio::co_spawn(io_, deliveries_->decide(destination_id, decision, selection, "tester"),
                                    boost::asio::use_future)
                  .get();
  EXPECT_TRUE(text) << (text ? "" : text.error().diagnostics);
  return text ? nlohmann::json::parse(*text) : nlohmann::json();
}

nlohmann::json DeliveriesTest::value_of(const nlohmann::json& status, std::string_view name) {
  for (const auto& parameter : status["parameter"]) {
    if (parameter["name"] != name) continue;
    for (const auto& [member, value] : parameter.items()) {
      if (member != "name") return value;
    }
  }
  return nullptr;
}

store::SlotCounters DeliveriesTest::counters(std::int64_t slot) {
  auto counters = store_->outbox().counters(store::DestinationSlot(slot));
  return counters ? *counters : store::SlotCounters();
}

bool DeliveriesTest::drained(std::int64_t slot) {
  return eventually([&] { return counters(slot).queued == 0; }, std::chrono::seconds(60));
}

}  // namespace embergate::test
