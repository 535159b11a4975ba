// SPDX-License-Identifier: Apache-2.0
// Tries random interleavings of reading, reports, failures, settlements, crashes and time against a small model of
// broker and consumer, and checks after each step what decision 19 promises.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "delivery/pipeline.hpp"
#include "delivery/window_source.hpp"
#include "fake_outbox.hpp"

namespace embergate::test {

using namespace delivery;

using store::EventNumber;
inline const store::DestinationSlot kSlot{1};
inline constexpr std::size_t kMaxWindows = 4;
inline constexpr std::size_t kRecordLimit = 3'000;
inline constexpr std::size_t kLowLimit = 1'500;
inline constexpr std::size_t kHighLimit = 1'000'000;

struct Faults {
  double refuse_record = 0;     // the broker refuses one record
  double break_connection = 0;  // everything in flight fails, some of it after it was written
  double fail_settlement = 0;
  double crash = 0;
  double too_long = 0;     // a row that no producer takes
  double long_record = 0;  // a row that the broker takes only while its limit is high
  double company = 0;      // the broker refuses a record for the batch that it travels in
  double operate = 0;      // an operator releases or discards a held row
  double undecided = 0;    // a row that is decided later
  bool ordered = true;
  std::size_t max_held = 1'000;
};

class PipelineModel {
 public:
  PipelineModel(std::uint32_t seed, Faults faults) : random_(seed), faults_(faults), destination_(make_destination()) {
    outbox_.on_settle = [this](const store::Settlement& settlement) { check_settlement(settlement); };
    start();
  }

  void step() {
    if (chance(faults_.operate)) operate();
    if (chance(0.2)) decide_one();
    if (chance(0.3)) hear();
    if (chance(0.3)) write_settlement();
    if (chance(0.3)) hear_of_settlement();
    if (chance(0.02)) broker_limit_ = random_() % 2 == 0 ? kLowLimit : kHighLimit;
    switch (random_() % 8) {
      case 0:
        return append();
      case 1:
      case 2:
        return build();
      case 3:
      case 4:
        return answer_some();
      case 5:
        return settle();
      case 6:
        return pass(std::chrono::milliseconds(random_() % 400));
      default:
        return crash_sometimes();
    }
  }

  // No more faults: everything that can be delivered must be.
  void finish() {
    faults_ = {.ordered = faults_.ordered, .max_held = faults_.max_held};
    broker_limit_ = kHighLimit;
    while (!undecided_.empty()) decide_one();
    hear();
    for (int i = 0; i < 20'000 && !done(); ++i) {
      pass(std::chrono::milliseconds(50));
      build();
      while (!broker_.empty()) answer_one();
      report_finished();
      settle();
      write_settlement();
      hear_of_settlement();
    }
    ASSERT_TRUE(done()) << describe();
  }

  void check_end() {
    const auto rows = outbox_.rows();
    const auto held = outbox_.held();
    for (EventNumber number = 1; number <= last_; ++number) {
      if (!rows.contains(number)) {
        EXPECT_TRUE(written_.contains(number) || discarded_.contains(number))
            << "row " << number << " is gone and was never delivered";
      }
    }
    for (const auto& [number, row] : rows)
      EXPECT_TRUE(may_be_left(number, held)) << "row " << number << " was left without a reason";
  }

 private:
  struct Flying {
    std::uint64_t window = 0;
    std::size_t index = 0;
    EventNumber number = 0;
    std::string resource;
    std::size_t bytes = 0;
  };
  struct Sent {
    std::size_t open = 0;
    kafka::BatchReport report;
    std::vector<Flying> acknowledged;
  };

  static topic::TopicDestination make_destination() {
    topic::TopicDestination destination;
    destination.id = "d";
    destination.topic_url = "t";
    return destination;
  }

