// SPDX-License-Identifier: Apache-2.0
#include "delivery/pipeline.hpp"

#include <algorithm>

#include "embergate/core/assert.hpp"

namespace embergate::delivery {
namespace {

constexpr std::string_view kSupersededReason = "a later version of the resource was delivered";

store::HeldRow held_row(std::string_view resource, store::EventNumber number, store::HeldRow::State state,
                        std::string_view reason) {
  const std::size_t slash = resource.find('/');
  store::HeldRow row;
  row.event_number = number;
  row.state = state;
  row.type = std::string(resource.substr(0, slash));
  row.id = std::string(resource.substr(slash + 1));
  row.reason = std::string(reason);
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

}  // namespace

core::Milliseconds RetryPolicy::after(std::uint32_t attempts) const {
  const std::uint32_t doublings = std::min(attempts == 0 ? 0U : attempts - 1, 20U);
  return std::min(max, min * (std::int64_t{1} << doublings));
}

Pipeline::Pipeline(store::DestinationSlot slot, std::size_t max_windows, RetryPolicy retry)
    : slot_(slot), max_windows_(max_windows), retry_(retry) {}

void Pipeline::load(const std::vector<store::HeldRow>& rows, Now now) {
  for (const store::HeldRow& row : rows) {
    if (row.state != store::HeldRow::State::kWaiting) continue;
    HeldResource& held = held_.hold(row.type + "/" + row.id, row.event_number, 0);
    if (held.waiting != row.event_number) continue;
    held.attempts = row.attempts;
    held.reason = row.reason;
    held.next_try = row.next_try;
    const auto wait = std::chrono::duration_cast<core::Milliseconds>(row.next_try - now.system);
    held.due = now.steady + std::clamp(wait, core::Milliseconds(0), retry_.max);
  }
}

std::vector<HeldResources::Job> Pipeline::ready_jobs(core::SteadyTime now, std::size_t limit) const {
  if (failure_ || !has_room() || held_.empty()) return {};
  return held_.ready(now, cursor_, settled_through_, limit);
}

std::uint64_t Pipeline::add_read(Window window, store::EventNumber cursor, Now now) {
  cursor_ = std::max(cursor_, cursor);
  return add(std::move(window), now);
}

std::uint64_t Pipeline::add_jobs(Window window, const std::vector<Progress>& jobs, Now now) {
  const std::uint64_t sequence = add(std::move(window), now);
  for (const Progress& progress : jobs) {
    if (progress.job.catch_up) {
      held_.caught_up(progress.job.resource, progress.next, progress.complete);
    } else if (progress.found == Progress::Found::kSent) {
      held_.started(progress.job);
    } else if (progress.found == Progress::Found::kNothing) {
      held_.deliver(progress.job.resource,
                    progress.job.from);  // settled before, by whoever: nothing of it waits any more
    }
  }
  return sequence;
}

std::uint64_t Pipeline::add(Window window, Now now) {
  if (window.rows.empty() && window.refused.empty()) return 0;
  window.sequence = ++last_sequence_;
  window.sent_at = now.steady;
  for (const RefusedRow& row : window.refused) hold(row.resource, row.number, row.reason, now);
  records_in_flight_ += window.rows.size();
  InFlight& added = windows_.emplace_back();
  if (window.rows.empty()) added.report.emplace();
  added.window = std::move(window);
  return added.report ? 0 : last_sequence_;
}

void Pipeline::hold(std::string_view resource, store::EventNumber number, const std::string& reason, Now now) {
  HeldResource& held = held_.hold(resource, number, last_sequence_);
  last_refusal_ = reason;
  if (held.waiting != number) return;
  ++held.attempts;
  held.reason = reason;
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
  if (settling_ > 0 || windows_.empty() || !windows_.front().report) return std::nullopt;
  store::Settlement settlement;
  settlement.slot = slot_;
  while (!windows_.empty() && windows_.front().report) {
    settle_window(windows_.front(), now, settlement);
    processed_ = windows_.front().window.sequence;
    windows_.pop_front();
    ++settling_;
  }
  return settlement;
}

void Pipeline::settled() {
  EG_ASSERT(settling_ > 0);
  settling_ = 0;
  settled_through_ = processed_;
}

void Pipeline::settle_window(InFlight& in_flight, Now now, store::Settlement& out) {
  const Window& window = in_flight.window;
  auto failure = in_flight.report->failures.begin();
  const auto no_more = in_flight.report->failures.end();
  for (std::size_t i = 0; i < window.rows.size(); ++i) {
    if (failure != no_more && failure->index == i) {
      settle_failed(window.rows[i], *failure, now, out);
      ++failure;
    } else {
      settle_delivered(window.rows[i], out);
    }
  }
  for (const RefusedRow& row : window.refused) settle_refused(row, out);
}

void Pipeline::settle_delivered(const Row& row, store::Settlement& out) {
  append_delivered(row.number, out);
  if (held_.empty()) return;
  for (const store::EventNumber number : held_.deliver(row.resource, row.number)) {
    out.held.push_back(held_row(row.resource, number, store::HeldRow::State::kSuperseded, kSupersededReason));
  }
}

void Pipeline::settle_failed(const Row& row, const kafka::RecordFailure& failure, Now now, store::Settlement& out) {
  ++out.failed_attempts;
  if (failure.scope == kafka::FailureScope::kRecord) {
    hold(row.resource, row.number, failure.reason, now);
    append_waiting(row.resource, row.number, out);
  } else {
    held_.fail(row.resource, row.number, last_sequence_);
    failure_ = failure.reason;
  }
}

void Pipeline::settle_refused(const RefusedRow& row, store::Settlement& out) {
  ++out.failed_attempts;
  append_waiting(row.resource, row.number, out);
}

// Only the resource's first row is written down as waiting; those behind it are held back by it.
void Pipeline::append_waiting(std::string_view resource, store::EventNumber number, store::Settlement& out) {
  const auto found = held_.all().find(resource);
  if (found == held_.all().end() || found->second.waiting != number) return;
  store::HeldRow row = held_row(resource, number, store::HeldRow::State::kWaiting, found->second.reason);
  row.attempts = found->second.attempts;
  row.next_try = found->second.next_try;
  out.held.push_back(std::move(row));
}

void Pipeline::rewind() {
  EG_ASSERT(drained());
  const store::EventNumber lowest = held_.lowest_failed();
  if (lowest != 0) cursor_ = std::min(cursor_, lowest - 1);
  held_.rewind(cursor_);
  failure_.reset();
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
