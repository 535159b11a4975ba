// SPDX-License-Identifier: Apache-2.0
// The relay with a fake outbox and a fake producer on real threads. What must hold in every interleaving is the matter
// of pipeline_model_test.
#include "delivery/relay.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "embergate/observability/metrics.hpp"
#include "fake_outbox.hpp"
#include "fake_producer.hpp"
#include "support/eventually.hpp"

namespace embergate::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
                        {window_rows, 1'000'000, max_record_bytes_}, keyed);
    RelayOptions options = options_;
    options.slot = kSlot;
    options.destination_id = "d";
    relay_ = std::make_shared<Relay>(options, io_.get_executor(), pool_, outbox_,
                                     std::make_unique<test::FakeProducer>(kafka_), std::move(source), errors_,
                                     core::system_clock(), RelayMetrics(metrics_, "d", "kafka-at-least-once"));
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

TEST_F(RelayTest, DeliversWhatWasThereAndWhatComesLater) {
  append("a");
  append("b");
  start();
  ASSERT_TRUE(all_settled());
  append("c");
  ASSERT_TRUE(all_settled());
  EXPECT_THAT(sent(), ElementsAre("a#1", "b#2", "c#3"));
  EXPECT_EQ(outbox_.counters(kSlot)->delivered, 3U);
}

TEST_F(RelayTest, KeysRecordsByResourceIdOnlyWhenAsked) {
  append("a");
  start(true);
  ASSERT_TRUE(all_settled());
  EXPECT_EQ(kafka_->seen()[0].key, "a");
  stop(core::Milliseconds(1'000), true);
  append("b");
  start(false);
  ASSERT_TRUE(all_settled());
  EXPECT_TRUE(kafka_->seen()[1].null_key);
}

TEST_F(RelayTest, RecordsThatStayUnansweredAreAskedAfterAndTheStateSaysWhy) {
  options_.inquire_after = core::Milliseconds(20);
  kafka_->answer_at_once(false);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([&] { return kafka_->inquiries() > 1; })) << "again and again";
  ASSERT_TRUE(test::eventually([&] { return relay_->unanswered().has_value(); }));
  EXPECT_EQ(relay_->unanswered()->reason, "");
  kafka::ConnectionStatus status;
  status.connected = true;
  status.topic_trouble = "Kafka topic t: 1 of 1 partitions have no leader";
  kafka_->set_status(status);
  EXPECT_TRUE(test::eventually([&] { return has_error("no leader; records wait"); }));
  EXPECT_THAT(relay_->unanswered()->reason, HasSubstr("no leader"));
  ASSERT_TRUE(kafka_->answer_oldest());
  ASSERT_TRUE(all_settled());
  EXPECT_TRUE(test::eventually([&] { return !relay_->unanswered(); }));
}

TEST_F(RelayTest, NoticesRowsThatNobodyWokeItFor) {
  options_.idle_poll = core::Milliseconds(10);
  start();
  outbox_.append("Patient", "a");
  EXPECT_TRUE(all_settled());
}

TEST_F(RelayTest, KeepsFourWindowsInFlightAndSettlesThemInOrder) {
  kafka_->answer_at_once(false);
  for (int i = 0; i < 30; ++i) append("p" + std::to_string(i));
  start();
  ASSERT_TRUE(test::eventually([this] { return kafka_->batches_waiting() == 4; }));
  EXPECT_EQ(view().in_process, 12U);
  EXPECT_EQ(outbox_.settlements(), 0U);
  ASSERT_TRUE(kafka_->answer_oldest());
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 27 && kafka_->batches_waiting() == 4; }));
  kafka_->answer_at_once(true);
  while (kafka_->answer_oldest()) continue;
  EXPECT_TRUE(all_settled());
}

