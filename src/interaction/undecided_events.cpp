// SPDX-License-Identifier: Apache-2.0
#include "interaction/undecided_events.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include "embergate/fhir/stored.hpp"
#include "embergate/observability/log.hpp"
#include "interaction/catalog_cache.hpp"

namespace embergate::interaction {
namespace {

using store::Verdict;

Verdict verdict_of(topic::Decision::Outcome outcome) {
  switch (outcome) {
    case topic::Decision::Outcome::kMatches:
      return Verdict::kWanted;
    case topic::Decision::Outcome::kDoesNotMatch:
      return Verdict::kUnwanted;
    case topic::Decision::Outcome::kUndecided:
      break;
  }
  return Verdict::kUnknown;
}

core::Error stopped() { return core::make_retriable(core::ErrorCode::kUnavailable, "the server is shutting down"); }

std::string resource_of(const store::UndecidedRow& row) { return row.type + "/" + row.id; }

store::HeldRow held_row(const store::UndecidedRow& row) {
  store::HeldRow held;
  held.event_number = row.event_number;
  held.version_id = row.version_id;
  held.state = store::HeldRow::State::kUndecided;
  held.type = row.type;
  held.id = row.id;
  return held;
}

}  // namespace

UndecidedEvents::Judgement UndecidedEvents::undecidable(std::string reason) {
  Judgement judgement;
  judgement.reason = std::move(reason);
  return judgement;
}

UndecidedEvents::UndecidedEvents(store::Store& store, CriteriaFailures& failures, Notice notice, Wanted wanted,
                                 core::Milliseconds retry_pause, core::Milliseconds quick_alone)
    : store_(store),
      failures_(failures),
      notice_(std::move(notice)),
      wanted_(std::move(wanted)),
      retry_pause_(retry_pause),
      quick_alone_(quick_alone) {}

void UndecidedEvents::start() {
  thread_ = std::thread([this] { run(); });
}

void UndecidedEvents::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void UndecidedEvents::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void UndecidedEvents::run() {
  full_look_due_ = core::system_clock().steady_now() + quick_alone_;
  while (!stopped_) {
    const auto more = decide_some();
    const bool failed = !more && !stopped_;
    if (failed && !failing_) {
      observability::log::event(
          observability::log::Level::kWarn, "topic/undecided-waiting",
          "undecided events cannot be decided now, it is tried again: " + more.error().diagnostics);
    }
    if (failed) failing_ = failed_in_round_ = true;
    if (more && last_slot_ == store::DestinationSlot()) failing_ = std::exchange(failed_in_round_, false);
    if (!more) {
      wait(retry_pause_, false);
    } else if (!*more) {
      wait(kIdlePoll, true);
    }
  }
}

void UndecidedEvents::wait(core::Milliseconds pause, bool may_be_woken) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [&] { return stopped_ || (may_be_woken && woken_); });
  if (may_be_woken) woken_ = false;
}

// One slot after the other; when none has a row that waits for its quick look, one row is looked at in full, and then
// they have their turn again. So neither a hopeless topic nor a hopeless resource holds up others.
core::Result<bool> UndecidedEvents::decide_some() {
  const store::DestinationSlot after = last_slot_;
  EG_TRY(const auto rows, store_.outbox().undecided_rows(after, kBatch));
  if (!rows.empty()) {
    last_slot_ = rows.front().slot;
    EG_TRY(const bool progress, look_quickly(rows));
    progress_in_round_ = progress_in_round_ || progress;
    // Rows that come faster than they are looked at would keep the others waiting for good.
    if (progress && core::system_clock().steady_now() >= full_look_due_) EG_CHECK(look_fully());
    return true;
  }
  last_slot_ = store::DestinationSlot();
  const bool progress = std::exchange(progress_in_round_, false);
  if (after == store::DestinationSlot()) {
    full_look_due_ = core::system_clock().steady_now() + quick_alone_;
    return false;
  }
  if (!progress) EG_CHECK(look_fully());
  return true;
}

UndecidedEvents::Slot& UndecidedEvents::slot_of(store::DestinationSlot slot) {
  // What is forgotten costs another quick look.
  if (slots_.size() >= kKept && !slots_.contains(slot)) slots_.clear();
  return slots_[slot];
}

