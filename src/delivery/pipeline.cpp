// SPDX-License-Identifier: Apache-2.0
#include "delivery/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "embergate/core/assert.hpp"

namespace embergate::delivery {
namespace {

using State = store::HeldRow::State;

constexpr std::size_t kDeferredAtOnce = 256;

store::HeldRow held_row(std::string_view resource, store::EventNumber number, State state, const Refusal& refusal) {
  const std::size_t slash = resource.find('/');
  store::HeldRow row;
  row.event_number = number;
  row.state = state;
  row.type = std::string(resource.substr(0, slash));
  row.id = std::string(resource.substr(slash + 1));
  row.code = refusal.code;
  row.reason = refusal.reason;
  row.bytes = refusal.bytes;
  return row;
}

store::HeldRow waiting_row(std::string_view resource, const HeldResource& held) {
  store::HeldRow row = held_row(resource, held.waiting, State::kWaiting, held.refusal);
  row.attempts = held.attempts;
  row.since = held.since;
  row.next_try = held.next_try;
  return row;
}

// `held`: as it was before the later row was delivered. The refusal is that of the waiting row; of those that failed
// behind it neither reasons nor tries are kept, but each was on its way.
store::HeldRow superseded_row(std::string_view resource, store::EventNumber number, const HeldResource& held, Now now) {
  const bool was_refused = number == held.waiting;
  const Refusal refusal = was_refused ? held.refusal : Refusal{kOvertaken, {}, 0, false};
  store::HeldRow row = held_row(resource, number, State::kSuperseded, refusal);
  row.attempts = was_refused ? std::max(held.attempts, 1U) : 1U;
  row.reason = "a later version of the resource was delivered; this one ";
  row.reason += was_refused ? "was refused: " + refusal.reason : "had failed with others";
  row.since = now.system;
  return row;
}

void append_delivered(store::EventNumber number, store::Settlement& out) {
  ++out.delivered_count;
  if (!out.delivered.empty() && out.delivered.back().last + 1 == number) {
    out.delivered.back().last = number;
  } else {
    out.delivered.push_back({number, number});
  }
}

std::string resource_of(const store::HeldRow& row) { return row.type + "/" + row.id; }

}  // namespace

Pipeline::Pipeline(store::DestinationSlot slot, std::size_t max_windows, RetryPolicy retry, bool ordered,
                   std::size_t max_held)
    : slot_(slot), max_windows_(max_windows), retry_(retry), held_(ordered, max_held), sizes_(retry) {}

void Pipeline::load(const std::vector<store::HeldRow>& rows, bool all, Now now) {
  parked_ = !all;
  for (const store::HeldRow& row : rows) load_row(row, now);
}

void Pipeline::load_row(const store::HeldRow& row, Now now) {
  const std::string resource = resource_of(row);
  if (row.state != State::kWaiting) return;
  if (row.released ? held_.has_by_itself(resource, row.event_number) : !held_.may_take(resource, row.event_number))
    return;
  if (held_.size() >= held_.max_held()) {
    parked_ = true;
    return;
  }
  if (row.released) held_.hold_by_itself(resource, row.event_number);
  HeldResource& held = held_.hold(resource, row.event_number, 0);
  held.attempts = row.attempts;
  held.refusal = {row.code, row.reason, row.bytes,
                  row.code == kTooLongForBroker && row.bytes > 0 && !row.discarded,  // that is not sent: no probe
                  row.discarded};
  held.since = row.since;
  held.next_try = row.next_try;
  const auto wait = std::chrono::duration_cast<core::Milliseconds>(row.next_try - now.system);
  held.due = now.steady + std::clamp(wait, core::Milliseconds(0), retry_.max);
}

void Pipeline::decided(const std::vector<std::string>& resources) {
  for (const std::string& resource : resources) held_.catch_up_all(resource, last_sequence_);
}

// A row that waits for its order and is not known here is parked, or was settled just now: the database, where it is
// due from now on, gives it when its turn comes. A superseded one may have been met while reading on before this was
// heard of: then it is on its way already.
void Pipeline::released(const std::vector<store::HeldRow>& rows, Now now) {
  for (const store::HeldRow& row : rows) {
    if (row.state == State::kUndecided) {
      held_.catch_up_all(resource_of(row), last_sequence_);
      continue;
    }
    sizes_.probe_now();
    const HeldResource* known = held_.find(resource_of(row), row.event_number);
    const bool waits_here = known != nullptr && known->waiting == row.event_number;  // and would be sent twice
    if (row.released && !waits_here && !is_in_flight(row.event_number)) load_row(row, now);
    held_.try_now(resource_of(row), row.event_number, now.steady);
  }
}

// A row that waits is deleted by its own try, which is due now. One that is parked comes in for that as every due row.
void Pipeline::discarded(const std::vector<store::HeldRow>& rows, Now now) {
  for (const store::HeldRow& row : rows) {
    if (row.state == State::kUndecided) {
      held_.catch_up_all(resource_of(row), last_sequence_);
    } else if (row.state == State::kWaiting) {
      held_.give_up(resource_of(row), row.event_number, now.steady);
    }
  }
}

bool Pipeline::may_build() const {
  if (failure_ || probe_sequence_ != 0 || windows_.size() + settling_windows_ >= max_windows_) return false;
  if (parked_ && settling_) return false;
  return sizes_.rules().together == 0 || records_in_flight_ == 0;
}

std::vector<HeldResources::Job> Pipeline::ready_jobs(Now now, std::size_t limit) {
  sizes_.grow(now.steady);
  quiet_wanted_ = false;
  if (!may_build() || held_.empty()) return {};
  const HeldResources::Moment moment{now.steady, cursor_, settled_through_};
  auto probe = probe_or_wait(moment, now);
  if (!probe.empty() || quiet_wanted_) return probe;
  return held_.ready(moment, sizes_.proven(), limit);
}

std::vector<HeldResources::Job> Pipeline::probe_or_wait(const HeldResources::Moment& moment, Now now) {
  const std::size_t proven = sizes_.proven();
  if (sizes_.next_probe() > now.steady) {
    const core::SystemTime next_try =
        now.system + std::chrono::duration_cast<core::Milliseconds>(sizes_.next_probe() - now.steady);
    if (deferred_.empty()) deferred_ = held_.defer(moment, proven, sizes_.next_probe(), next_try, kDeferredAtOnce);
    return {};
  }
  auto probe = held_.probe(moment, proven, sizes_.choice());
  if (!probe) return {};
  quiet_wanted_ = records_in_flight_ > 0;
  if (quiet_wanted_) return {};
  return {*std::move(probe)};
}

std::uint64_t Pipeline::add_read(Window window, store::EventNumber cursor, Now now) {
  cursor_ = std::max(cursor_, cursor);
  return add(std::move(window), false, now);
}

std::uint64_t Pipeline::add_jobs(Window window, const std::vector<Progress>& jobs, Now now) {
  const bool probe = !jobs.empty() && jobs.front().job.probe;
  for (const Progress& progress : jobs) {
    window.dropped.insert(window.dropped.end(), progress.dropped.begin(), progress.dropped.end());
    if (progress.found == Progress::Found::kGivenUp)
      window.given_up.push_back({progress.job.from, progress.job.resource});
  }
  const std::uint64_t sequence = add(std::move(window), probe, now);
  for (const Progress& progress : jobs) {
    if (progress.job.catch_up) {
      held_.caught_up(progress.job.resource, progress.next, progress.complete && !progress.took_any, last_sequence_);
    } else if (progress.found == Progress::Found::kSent || progress.found == Progress::Found::kGivenUp) {
      held_.started(progress.job);
    } else if (progress.found == Progress::Found::kNothing) {
      held_.remove(progress.job.resource, progress.job.from);  // settled before, or discarded
    }
  }
  return sequence;
}

std::uint64_t Pipeline::add(Window window, bool probe, Now now) {
  if (window.empty()) return 0;
  window.sequence = ++last_sequence_;
  window.sent_at = now.steady;
  for (const RefusedRow& row : window.refused) hold(row.resource, row.number, row.refusal, now);
  window.alone = window.rows.size() == 1 && records_in_flight_ == 0 && (probe || sizes_.rules().together != 0);
  if (probe && !window.rows.empty()) probe_sequence_ = window.sequence;
  records_in_flight_ += window.rows.size();
  InFlight& added = windows_.emplace_back();
  if (window.rows.empty()) added.report.emplace();
  added.window = std::move(window);
  return added.report ? 0 : last_sequence_;
}

void Pipeline::hold(std::string_view resource, store::EventNumber number, Refusal refusal, Now now) {
  HeldResource& held = held_.hold(resource, number, last_sequence_);
  last_refusal_ = Trouble{fault_of(refusal.code), refusal.reason};
  if (held.waiting != number) return;
  ++held.attempts;
  if (held.since == core::SystemTime()) held.since = now.system;
  held.refusal = std::move(refusal);
  const core::Milliseconds wait = retry_.after(held.attempts);
  held.due = now.steady + wait;
  held.next_try = now.system + wait;
}

void Pipeline::report(std::uint64_t sequence, kafka::BatchReport report) {
  const auto found = std::find_if(windows_.begin(), windows_.end(),
                                  [&](const InFlight& one) { return one.window.sequence == sequence; });
  EG_ASSERT(found != windows_.end() && !found->report);
  records_in_flight_ -= found->window.rows.size();
  std::sort(report.failures.begin(), report.failures.end(),
            [](const kafka::RecordFailure& a, const kafka::RecordFailure& b) { return a.index < b.index; });
  found->report = std::move(report);
}

std::optional<store::Settlement> Pipeline::take_settlement(Now now) {
  if (settling_) return std::nullopt;
  store::Settlement settlement;
  settlement.slot = slot_;
  while (!windows_.empty() && windows_.front().report) {
    settle_window(windows_.front(), now, settlement);
    processed_ = windows_.front().window.sequence;
    windows_.pop_front();
    ++settling_windows_;
  }
  append_deferred(settlement);
  settling_ = settling_windows_ > 0 || !settlement.held.empty();
  if (!settling_) return std::nullopt;
  return settlement;
}

void Pipeline::settled(core::SteadyTime now) {
  EG_ASSERT(settling_);
  settling_ = false;
  settling_windows_ = 0;
  settled_through_ = processed_;
  if ((parked_ || held_.size() > held_.max_held()) && held_.park(now, settled_through_) > 0) parked_ = true;
}

void Pipeline::settle_window(InFlight& in_flight, Now now, store::Settlement& out) {
  const Window& window = in_flight.window;
  if (window.sequence == probe_sequence_) probe_sequence_ = 0;
  const std::size_t too_long = judge_sizes(in_flight, now.steady);
  auto failure = in_flight.report->failures.begin();
  const auto no_more = in_flight.report->failures.end();
  for (std::size_t i = 0; i < window.rows.size(); ++i) {
    if (failure != no_more && failure->index == i) {
      // One of several may have been refused for their company only.
      const Refusal refusal{failure->too_long ? kTooLongForBroker : kRefusedByBroker, failure->reason,
                            window.record_bytes(i), failure->too_long && too_long == 1};
      settle_failed(window.rows[i], *failure, refusal, now, out);
      ++failure;
    } else {
      settle_delivered(window.rows[i], now, out);
    }
  }
  for (const RefusedRow& row : window.refused) settle_refused(row, out);
  for (const store::EventNumber number : window.dropped) out.delivered.push_back({number, number});
  for (const GivenUpRow& row : window.given_up) {
    out.delivered.push_back({row.number, row.number});
    held_.remove(row.resource, row.number);
  }
}

std::size_t Pipeline::judge_sizes(const InFlight& in_flight, core::SteadyTime now) {
  const Window& window = in_flight.window;
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const kafka::RecordFailure& failure : in_flight.report->failures) {
    if (!failure.too_long) continue;
    ++count;
    bytes += window.record_bytes(failure.index);
  }
  if (count > 1) {
    sizes_.refused_together(bytes, now);
  } else if (window.alone && count == 1) {
    sizes_.refused_alone(bytes, now);
  } else if (window.alone && in_flight.report->failures.empty()) {
    if (sizes_.accepted_alone(window.record_bytes(0), now)) held_.try_long_ones(now);
  }
  return count;
}