TEST_F(RelayTest, KeepsRowsWhoseReportFailedAndSendsThemAgain) {
  std::atomic<bool> broken{true};
  kafka_->judge_by([&](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    if (broken) report.failures.push_back({index, kafka::FailureScope::kTopic, false, "unknown topic"});
  });
  append("a");
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("unknown topic"); }));
  EXPECT_EQ(outbox_.rows().size(), 2U);
  broken = false;
  ASSERT_TRUE(all_settled());
  const auto list = sent();
  EXPECT_EQ(list[list.size() - 2], "a#1");
  EXPECT_EQ(list.back(), "a#2");
  EXPECT_GE(outbox_.counters(kSlot)->failed_attempts, 2U);
}

TEST_F(RelayTest, SaysWhatStopsItUntilARecordIsAcknowledged) {
  std::atomic<bool> broken{true};
  kafka_->judge_by([&](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    if (broken) report.failures.push_back({index, kafka::FailureScope::kTopic, false, "unknown topic"});
  });
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return errors_->stopped().has_value(); }));
  EXPECT_EQ(errors_->stopped()->reason, "unknown topic");
  const core::SystemTime since = errors_->stopped()->since;
  append("b");
  ASSERT_TRUE(test::eventually([this] { return kafka_->seen().size() > 4; }));
  EXPECT_EQ(errors_->stopped()->since, since) << "of the first failure";
  broken = false;
  ASSERT_TRUE(all_settled());
  EXPECT_TRUE(test::eventually([this] { return !errors_->stopped(); }));
}

TEST_F(RelayTest, SaysThatNothingIsAcknowledgedWhileRecordsWaitForTheirAnswer) {
  options_.delivery_timeout = core::Milliseconds(50);
  options_.idle_poll = core::Milliseconds(5);
  kafka_->answer_at_once(false);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return errors_->stopped().has_value(); }));
  ASSERT_TRUE(kafka_->answer_oldest());
  EXPECT_TRUE(test::eventually([this] { return !errors_->stopped(); }));
}

TEST_F(RelayTest, HoldsBackOnlyTheResourceOfARefusedRecord) {
  std::atomic<bool> refusing{true};
  kafka_->judge_by([&](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (refusing && seen.key == "bad")
      report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("bad");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
  append("bad");
  append("good");
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 2; }));
  EXPECT_EQ(view().waiting_resources, 1U);
  ASSERT_EQ(view().waiting.size(), 1U);
  EXPECT_EQ(view().waiting[0].resource, "Patient/bad");
  EXPECT_EQ(view().waiting[0].reason, "invalid record");
  refusing = false;
  ASSERT_TRUE(all_settled());
  EXPECT_EQ(sent().back(), "bad#2");
  EXPECT_TRUE(outbox_.held().empty());
}

TEST_F(RelayTest, NeverSendsARecordThatIsTooLong) {
  max_record_bytes_ = 2'000;
  test::FakeOutbox::Entry entry;
  entry.type = "Patient";
  entry.id = "big";
  entry.body = std::string(2'000, 'x');
  outbox_.append(entry);
  append("small");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.rows().size() == 1 && outbox_.held().size() == 1; }));
  EXPECT_THAT(sent(), ElementsAre("small#2"));
  EXPECT_TRUE(has_error("maxRequestSize"));
}

TEST_F(RelayTest, RemembersHeldRowsAfterARestart) {
  kafka_->judge_by([](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
  stop(core::Milliseconds(1'000), true);
  kafka_->judge_by(nullptr);
  append("a");
  start();
  ASSERT_TRUE(all_settled());
  const auto list = sent();
  EXPECT_EQ(list[list.size() - 2], "a#1");
  EXPECT_EQ(list.back(), "a#2");
}

TEST_F(RelayTest, SettlesAgainWhenTheDatabaseWasAwayAndCountsOnce) {
  outbox_.fail_settlements(true);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("the database is away"); }));
  EXPECT_EQ(outbox_.rows().size(), 1U);
  outbox_.fail_settlements(false);
  ASSERT_TRUE(all_settled());
  EXPECT_EQ(outbox_.counters(kSlot)->delivered, 1U);
  EXPECT_THAT(sent(), ElementsAre("a#1"));
}

TEST_F(RelayTest, ReadsAgainWhenTheDatabaseWasAway) {
  outbox_.fail_reads(true);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("the database is away"); }));
  outbox_.fail_reads(false);
  EXPECT_TRUE(all_settled());
}