// `first`: the first rows of a slot, whether they had their look or not. False: all rows of the slot had it.
core::Result<bool> UndecidedEvents::look_quickly(const std::vector<store::UndecidedRow>& first) {
  const store::DestinationSlot slot = first.front().slot;
  const store::EventNumber looked_at = slot_of(slot).looked_at;
  if (first.front().event_number > looked_at) {
    EG_CHECK(decide_rows(first, Look::kQuick));
    return true;
  }
  EG_TRY(const auto rows, store_.outbox().undecided_rows_of(slot, looked_at, kBatch));
  if (rows.empty()) return false;
  EG_CHECK(decide_rows(rows, Look::kQuick));
  return true;
}

core::Result<void> UndecidedEvents::look_fully() {
  auto looked = look_fully_at_next();
  full_look_due_ = core::system_clock().steady_now() + quick_alone_;
  return looked;
}

// The first row of the next slot that is not of the resource of the time before, if there is one.
core::Result<void> UndecidedEvents::look_fully_at_next() {
  EG_TRY(auto rows, store_.outbox().undecided_rows(last_full_slot_, kBatch));
  if (rows.empty()) {
    EG_TRY(rows, store_.outbox().undecided_rows(store::DestinationSlot(), kBatch));
  }
  if (rows.empty()) return {};
  last_full_slot_ = rows.front().slot;
  Slot& slot = slot_of(last_full_slot_);
  std::erase_if(rows, [&](const store::UndecidedRow& row) { return row.event_number > slot.looked_at; });
  if (rows.empty()) return {};
  const auto other =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return resource_of(row) != slot.resource; });
  const store::UndecidedRow row = other == rows.end() ? rows.front() : *other;
  slot.resource = resource_of(row);
  return decide_rows({row}, Look::kFull);
}

core::Result<void> UndecidedEvents::decide_rows(const std::vector<store::UndecidedRow>& rows, Look look) {
  const core::SteadyTime end = core::system_clock().steady_now() + kBatchTime;
  std::vector<Decided> decided;
  store::EventNumber looked_at = 0;
  core::Result<void> failure;
  for (const store::UndecidedRow& row : rows) {
    auto judgement = judge_in_rounds(row, look);
    if (!judgement) {
      failure = std::move(judgement).error();
      break;
    }
    looked_at = row.event_number;
    if (!judgement->later) decided.push_back({row, *std::move(judgement)});
    if (core::system_clock().steady_now() >= end) break;
  }
  if (!decided.empty()) {
    EG_CHECK(write_down(decided));
    tell(decided);
  }
  if (look == Look::kQuick && looked_at != 0) slot_of(rows.front().slot).looked_at = looked_at;
  return failure;
}

core::Result<UndecidedEvents::Judgement> UndecidedEvents::judge_in_rounds(const store::UndecidedRow& row, Look look) {
  auto judgement = judge(row, look);
  const std::pair key(row.slot, row.event_number);
  if (judgement && !unread_.empty()) unread_.erase(key);
  if (judgement || stopped_) return judgement;
  if (unread_.size() >= kKept && !unread_.contains(key)) unread_.clear();
  if (++unread_[key] < kRounds) return judgement;
  unread_.erase(key);
  return undecidable("what it is decided on could not be read: " + judgement.error().diagnostics);
}

core::Result<void> UndecidedEvents::write_down(std::vector<Decided>& decided) {
  std::promise<core::Result<void>> committed;
  store_.transact(
      [&decided](store::Transaction& tx) -> core::Result<void> {
        for (Decided& one : decided) {
          EG_TRY(one.changed,
                 tx.decide(one.row.slot, one.row.event_number, one.judgement.verdict, one.judgement.reason));
        }
        return {};
      },
      [&committed](const core::Result<store::CommitReceipt>& receipt) {
        committed.set_value(receipt ? core::Result<void>() : core::Result<void>(receipt.error()));
      });
  return committed.get_future().get();
}

void UndecidedEvents::tell(const std::vector<Decided>& decided) {
  std::vector<store::HeldRow> wanted;
  std::vector<store::HeldRow> unwanted;
  for (const Decided& one : decided) {
    if (!one.changed || one.judgement.verdict == Verdict::kUnknown) continue;
    if (one.judgement.verdict == Verdict::kWanted) {
      wanted.push_back(held_row(one.row));
      wanted_(one.judgement.topic_url, store::to_string(one.judgement.interaction));
    } else {
      unwanted.push_back(held_row(one.row));
    }
  }
  if (!wanted.empty() || !unwanted.empty()) notice_(decided.front().row.slot, std::move(wanted), std::move(unwanted));
}

