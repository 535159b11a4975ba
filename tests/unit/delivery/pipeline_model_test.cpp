// SPDX-License-Identifier: Apache-2.0
// Tries random interleavings of reading, reports, failures, settlements, crashes and time against a small model of
// broker and consumer, and checks after each step what decision 19 promises.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "delivery/pipeline.hpp"
#include "delivery/window_source.hpp"
#include "fake_outbox.hpp"

namespace embergate::delivery {
namespace {

using store::EventNumber;
const store::DestinationSlot kSlot{1};
constexpr std::size_t kMaxWindows = 4;
constexpr std::size_t kRecordLimit = 3'000;

struct Faults {
  double refuse_record = 0;     // the broker refuses one record
  double break_connection = 0;  // everything in flight fails, some of it after it was written
  double fail_settlement = 0;
  double crash = 0;
  double too_long = 0;  // a row that no producer takes
};

class Model {
 public:
  Model(std::uint32_t seed, Faults faults) : random_(seed), faults_(faults), destination_(make_destination()) {
    outbox_.on_settle = [this](const store::Settlement& settlement) { check_settlement(settlement); };
    start();
  }

  void step() {
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
        now_.steady += std::chrono::milliseconds(random_() % 400);
        return;
      default:
        return crash_sometimes();
    }
  }

  // No more faults: everything that can be delivered must be.
  void finish() {
    faults_ = {};
    for (int i = 0; i < 20'000 && !done(); ++i) {
      now_.steady += std::chrono::milliseconds(50);
      build();
      while (!broker_.empty()) answer_one();
      report_finished();
      settle();
    }
    ASSERT_TRUE(done()) << describe();
  }

  void check_end() {
    const auto rows = outbox_.rows();
    const auto held = outbox_.held();
    for (EventNumber number = 1; number <= last_; ++number) {
      if (!rows.contains(number)) {
        EXPECT_TRUE(written_.contains(number)) << "row " << number << " is gone and was never delivered";
      }
    }
    for (const auto& [number, row] : rows) {
      const auto found = held.find(number);
      const bool superseded = found != held.end() && found->second.state == store::HeldRow::State::kSuperseded;
      EXPECT_TRUE(superseded || waits_behind_too_long(number)) << "row " << number << " was left without a reason";
    }
  }

