// SPDX-License-Identifier: Apache-2.0
// The relay with a fake outbox and a fake producer on real threads.
#pragma once

#include "delivery/relay.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "embergate/observability/metrics.hpp"
#include "fake_outbox.hpp"
#include "fake_producer.hpp"
#include "support/eventually.hpp"

namespace embergate::delivery {

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    options_.idle_poll = core::Milliseconds(60'000);
    options_.retry = {core::Milliseconds(5), core::Milliseconds(20)};
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~RelayTest() override {
    if (relay_ != nullptr) stop(core::Milliseconds(10'000), false);
    relay_.reset();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    pool_.join();
  }

  void start(bool keyed = true, std::size_t window_rows = 3) {
    topic::TopicDestination destination;
    destination.id = "d";
    destination.topic_url = "t";
    WindowSource source(outbox_, kSlot, std::make_shared<ChunkPool>(4),
                        NotificationWriter(destination, {"box", "http://base", false}),
                        {window_rows, 1'000'000, max_record_bytes_, max_record_bytes_ + 128}, keyed);
    RelayOptions options = options_;
    options.slot = kSlot;
    options.destination_id = "d";
    options.ordered = keyed;
    relay_ = std::make_shared<Relay>(options, io_.get_executor(), pool_, outbox_,
                                     std::make_unique<test::FakeProducer>(kafka_), std::move(source), errors_, *clock_,
                                     RelayMetrics(metrics_, "d", "kafka-at-least-once"));
    relay_->start();
  }

  void stop(core::Milliseconds limit, bool settle) {
    boost::asio::co_spawn(io_, relay_->stop(limit, settle), boost::asio::use_future).get();
  }
  Relay::View view() { return boost::asio::co_spawn(io_, relay_->view(), boost::asio::use_future).get(); }

  void append(const std::string& id) {
    outbox_.append("Patient", id);
    if (relay_ != nullptr) relay_->wake();
  }
  bool all_settled() {
    return test::eventually([this] { return outbox_.rows().empty(); });
  }

  // "p1#3": the resource and the number of each record, in the order of sending.
  std::vector<std::string> sent() const {
    std::vector<std::string> list;
    for (const auto& seen : kafka_->seen()) {
      const auto json = nlohmann::json::parse(seen.value);
      const auto& event = json["entry"][0]["resource"]["notificationEvent"][0];
      list.push_back(event["focus"]["reference"].get<std::string>().substr(8) + "#" +
                     std::to_string(event["eventNumber"].get<int>()));
    }
    return list;
  }

  bool has_error(std::string_view text) const {
    for (const auto& entry : errors_->entries()) {
      if (entry.message.find(text) != std::string::npos) return true;
    }
    return false;
  }

  inline static const store::DestinationSlot kSlot{9};
  RelayOptions options_;
  const core::Clock* clock_ = &core::system_clock();
  std::size_t max_record_bytes_ = 100'000;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
  std::vector<std::thread> threads_;
  boost::asio::thread_pool pool_{2};
  test::FakeOutbox outbox_;
  std::shared_ptr<test::FakeKafka> kafka_ = std::make_shared<test::FakeKafka>();
  std::shared_ptr<ErrorLog> errors_ = std::make_shared<ErrorLog>();
  observability::Metrics metrics_;
  std::shared_ptr<Relay> relay_;
};

}  // namespace embergate::delivery