void Pipeline::settle_delivered(const Row& row, Now now, store::Settlement& out) {
  append_delivered(row.number, out);
  const HeldResource* held = held_.find(row.resource, row.number);
  if (held == nullptr) return;
  const HeldResource before = *held;
  for (const store::EventNumber number : held_.deliver(row.resource, row.number))
    out.held.push_back(superseded_row(row.resource, number, before, now));
}

void Pipeline::settle_failed(const Row& row, const kafka::RecordFailure& failure, Refusal refusal, Now now,
                             store::Settlement& out) {
  ++out.failed_attempts;
  if (failure.scope == kafka::FailureScope::kRecord) {
    hold(row.resource, row.number, std::move(refusal), now);
    append_waiting(row.resource, row.number, out);
  } else {
    held_.fail(row.resource, row.number, last_sequence_);
    failure_ = Trouble{failure.fault, failure.reason};
    failed_for_topic_ = failed_for_topic_ || failure.scope == kafka::FailureScope::kTopic;
  }
}

void Pipeline::settle_refused(const RefusedRow& row, store::Settlement& out) {
  ++out.failed_attempts;
  append_waiting(row.resource, row.number, out);
}

// Only the resource's first row is written down as waiting; those behind it are held back by it.
void Pipeline::append_waiting(std::string_view resource, store::EventNumber number, store::Settlement& out) {
  const HeldResource* held = held_.find(resource, number);
  if (held != nullptr && held->waiting == number) out.held.push_back(waiting_row(resource, *held));
}