 private:
  struct Flying {
    std::uint64_t window = 0;
    std::size_t index = 0;
    EventNumber number = 0;
    std::string resource;
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
        std::make_unique<Pipeline>(kSlot, kMaxWindows, RetryPolicy{core::Milliseconds(100), core::Milliseconds(1'000)});
    source_ = std::make_unique<WindowSource>(outbox_, kSlot, std::make_shared<ChunkPool>(8),
                                             NotificationWriter(destination_, {"box", "http://base", false}),
                                             WindowBuilder::Limits{1 + random_() % 7, 40'000, kRecordLimit}, true);
    pipeline_->load(outbox_.held_rows(kSlot, {store::HeldRow::State::kWaiting, 0, 1'000}).value(), now_);
    broker_.clear();
    sent_.clear();
    acknowledged_.clear();
    settlement_.reset();
  }

  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  void append() {
    for (std::uint32_t i = random_() % 6; i > 0; --i) {
      test::FakeOutbox::Entry entry;
      entry.type = "Patient";
      entry.id = fmt::format("p{}", random_() % 6);
      entry.body = chance(faults_.too_long) ? std::string(kRecordLimit + 1, 'x') : "{}";
      last_ = outbox_.append(entry);
      resources_[last_] = "Patient/" + entry.id;
      if (entry.body.size() > 2) too_long_.insert(last_);
    }
  }

  void build() {
    if (pipeline_->failure()) {
      if (pipeline_->drained()) pipeline_->rewind();
      return;
    }
    const auto jobs = pipeline_->ready_jobs(now_.steady, 3);
    const std::uint64_t expected = pipeline_->next_sequence();
    std::vector<Row> rows;
    std::uint64_t sequence = 0;
    if (!jobs.empty()) {
      auto built = source_->run(jobs, pipeline_->cursor()).value();
      rows = built.window.rows;
      keep_ = built.window.batch;
      check_sending(rows);
      sequence = pipeline_->add_jobs(std::move(built.window), built.progress, now_);
    } else if (pipeline_->may_read_on()) {
      auto built = source_->read_on(pipeline_->cursor(), pipeline_->held()).value();
      rows = built.window.rows;
      keep_ = built.window.batch;
      check_sending(rows);
      sequence = pipeline_->add_read(std::move(built.window), built.cursor, now_);
    }
    if (rows.empty()) return;
    ASSERT_EQ(sequence, expected);
    sent_[sequence].open = rows.size();
    for (std::size_t i = 0; i < rows.size(); ++i)
      broker_.push_back({sequence, i, rows[i].number, std::string(rows[i].resource)});
    ASSERT_LE(sent_.size(), kMaxWindows);
  }

  void check_sending(const std::vector<Row>& rows) {
    std::map<std::string, EventNumber> newest;
    for (const Flying& flying : broker_) newest[flying.resource] = std::max(newest[flying.resource], flying.number);
    for (const Row& row : rows) {
      const std::string resource(row.resource);
      EXPECT_EQ(resource, resources_[row.number]);
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
    if (chance(faults_.refuse_record)) {
      sent.report.failures.push_back({flying.index, kafka::FailureScope::kRecord, false, "refused"});
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
    if (!settlement_) return;
    outbox_.fail_settlements(chance(faults_.fail_settlement));
    bool durable = false;
    outbox_.settle(*settlement_, [&](core::Result<void> result) { durable = result.has_value(); });
    if (!durable) return;
    for (const auto& range : settlement_->delivered) {
      for (EventNumber number = range.first; number <= range.last; ++number) {
        EventNumber& newest = settled_[resources_[number]];
        newest = std::max(newest, number);
      }
    }
    settlement_.reset();
    pipeline_->settled();
  }

  void check_settlement(const store::Settlement& settlement) {
    for (const auto& range : settlement.delivered) {
      for (EventNumber number = range.first; number <= range.last; ++number) {
        EXPECT_TRUE(acknowledged_numbers_.contains(number)) << "settled without a positive report: " << number;
      }
    }
    for (const auto& row : settlement.held) {
      if (row.state != store::HeldRow::State::kSuperseded) continue;
      const std::string resource = row.type + "/" + row.id;
      EXPECT_EQ(resource, resources_[row.event_number]);
      EXPECT_GT(acknowledged_[resource], row.event_number) << "superseded by nothing";
    }
  }

  void crash_sometimes() {
    if (!chance(faults_.crash)) return;
    start();
  }

  bool done() const {
    if (!pipeline_->drained() || settlement_ || pipeline_->failure() || !read_to_the_end()) return false;
    for (const auto& [resource, held] : pipeline_->held().all()) {
      if (held.waiting == 0 || !too_long_.contains(held.waiting)) return false;
    }
    return true;
  }

  bool read_to_the_end() const {
    const auto held = outbox_.held();
    for (const auto& [number, row] : outbox_.rows()) {
      if (number > pipeline_->cursor() && !held.contains(number)) return false;
    }
    return true;
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
    return text;
  }

  std::mt19937 random_;
  Faults faults_;
  topic::TopicDestination destination_;
  test::FakeOutbox outbox_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<WindowSource> source_;
  std::shared_ptr<const kafka::RecordBatch> keep_;
  Now now_{core::SteadyTime(std::chrono::hours(1)), core::SystemTime(std::chrono::hours(1))};
  EventNumber last_ = 0;
  std::map<EventNumber, std::string> resources_;
  std::set<EventNumber> too_long_;
  std::deque<Flying> broker_;
  std::map<std::uint64_t, Sent> sent_;
  std::set<EventNumber> written_;                    // what a consumer could have seen
  std::set<EventNumber> acknowledged_numbers_;       // positively reported, ever
  std::map<std::string, EventNumber> acknowledged_;  // newest in this life of the process
  std::map<std::string, EventNumber> settled_;       // newest, ever
  std::optional<store::Settlement> settlement_;
};

class PipelineModel : public ::testing::TestWithParam<std::uint32_t> {};

void run(std::uint32_t seed, Faults faults, int steps) {
  Model model(seed, faults);
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

INSTANTIATE_TEST_SUITE_P(Seeds, PipelineModel, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace embergate::delivery
