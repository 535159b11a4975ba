// SPDX-License-Identifier: Apache-2.0
#include "interaction/undecided_events.hpp"

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

UndecidedEvents::UndecidedEvents(store::Store& store, CriteriaFailures& failures, Notice notice, Wanted wanted,
                                 core::Milliseconds retry_pause)
    : store_(store),
      failures_(failures),
      notice_(std::move(notice)),
      wanted_(std::move(wanted)),
      retry_pause_(retry_pause) {}

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

// One slot after the other, so that the rows of a hopeless topic hold up only each other.
core::Result<bool> UndecidedEvents::decide_some() {
  const store::DestinationSlot after = last_slot_;
  EG_TRY(const auto rows, store_.outbox().undecided_rows(after, kBatch));
  last_slot_ = rows.empty() ? store::DestinationSlot() : rows.front().slot;
  if (rows.empty()) return after != store::DestinationSlot();
  EG_CHECK(decide_rows(rows));
  return true;
}

core::Result<void> UndecidedEvents::decide_rows(const std::vector<store::UndecidedRow>& rows) {
  const core::SteadyTime end = core::system_clock().steady_now() + kBatchTime;
  std::vector<Decided> decided;
  core::Result<void> failure;
  for (const store::UndecidedRow& row : rows) {
    auto judgement = judge_in_rounds(row);
    if (!judgement) {
      failure = std::move(judgement).error();
      break;
    }
    decided.push_back({row, *std::move(judgement)});
    if (core::system_clock().steady_now() >= end) break;
  }
  if (decided.empty()) return failure;
  EG_CHECK(write_down(decided));
  tell(decided);
  return failure;
}

core::Result<UndecidedEvents::Judgement> UndecidedEvents::judge_in_rounds(const store::UndecidedRow& row) {
  auto judgement = judge(row);
  const auto known = unread_.find(row.slot);
  const bool failed_before = known != unread_.end() && known->second.number == row.event_number;
  if (judgement && failed_before) unread_.erase(known);
  if (judgement || stopped_) return judgement;
  if (!failed_before && unread_.size() >= kKept) unread_.clear();
  Unread& unread = unread_[row.slot];
  if (!failed_before) unread = {row.event_number, 0};
  if (++unread.rounds < kRounds) return judgement;
  unread_.erase(row.slot);
  return Judgement{
      Verdict::kUnknown, "what it is decided on could not be read: " + judgement.error().diagnostics, {}, {}};
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
core::Result<UndecidedEvents::Judgement> UndecidedEvents::judge(const store::UndecidedRow& row) {
  const std::pair question(row.version_id, row.topic_version);
  if (const auto known = kept_.find(question); known != kept_.end()) return known->second;
  core::Result<Judgement> judgement = stopped();
  try {
    judgement = evaluate(row);
  } catch (const std::exception&) {
    judgement = Judgement{Verdict::kUnknown, "the criterion could not be evaluated: there is no memory for it", {}, {}};
  }
  if (!judgement && judgement.error().retriable) return judgement;
  if (!judgement) judgement = Judgement{Verdict::kUnknown, judgement.error().diagnostics, {}, {}};
  if (kept_.size() >= kKept) kept_.erase(kept_.begin());
  kept_.emplace(question, *judgement);
  return judgement;
}

core::Result<UndecidedEvents::Judgement> UndecidedEvents::evaluate(const store::UndecidedRow& row) {
  EG_TRY(const Topic topic, topic_of(row));
  if (!topic) return Judgement{Verdict::kUnknown, "the topic as it was at the write is not there any more", {}, {}};
  EG_TRY(const States states, states_of(row));
  if (states.written.version_id == 0)
    return Judgement{Verdict::kUnknown, "the version that was written is not there any more", {}, {}};
  topic::MatchObserver observer;
  observer.on_error = [this](const topic::CriteriaError& error) {
    failures_.tell(CriteriaFailure::of(error), core::system_clock().steady_now());
  };
  const topic::Change change{static_cast<topic::Interaction>(states.written.interaction), row.type,
                             states.current.get(), states.previous.get(), states.written.last_updated};
  topic::Decision decision = topic::decide(*topic, change, observer, &stopped_);
  if (stopped_) return stopped();
  return Judgement{verdict_of(decision.outcome), std::move(decision.reason), topic->url, states.written.interaction};
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
