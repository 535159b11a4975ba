// SPDX-License-Identifier: Apache-2.0
// The relay's rows that wait in the database: read at the start and when there is room again, released and discarded by
// an operator, shown in `$status`.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "delivery/relay.hpp"
#include "embergate/core/blocking.hpp"

namespace embergate::delivery {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kWaitingShown = 5;
// Of the rows that wait in the database only, so many are looked at for the code of their refusal.
constexpr std::size_t kParkedLookedAt = 100;

}  // namespace

void Relay::released(std::vector<store::HeldRow> rows) {
  asio::post(strand_, [self = shared_from_this(), moved = std::move(rows)]() mutable {
    self->decisions_.push_back({std::move(moved), true});
    self->signal();
  });
}

void Relay::discarded(std::vector<store::HeldRow> rows) {
  asio::post(strand_, [self = shared_from_this(), moved = std::move(rows)]() mutable {
    self->decisions_.push_back({std::move(moved), false});
    self->signal();
  });
}

// Not at once, since the pool may be reading the books.
void Relay::absorb_decisions() {
  for (const Decision& decision : std::exchange(decisions_, {})) {
    if (decision.release) {
      pipeline_.released(decision.rows, now());
    } else {
      pipeline_.discarded(decision.rows, now());
    }
    last_gauges_ = {};
  }
}

WindowSource::Books Relay::books() const {
  return {pipeline_.held(), pipeline_.cursor(), pipeline_.learned(), pipeline_.some_parked()};
}

asio::awaitable<void> Relay::load() {
  while (stop_ == Stop::kNo) {
    auto read = [self = shared_from_this()] { return self->read_waiting(self->clock_.system_now()); };
    auto waiting = co_await core::run_blocking(pool_, std::move(read));
    if (waiting) {
      pipeline_.load(waiting->rows, waiting->all, now());
      co_return;
    }
    note(trouble_of(waiting.error()));
    pause();
    co_await wait();
  }
}

// All rows that wait when there is room for them, else those that are due. Discarded ones are among them, but are not
// counted as waiting: when they fill the room, there may be more.
core::Result<Relay::Waiting> Relay::read_waiting(core::SystemTime due) {
  Waiting waiting;
  EG_TRY(const store::SlotCounters counters, outbox_.counters(options_.slot));
  waiting.all = counters.waiting <= options_.max_held / 2;
  if (waiting.all) {
    EG_TRY(waiting.rows,
           outbox_.held_rows(options_.slot, {store::HeldRow::State::kWaiting, 0, options_.max_held, true}));
    waiting.all = waiting.rows.size() < options_.max_held;
  } else {
    EG_TRY(waiting.rows, outbox_.due_rows(options_.slot, {due, options_.max_held}));
  }
  return waiting;
}

asio::awaitable<void> Relay::refill() {
  refill_at_ = clock_.steady_now() + options_.retry.min;
  auto read = [self = shared_from_this()] { return self->read_waiting(self->clock_.system_now()); };
  auto waiting = co_await core::run_blocking(pool_, std::move(read));
  if (waiting) {
    pipeline_.load(waiting->rows, waiting->all, now());
  } else {
    note(trouble_of(waiting.error()));
  }
}

core::Result<Relay::Counts> Relay::read_counts(bool some_parked) {
  Counts counts;
  EG_TRY(counts.slot, outbox_.counters(options_.slot));
  if (counts.slot.waiting == 0 || !some_parked) return counts;
  EG_TRY(const auto rows,
         outbox_.held_rows(options_.slot, {store::HeldRow::State::kWaiting, 0, kParkedLookedAt, false}));
  for (const store::HeldRow& row : rows) counts.refusals.insert(fault_of(row));
  return counts;
}

// The codes are those of the rows that wait now: what became of a row that was refused once says nothing of others.
void Relay::add_refusals_in_memory(Counts& counts) const {
  if (counts.slot.waiting != 0) {
    for (const auto& [key, held] : pipeline_.held().all()) {
      if (held.waiting != 0 && !held.refusal.given_up) counts.refusals.insert(fault_of(held.refusal.code));
    }
  }
  counts.refusals.erase(core::Fault::kNone);
}

void Relay::set_held(Counts counts) {
  std::lock_guard lock(producer_mutex_);
  held_ = {counts.slot.waiting, counts.slot.superseded, counts.slot.undecided, std::move(counts.refusals)};
}

Relay::Held Relay::held() const {
  std::lock_guard lock(producer_mutex_);
  return held_;
}

asio::awaitable<Relay::View> Relay::view() {
  co_return co_await asio::co_spawn(strand_, view_on_strand(), asio::use_awaitable);
}

asio::awaitable<Relay::View> Relay::view_on_strand() {
  const auto self = shared_from_this();
  View view;
  view.in_process = pipeline_.records_in_flight();
  for (const auto& [key, held] : pipeline_.held().all()) {
    if (view.waiting.size() >= kWaitingShown) break;
    if (held.waiting == 0 || held.refusal.given_up) continue;
    view.waiting.push_back({std::string(HeldResources::resource_of(key)), fault_of(held.refusal.code),
                            held.refusal.reason, held.next_try});
  }
  co_return view;
}

}  // namespace embergate::delivery