// Several destinations of a topic ask the same.
core::Result<UndecidedEvents::Judgement> UndecidedEvents::judge(const store::UndecidedRow& row, Look look) {
  const std::pair question(row.version_id, row.topic_version);
  const auto known = kept_.find(question);
  if (known != kept_.end() && (look == Look::kQuick || !known->second.later)) return known->second;
  core::Result<Judgement> judgement = stopped();
  try {
    judgement = evaluate(row, look);
  } catch (const std::exception&) {
    judgement = undecidable("the criterion could not be evaluated: there is no memory for it");
  }
  if (!judgement && judgement.error().retriable) return judgement;
  if (!judgement) judgement = undecidable(judgement.error().diagnostics);
  if (kept_.size() >= kKept) kept_.erase(kept_.begin());
  kept_.insert_or_assign(question, *judgement);
  return judgement;
}

core::Result<UndecidedEvents::Judgement> UndecidedEvents::evaluate(const store::UndecidedRow& row, Look look) {
  EG_TRY(const Topic topic, topic_of(row));
  if (!topic) return undecidable("the topic as it was at the write is not there any more");
  EG_TRY(const States states, states_of(row));
  if (states.written.version_id == 0) return undecidable("the version that was written is not there any more");
  std::vector<CriteriaFailure> failed;
  topic::MatchObserver observer;
  observer.on_error = [&failed](const topic::CriteriaError& error) { failed.push_back(CriteriaFailure::of(error)); };
  const topic::Change change{static_cast<topic::Interaction>(states.written.interaction), row.type,
                             states.current.get(), states.previous.get(), states.written.last_updated};
  topic::Decision decision = topic::decide(*topic, change, observer, &stopped_,
                                           look == Look::kQuick ? topic::kQuickSteps : topic::kPatientSteps);
  if (stopped_) return stopped();
  const bool later = look == Look::kQuick && decision.out_of_steps;
  if (!later) {
    const core::SteadyTime now = core::system_clock().steady_now();
    for (const CriteriaFailure& one : failed) failures_.tell_late(one, row.topic_version, now);
  }
  return Judgement{verdict_of(decision.outcome), later, std::move(decision.reason), topic->url,
                   states.written.interaction};
}

core::Result<UndecidedEvents::Topic> UndecidedEvents::topic_of(const store::UndecidedRow& row) {
  if (const auto known = topics_.find(row.topic_version); known != topics_.end()) return known->second;
  std::optional<store::StoredVersion> stored;
  EG_CHECK(store_.read([&](store::Reader& reader) -> core::Result<void> {
    EG_TRY(stored, reader.load_version(kTopicType, row.topic_id, row.topic_version));
    return {};
  }));
  if (!stored) return Topic();
  EG_TRY(const fhir::ResourcePtr resource, fhir::parse_stored(stored->body));
  std::vector<fhir::Issue> issues;
  Topic topic = topic::SubscriptionTopic::parse(*resource, stored->id, issues, topic::patient_limits());
  if (topics_.size() >= kKept / 16) topics_.clear();
  topics_.emplace(row.topic_version, topic);
  return topic;
}

// As the write saw them: no previous one of a create, also after a deletion; no current one of a deletion.
core::Result<UndecidedEvents::States> UndecidedEvents::states_of(const store::UndecidedRow& row) {
  States states;
  std::optional<store::StoredVersion> written;
  std::optional<store::StoredVersion> previous;
  EG_CHECK(store_.read([&](store::Reader& reader) -> core::Result<void> {
    EG_TRY(written, reader.load_version(row.type, row.id, row.version_id));
    if (!written || written->interaction == store::Interaction::kCreate) return {};
    EG_TRY(previous, reader.load_version(row.type, row.id, written->previous_version_id));
    return {};
  }));
  if (!written) return states;
  states.written = *std::move(written);
  if (states.written.interaction != store::Interaction::kDelete) {
    EG_TRY(states.current, fhir::parse_stored(states.written.body));
  }
  if (previous) {
    EG_TRY(states.previous, fhir::parse_stored(previous->body));
  }
  return states;
}

}  // namespace embergate::interaction
