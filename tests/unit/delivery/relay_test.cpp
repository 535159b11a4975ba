// SPDX-License-Identifier: Apache-2.0
// The relay with a fake outbox and a fake producer on real threads. What must hold in every interleaving is the matter
// of pipeline_model_test.
#include <algorithm>
#include <map>

#include "relay_fixture.hpp"

namespace embergate::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(RelayTest, AReadThatFailsOnTheWaySendsWhatItFoundAndTheNextOneGoesOnBehindIt) {
  for (const char* id : {"a", "b", "c"}) append(id);
  outbox_.fail_read_behind(2);
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  start();
  EXPECT_TRUE(all_settled()) << "without a pause";
  EXPECT_THAT(sent(), ElementsAre("a#1", "b#2", "c#3"));
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

TEST_F(RelayTest, AConnectionThatIsBackDoesNotEndThePauseAfterAFailureOfTheTopic) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka_->judge_by([](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    report.failures.push_back({index, kafka::FailureScope::kTopic, false, "not authorised"});
  });
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("not authorised"); }));
  for (int i = 0; i < 10; ++i) {
    relay_->retry_now();
    view();  // on the strand, behind it: what it starts has begun
  }
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(RelayTest, AConnectionThatIsBackEndsThePauseAfterAFailureOfTheConnection) {
  options_.retry = {core::Milliseconds(60'000), core::Milliseconds(60'000)};
  kafka_->judge_by([](const test::FakeKafka::Seen&, std::size_t index, kafka::BatchReport& report) {
    report.failures.push_back({index, kafka::FailureScope::kConnection, false, "given back"});
  });
  append("a");
  start();
  ASSERT_TRUE(test::eventually([this] { return has_error("given back"); }));
  kafka_->judge_by({});
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