void Pipeline::append_deferred(store::Settlement& out) {
  for (const std::string& key : deferred_) {
    const auto found = held_.all().find(key);
    if (found == held_.all().end() || found->second.waiting == 0 || found->second.trying) continue;
    out.held.push_back(waiting_row(HeldResources::resource_of(key), found->second));
  }
  deferred_.clear();
}

void Pipeline::rewind() {
  EG_ASSERT(drained());
  const store::EventNumber lowest = held_.lowest_failed();
  if (lowest != 0) cursor_ = std::min(cursor_, lowest - 1);
  held_.rewind(cursor_);
  failure_.reset();
  failed_for_topic_ = false;
}

bool Pipeline::is_in_flight(store::EventNumber number) const {
  return std::any_of(windows_.begin(), windows_.end(), [number](const InFlight& one) {
    return std::any_of(one.window.rows.begin(), one.window.rows.end(),
                       [number](const Row& row) { return row.number == number; });
  });
}

const Window* Pipeline::window(std::uint64_t sequence) const {
  const auto found = std::find_if(windows_.begin(), windows_.end(),
                                  [&](const InFlight& one) { return one.window.sequence == sequence; });
  return found == windows_.end() ? nullptr : &found->window;
}

const Window* Pipeline::oldest_unreported() const {
  const auto found = std::find_if(windows_.begin(), windows_.end(), [](const InFlight& one) { return !one.report; });
  return found == windows_.end() ? nullptr : &found->window;
}

}  // namespace embergate::delivery