TEST_F(RelayTest, WaitsForACredentialAndGoesOnWhenToldSo) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka::ConnectionStatus none;
  none.has_credential = false;
  none.last_error = "secret \"events-jaas\" is missing";
  kafka_->set_status(none);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("events-jaas"); }));
  EXPECT_TRUE(kafka_->seen().empty());
  kafka::ConnectionStatus ready;
  ready.connected = true;
  kafka_->set_status(ready);
  relay_->retry_now();
  EXPECT_TRUE(all_settled());
}

TEST_F(RelayTest, GivesRecordsInFlightTheirTimeWhenItStops) {
  kafka_->answer_at_once(false);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return kafka_->batches_waiting() == 1; }));
  auto stopped = boost::asio::co_spawn(io_, relay_->stop(core::Milliseconds(60'000), true), boost::asio::use_future);
  ASSERT_TRUE(kafka_->answer_oldest());
  stopped.get();
  EXPECT_TRUE(outbox_.rows().empty());
  EXPECT_EQ(kafka_->purges(), 0U);
}

TEST_F(RelayTest, CallsBackRecordsThatGetNoAnswerWhenItStops) {
  kafka_->answer_at_once(false);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return kafka_->batches_waiting() == 1; }));
  stop(core::Milliseconds(100), true);
  EXPECT_EQ(kafka_->purges(), 1U);
  EXPECT_EQ(outbox_.rows().size(), 1U);
  EXPECT_EQ(outbox_.counters(kSlot)->failed_attempts, 1U);
}

TEST_F(RelayTest, LeavesTheOutboxAloneAfterItWasDropped) {
  kafka_->answer_at_once(false);
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return kafka_->batches_waiting() == 1; }));
  stop(core::Milliseconds(10'000), false);
  append("b");
  EXPECT_EQ(outbox_.settlements(), 0U);
  EXPECT_EQ(outbox_.rows().size(), 2U);
}

TEST_F(RelayTest, SaysSoWhenTheBrokerDoesNotAnswerInTime) {
  options_.delivery_timeout = core::Milliseconds(1);
  options_.idle_poll = core::Milliseconds(5);
  kafka_->answer_at_once(false);
  append("a");
  start();
  EXPECT_TRUE(test::eventually([this] { return has_error("deliveryTimeoutMs"); }));
}

TEST_F(RelayTest, LogsEachAttemptWhenAsked) {
  std::mutex mutex;
  std::vector<std::string> lines;
  observability::log::capture([&](std::string_view line) {
    std::lock_guard lock(mutex);
    lines.emplace_back(line);
  });
  options_.log_attempts = true;
  kafka_->judge_by([](const test::FakeKafka::Seen& seen, std::size_t index, kafka::BatchReport& report) {
    if (seen.key == "bad") report.failures.push_back({index, kafka::FailureScope::kRecord, false, "invalid record"});
  });
  append("good");
  append("bad");
  start();
  EXPECT_TRUE(test::eventually([this] { return outbox_.held().size() == 1; }));
  stop(core::Milliseconds(1'000), true);
  observability::log::capture(nullptr);
  std::vector<std::string> attempts;
  for (const std::string& line : lines) {
    if (line.find("topic-destination/status") != std::string::npos) attempts.push_back(line);
  }
  ASSERT_GE(attempts.size(), 2U);
  EXPECT_THAT(attempts[0], ::testing::Not(HasSubstr("\"error\"")));
  EXPECT_THAT(attempts[1], HasSubstr("invalid record"));
  EXPECT_THAT(attempts[0], HasSubstr("AidboxTopicDestination/d"));
}

}  // namespace
}  // namespace embergate::delivery