  void start() {
    pipeline_ =
        std::make_unique<Pipeline>(kSlot, kMaxWindows, RetryPolicy{core::Milliseconds(100), core::Milliseconds(1'000)},
                                   faults_.ordered, faults_.max_held);
    source_ = std::make_unique<WindowSource>(
        outbox_, kSlot, std::make_shared<ChunkPool>(8), NotificationWriter(destination_, {"box", "http://base", false}),
        WindowBuilder::Limits{1 + random_() % 7, 40'000, kRecordLimit, kRecordLimit}, faults_.ordered);
    load();
    notices_.clear();
    broker_.clear();
    sent_.clear();
    acknowledged_.clear();
    settlement_.reset();
    answer_ = Answer::kNone;
  }

  // As the relay does: all rows that wait when there is room for them, else those that are due.
  void load() {
    const bool all = outbox_.counters(kSlot)->waiting <= faults_.max_held / 2;
    const auto rows = all ? outbox_.held_rows(kSlot, {store::HeldRow::State::kWaiting, 0, faults_.max_held, true})
                          : outbox_.due_rows(kSlot, {now_.system, faults_.max_held});
    pipeline_->load(*rows, all && rows->size() < faults_.max_held, now_);
  }

  void pass(core::Milliseconds time) {
    now_.steady += time;
    now_.system += time;
  }

  // What an operator does is heard of a little later.
  void operate() {
    auto held = outbox_.held();
    std::erase_if(held, [&](const auto& row) {
      const bool decided = row.second.state == store::HeldRow::State::kUndecided && !undecided_.contains(row.first);
      return decided || discarded_.contains(row.first);
    });
    if (held.empty()) return;
    const auto at = std::next(held.begin(), static_cast<std::ptrdiff_t>(random_() % held.size()));
    undecided_.erase(at->first);
    if (random_() % 3 == 0) {
      discarded_.insert(at->first);
      notices_.push_back({outbox_.discard(at->first), false});
    } else {
      if (at->second.state == store::HeldRow::State::kSuperseded) released_.insert(at->first);
      notices_.push_back({outbox_.release(at->first), true});
    }
  }

  // What is decided is heard of a little later.
  void decide_one() {
    if (undecided_.empty()) return;
    const auto at = std::next(undecided_.begin(), static_cast<std::ptrdiff_t>(random_() % undecided_.size()));
    const EventNumber number = *at;
    undecided_.erase(at);
    const bool wanted = random_() % 2 == 0;
    if (!wanted) discarded_.insert(number);
    notices_.push_back({outbox_.judge(number, wanted), wanted});
  }

  void hear() {
    for (const Notice& notice : std::exchange(notices_, {})) {
      if (notice.wanted) {
        pipeline_->released({notice.row}, now_);
      } else {
        pipeline_->discarded({notice.row}, now_);
      }
    }
  }

  [[nodiscard]] WindowSource::Books books() const {
    return {pipeline_->held(), pipeline_->cursor(), pipeline_->learned(), pipeline_->some_parked()};
  }

  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  void append() {
    for (std::uint32_t i = random_() % 6; i > 0; --i) {
      FakeOutbox::Entry entry;
      entry.type = "Patient";
      entry.id = fmt::format("p{}", random_() % 6);
      entry.body = "{}";
      if (chance(faults_.long_record)) entry.body = std::string(100 + random_() % 1'500, 'x');
      if (chance(faults_.too_long)) entry.body = std::string(kRecordLimit + 1, 'x');
      last_ = outbox_.append(entry);
      resources_[last_] = "Patient/" + entry.id;
      if (entry.body.size() > kRecordLimit) too_long_.insert(last_);
      if (!chance(faults_.undecided)) continue;
      outbox_.make_undecided(last_);
      undecided_.insert(last_);
    }
  }

  void build() {
    if (pipeline_->failure()) {
      if (pipeline_->drained()) pipeline_->rewind();
      return;
    }
    if (pipeline_->may_load()) load();
    const auto jobs = pipeline_->ready_jobs(now_, 3);
    const std::uint64_t expected = pipeline_->next_sequence();
    std::vector<Row> rows;
    std::uint64_t sequence = 0;
    if (!jobs.empty()) {
      auto built = source_->run(jobs, books()).value();
      if (chance(0.2)) write_settlement();  // while the pool reads; it is heard of when that has ended
      rows = built.window.rows;
      keep_ = built.window.batch;
      check_sending(rows);
      sequence = pipeline_->add_jobs(std::move(built.window), built.progress, now_);
    } else if (pipeline_->may_read_on()) {
      const WindowSource::Books before = books();
      if (chance(0.2)) write_settlement();
      auto built = source_->read_on(before).value();
      if (chance(0.2)) write_settlement();
      rows = built.window.rows;
      keep_ = built.window.batch;
      check_sending(rows);
      sequence = pipeline_->add_read(std::move(built.window), built.cursor, now_);
      pipeline_->decided(built.decided);
    }
    if (rows.empty()) return;
    ASSERT_EQ(sequence, expected);
    sent_[sequence].open = rows.size();
    for (std::size_t i = 0; i < rows.size(); ++i)
      broker_.push_back({sequence, i, rows[i].number, std::string(rows[i].resource), bytes_of(i)});
    ASSERT_LE(sent_.size(), kMaxWindows);
  }

  void check_sending(const std::vector<Row>& rows) {
    std::map<std::string, EventNumber> newest;
    for (const Flying& flying : broker_) newest[flying.resource] = std::max(newest[flying.resource], flying.number);
    for (const Row& row : rows) {
      const std::string resource(row.resource);
      EXPECT_EQ(resource, resources_[row.number]);
      EXPECT_FALSE(undecided_.contains(row.number)) << "is not decided yet: " << row.number;
      EXPECT_FALSE(discarded_.contains(row.number)) << "is gone: " << row.number;
      for (const Flying& flying : broker_) EXPECT_NE(flying.number, row.number) << "is in flight already";
      if (!faults_.ordered || released_.contains(row.number)) continue;
      EXPECT_GT(row.number, newest[resource]) << "overtakes or repeats a row in flight of " << resource;
      EXPECT_GT(row.number, acknowledged_[resource]) << "older than an acknowledged version of " << resource;
      EXPECT_GT(row.number, settled_[resource]) << "older than a settled version of " << resource;
      newest[resource] = row.number;
    }
  }

  void answer_some() {
    if (chance(faults_.break_connection)) return break_connection();
    for (std::uint32_t i = random_() % 12; i > 0 && !broker_.empty(); --i) answer_one();
    if (chance(0.7)) report_finished();
  }

  // Partitions are independent: takes the first record of a random resource.
  void answer_one() {
    const std::string resource = broker_[random_() % broker_.size()].resource;
    const auto at =
        std::find_if(broker_.begin(), broker_.end(), [&](const Flying& flying) { return flying.resource == resource; });
    const Flying flying = *at;
    broker_.erase(at);
    Sent& sent = sent_[flying.window];
    --sent.open;
    const bool too_long = flying.bytes > broker_limit_ || chance(faults_.company);
    if (too_long || chance(faults_.refuse_record)) {
      sent.report.failures.push_back({flying.index, kafka::FailureScope::kRecord, false, "refused", too_long});
      return;
    }
    written_.insert(flying.number);
    sent.acknowledged.push_back(flying);
  }

  // All that is in flight fails; of each partition a first part may have been written all the same.
  void break_connection() {
    std::map<std::string, bool> writing;
    while (!broker_.empty()) {
      const Flying flying = broker_.front();
      broker_.pop_front();
      bool& still_writing = writing.try_emplace(flying.resource, true).first->second;
      still_writing = still_writing && chance(0.5);
      if (still_writing) written_.insert(flying.number);
      Sent& sent = sent_[flying.window];
      --sent.open;
      const auto scope = chance(0.5) ? kafka::FailureScope::kTopic : kafka::FailureScope::kConnection;
      sent.report.failures.push_back({flying.index, scope, true, "broken"});
    }
    report_finished();
  }

  void report_finished() {
    std::vector<std::uint64_t> finished;
    for (auto& [sequence, sent] : sent_) {
      if (sent.open == 0) finished.push_back(sequence);
    }
    std::shuffle(finished.begin(), finished.end(), random_);
    for (const std::uint64_t sequence : finished) {
      for (const Flying& flying : sent_[sequence].acknowledged) {
        acknowledged_numbers_.insert(flying.number);
        acknowledged_[flying.resource] = std::max(acknowledged_[flying.resource], flying.number);
      }
      pipeline_->report(sequence, std::move(sent_[sequence].report));
      sent_.erase(sequence);
    }
  }

  void settle() {
    if (!settlement_) settlement_ = pipeline_->take_settlement(now_);
    if (chance(0.5)) write_settlement();
    if (chance(0.5)) hear_of_settlement();
  }

  // The store does its part at any moment.
  void write_settlement() {
    if (!settlement_ || answer_ != Answer::kNone) return;
    outbox_.fail_settlements(chance(faults_.fail_settlement));
    outbox_.settle(*settlement_,
                   [&](const core::Result<void>& result) { answer_ = result ? Answer::kDurable : Answer::kFailed; });
    if (answer_ != Answer::kDurable) return;
    for (const auto& range : settlement_->delivered) {
      for (EventNumber number = range.first; number <= range.last; ++number) {
        if (discarded_.contains(number)) continue;
        EventNumber& newest = settled_[resources_[number]];
        newest = std::max(newest, number);
      }
    }
  }

  // The relay takes the answer in when the pool does not read the books.
  void hear_of_settlement() {
    if (std::exchange(answer_, Answer::kNone) != Answer::kDurable) return;
    settlement_.reset();
    pipeline_->settled(now_.steady);
  }

  void check_settlement(const store::Settlement& settlement) {
    for (const auto& range : settlement.delivered) {
      for (EventNumber number = range.first; number <= range.last; ++number) {
        EXPECT_TRUE(acknowledged_numbers_.contains(number) || discarded_.contains(number))
            << "settled without a positive report: " << number;
      }
    }
    for (const auto& row : settlement.held) {
      if (row.state != store::HeldRow::State::kSuperseded) continue;
      const std::string resource = row.type + "/" + row.id;
      EXPECT_EQ(resource, resources_[row.event_number]);
      EXPECT_GT(acknowledged_[resource], row.event_number) << "superseded by nothing";
      EXPECT_GT(row.attempts, 0U) << "it was refused, so it was tried";
    }
  }

  void crash_sometimes() {
    if (!chance(faults_.crash)) return;
    start();
  }

  bool done() const {
    if (!pipeline_->drained() || settlement_ || pipeline_->failure()) return false;
    const auto held = outbox_.held();
    const auto rows = outbox_.rows();
    return std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return may_be_left(row.first, held); });
  }

  bool may_be_left(EventNumber number, const std::map<EventNumber, store::HeldRow>& held) const {
    if (!faults_.ordered) return too_long_.contains(number);
    const auto found = held.find(number);
    const bool superseded = found != held.end() && found->second.state == store::HeldRow::State::kSuperseded;
    return superseded || waits_behind_too_long(number);
  }

  // Of the window that was built last.
  std::size_t bytes_of(std::size_t index) const {
    const kafka::Record& record = keep_->records[index];
    return record.key.size() + record.value.size();
  }

  bool waits_behind_too_long(EventNumber number) const {
    for (const EventNumber too_long : too_long_) {
      if (too_long <= number && resources_.at(too_long) == resources_.at(number)) return true;
    }
    return false;
  }

  std::string describe() const {
    std::string text = fmt::format("cursor {} of {}, held:", pipeline_->cursor(), last_);
    for (const auto& [resource, held] : pipeline_->held().all()) {
      text += fmt::format(" {}(waiting {}, from {}, failed {})", resource, held.waiting, held.from, held.failed.size());
    }
    text += pipeline_->some_parked() ? "; some parked; left:" : "; left:";
    const auto held = outbox_.held();
    for (const auto& [number, row] : outbox_.rows()) {
      const auto found = held.find(number);
      if (found != held.end() && found->second.state == store::HeldRow::State::kSuperseded) continue;
      text += fmt::format(" {} {}", number, row.id);
      if (found != held.end()) text += fmt::format(" ({})", store::to_string(found->second.state));
    }
    return text;
  }

  std::mt19937 random_;
  Faults faults_;
  topic::TopicDestination destination_;
  FakeOutbox outbox_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<WindowSource> source_;
  std::shared_ptr<const kafka::RecordBatch> keep_;
  Now now_{core::SteadyTime(std::chrono::hours(1)), core::SystemTime(std::chrono::hours(1))};
  EventNumber last_ = 0;
  std::map<EventNumber, std::string> resources_;
  std::set<EventNumber> too_long_;
  std::set<EventNumber> released_;  // after they were superseded
  std::set<EventNumber> discarded_;
  std::set<EventNumber> undecided_;
  struct Notice {
    store::HeldRow row;
    bool wanted = false;
  };
  std::vector<Notice> notices_;  // that are on their way
  std::size_t broker_limit_ = kHighLimit;
  std::deque<Flying> broker_;
  std::map<std::uint64_t, Sent> sent_;
  std::set<EventNumber> written_;                    // what a consumer could have seen
  std::set<EventNumber> acknowledged_numbers_;       // positively reported, ever
  std::map<std::string, EventNumber> acknowledged_;  // newest in this life of the process
  std::map<std::string, EventNumber> settled_;       // newest, ever
  std::optional<store::Settlement> settlement_;
  enum class Answer { kNone, kDurable, kFailed };
  Answer answer_ = Answer::kNone;  // of the store, on its way to the relay
};

}  // namespace embergate::test

namespace embergate::delivery {
namespace {

class PipelineModel : public ::testing::TestWithParam<std::uint32_t> {};

void run(std::uint32_t seed, test::Faults faults, int steps) {
  test::PipelineModel model(seed, faults);
  for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) model.step();
  if (::testing::Test::HasFailure()) return;
  model.finish();
  model.check_end();
}

TEST_P(PipelineModel, DeliversEverythingInOrderWithoutFaults) { run(GetParam(), {}, 2'000); }

TEST_P(PipelineModel, KeepsItsPromisesWhenTheConnectionBreaks) {
  run(GetParam() + 1'000, {.break_connection = 0.1, .fail_settlement = 0.2}, 3'000);
}

TEST_P(PipelineModel, KeepsItsPromisesWhenRecordsAreRefused) {
  run(GetParam() + 2'000, {.refuse_record = 0.05, .fail_settlement = 0.1}, 3'000);
}

TEST_P(PipelineModel, KeepsItsPromisesWhenEverythingFails) {
  run(GetParam() + 3'000, {.refuse_record = 0.05, .break_connection = 0.08, .fail_settlement = 0.2, .crash = 0.05},
      5'000);
}

TEST_P(PipelineModel, HoldsBackOnlyTheResourcesOfRowsThatAreTooLong) {
  run(GetParam() + 4'000,
      {.refuse_record = 0.03, .break_connection = 0.08, .fail_settlement = 0.1, .crash = 0.03, .too_long = 0.01},
      5'000);
}

TEST_P(PipelineModel, SendsEveryRowThatWasRefusedWhenThereIsNoOrderToKeep) {
  run(GetParam() + 5'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.03,
       .too_long = 0.005,
       .ordered = false},
      4'000);
}

TEST_P(PipelineModel, LearnsTheSizeThatTheBrokerTakesAndLosesNothing) {
  run(GetParam() + 6'000,
      {.break_connection = 0.03, .fail_settlement = 0.1, .crash = 0.02, .long_record = 0.1, .company = 0.05}, 4'000);
}

TEST_P(PipelineModel, KeepsOrderWhenMoreRowsWaitThanMemoryHolds) {
  run(GetParam() + 7'000,
      {.refuse_record = 0.3,
       .break_connection = 0.03,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .long_record = 0.1,
       .max_held = 2},
      5'000);
}

TEST_P(PipelineModel, SendsAllWithoutOrderWhenMoreRowsWaitThanMemoryHolds) {
  run(GetParam() + 8'000,
      {.refuse_record = 0.3,
       .break_connection = 0.03,
       .crash = 0.02,
       .long_record = 0.1,
       .ordered = false,
       .max_held = 3},
      4'000);
}

TEST_P(PipelineModel, FollowsAnOperatorWhoReleasesAndDiscards) {
  run(GetParam() + 9'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .long_record = 0.05,
       .operate = 0.1,
       .max_held = GetParam() % 2 == 0 ? std::size_t{2} : std::size_t{1'000}},
      5'000);
}

TEST_P(PipelineModel, UndecidedRowsHoldBackTheirResourceUntilTheyAreDecided) {
  run(GetParam() + 10'000, {.undecided = 0.15}, 4'000);
}

TEST_P(PipelineModel, KeepsItsPromisesForUndecidedRowsWhenEverythingFails) {
  run(GetParam() + 11'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .undecided = 0.15,
       .ordered = GetParam() % 4 != 0},
      5'000);
}

TEST_P(PipelineModel, FollowsAnOperatorWhoDecidesAboutUndecidedRows) {
  run(GetParam() + 12'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .operate = 0.1,
       .undecided = 0.15,
       .ordered = GetParam() % 4 != 0,
       .max_held = GetParam() % 2 == 0 ? std::size_t{2} : std::size_t{1'000}},
      5'000);
}

TEST_P(PipelineModel, KeepsItsPromisesForUndecidedRowsWhenMoreRowsWaitThanMemoryHolds) {
  run(GetParam() + 13'000,
      {.refuse_record = 0.1,
       .break_connection = 0.05,
       .fail_settlement = 0.1,
       .crash = 0.02,
       .undecided = 0.15,
       .ordered = GetParam() % 4 != 0,
       .max_held = 2},
      5'000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineModel, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace embergate::delivery
