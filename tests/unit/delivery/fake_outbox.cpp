// SPDX-License-Identifier: Apache-2.0
#include "fake_outbox.hpp"

#include <algorithm>
#include <set>

namespace embergate::test {
namespace {
core::Error away() { return core::make_retriable(core::ErrorCode::kUnavailable, "the database is away"); }
}  // namespace

store::EventNumber FakeOutbox::append(Entry entry) {
  std::lock_guard lock(mutex_);
  rows_.emplace(++last_, std::move(entry));
  counters_.last_event_number = last_;
  return last_;
}

store::EventNumber FakeOutbox::append(const std::string& type, const std::string& id) {
  Entry entry;
  entry.type = type;
  entry.id = id;
  entry.body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"}";
  return append(std::move(entry));
}

bool FakeOutbox::visit_row(store::EventNumber number, const Entry& entry, const Visit& visit) {
  store::OutboxEvent event;
  event.event_number = number;
  event.version_id = entry.version;
  event.interaction = entry.interaction;
  event.type = entry.type;
  event.id = entry.id;
  event.commit_time = entry.commit_time;
  event.body = entry.body;
  event.correlation_id = entry.correlation_id;
  for (const auto& [held_number, row] : held_) {
    if (held_number > number) break;
    event.waiting |= row.state == store::HeldRow::State::kWaiting && held_number == number;
    event.unwanted |= discarded(row) && held_number == number;
    event.behind_waiting |=
        row.state == store::HeldRow::State::kWaiting && !row.released && row.type == entry.type && row.id == entry.id;
    const bool undecided = row.state == store::HeldRow::State::kUndecided;
    if (undecided && held_number == number) {
      const auto verdict = verdicts_.find(number);
      event.undecided = true;
      event.wanted = verdict != verdicts_.end() && verdict->second;
      event.unwanted = verdict != verdicts_.end() && !verdict->second;
    }
    event.behind_undecided |= undecided && row.type == entry.type && row.id == entry.id;
  }
  return visit(event);
}

bool FakeOutbox::superseded(store::EventNumber number) const {
  const auto found = held_.find(number);
  return found != held_.end() && found->second.state == store::HeldRow::State::kSuperseded;
}

// As in the store: a waiting row that was discarded.
bool FakeOutbox::discarded(const store::HeldRow& row) const {
  const auto verdict = verdicts_.find(row.event_number);
  return row.state == store::HeldRow::State::kWaiting && verdict != verdicts_.end() && !verdict->second;
}

core::Result<std::size_t> FakeOutbox::read(store::DestinationSlot, store::EventNumber after, std::size_t max_rows,
                                           std::size_t max_bytes, const Visit& visit) {
  if (on_read) on_read();
  std::lock_guard lock(mutex_);
  if (fail_reads_) return away();
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (auto at = rows_.upper_bound(after); at != rows_.end() && count < max_rows && bytes < max_bytes; ++at) {
    if (superseded(at->first)) continue;
    if (!visit_row(at->first, at->second, visit)) break;
    ++count;
    bytes += at->second.body.size();
    if (at->first == fail_behind_) {
      fail_behind_ = 0;
      return away();
    }
  }
  return count;
}

core::Result<std::size_t> FakeOutbox::read_rows(store::DestinationSlot, const std::vector<store::EventNumber>& numbers,
                                                const Visit& visit) {
  std::lock_guard lock(mutex_);
  if (fail_reads_) return away();
  std::size_t count = 0;
  for (const store::EventNumber number : numbers) {
    const auto found = rows_.find(number);
    if (found == rows_.end() || superseded(number)) continue;
    if (!visit_row(number, found->second, visit)) break;
    ++count;
  }
  return count;
}

core::Result<std::size_t> FakeOutbox::read_resource(store::DestinationSlot, store::EventNumber from,
                                                    std::string_view type, std::string_view id, std::size_t max_rows,
                                                    const Visit& visit) {
  std::lock_guard lock(mutex_);
  if (fail_reads_) return away();
  std::size_t count = 0;
  for (auto at = rows_.lower_bound(from); at != rows_.end() && count < max_rows; ++at) {
    if (at->second.type != type || at->second.id != id || superseded(at->first)) continue;
    if (!visit_row(at->first, at->second, visit)) break;
    ++count;
  }
  return count;
}

core::Result<std::vector<store::HeldRow>> FakeOutbox::held_rows(store::DestinationSlot, const store::HeldQuery& query) {
  std::lock_guard lock(mutex_);
  if (fail_reads_) return away();
  std::vector<store::HeldRow> found;
  for (auto at = held_.upper_bound(query.after); at != held_.end() && found.size() < query.limit; ++at) {
    if (query.state && at->second.state != *query.state) continue;
    if (discarded(at->second) && !query.discarded_too) continue;
    found.push_back(at->second);
    found.back().discarded = discarded(at->second);
  }
  return found;
}

core::Result<std::vector<store::HeldRow>> FakeOutbox::due_rows(store::DestinationSlot, const store::DueQuery& query) {
  std::lock_guard lock(mutex_);
  if (fail_reads_) return away();
  std::vector<store::HeldRow> found;
  std::set<std::string> resources;
  for (const auto& [number, row] : held_) {
    if (row.state != store::HeldRow::State::kWaiting) continue;
    const bool first = row.released || resources.insert(row.type + "/" + row.id).second;
    if (!first || row.next_try > query.now) continue;
    found.push_back(row);
    found.back().discarded = discarded(row);
  }
  std::stable_sort(found.begin(), found.end(), [](const store::HeldRow& left, const store::HeldRow& right) {
    return left.next_try < right.next_try;
  });
  if (found.size() > query.limit) found.resize(query.limit);
  return found;
}

core::Result<std::vector<store::UndecidedRow>> FakeOutbox::undecided_rows(store::DestinationSlot, std::size_t) {
  return std::vector<store::UndecidedRow>();
}

core::Result<std::vector<store::UndecidedRow>> FakeOutbox::undecided_rows_of(store::DestinationSlot, store::EventNumber,
                                                                             std::size_t) {
  return std::vector<store::UndecidedRow>();
}

void FakeOutbox::make_undecided(store::EventNumber number) {
  std::lock_guard lock(mutex_);
  store::HeldRow& row = held_[number];
  row.event_number = number;
  row.state = store::HeldRow::State::kUndecided;
  row.type = rows_.at(number).type;
  row.id = rows_.at(number).id;
}

void FakeOutbox::settle(store::Settlement settlement, Done done) {
  {
    std::lock_guard lock(mutex_);
    if (settle_later_) {
      waiting_settlements_.push_back({std::move(settlement), std::move(done)});
      return;
    }
  }
  if (on_settle) on_settle(settlement);
  done(apply(settlement));
}

void FakeOutbox::settle_later(bool later) {
  std::lock_guard lock(mutex_);
  settle_later_ = later;
}

std::size_t FakeOutbox::settlements_waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_settlements_.size();
}

bool FakeOutbox::answer_settlement() {
  Waiting oldest;
  {
    std::lock_guard lock(mutex_);
    if (waiting_settlements_.empty()) return false;
    oldest = std::move(waiting_settlements_.front());
    waiting_settlements_.pop_front();
  }
  if (on_settle) on_settle(oldest.settlement);
  oldest.done(apply(oldest.settlement));
  return true;
}

core::Result<void> FakeOutbox::apply(const store::Settlement& settlement) {
  std::lock_guard lock(mutex_);
  if (fail_settlements_) return away();
  ++settlements_;
  for (const auto& range : settlement.delivered) {
    rows_.erase(rows_.lower_bound(range.first), rows_.upper_bound(range.last));
    held_.erase(held_.lower_bound(range.first), held_.upper_bound(range.last));
  }
  for (const auto& row : settlement.held) {
    if (!rows_.contains(row.event_number)) continue;
    const auto before = held_.find(row.event_number);
    if (row.state == store::HeldRow::State::kSuperseded && before != held_.end() && discarded(before->second)) {
      held_.erase(before);
      rows_.erase(row.event_number);
      continue;
    }
    const bool released = held_[row.event_number].released;
    held_[row.event_number] = row;
    held_[row.event_number].released = released;
  }
  counters_.delivered += settlement.delivered_count;
  counters_.failed_attempts += settlement.failed_attempts;
  return {};
}

store::HeldRow FakeOutbox::judge(store::EventNumber number, bool wanted) {
  std::lock_guard lock(mutex_);
  verdicts_[number] = wanted;
  return held_.at(number);
}

store::HeldRow FakeOutbox::release(store::EventNumber number) {
  std::lock_guard lock(mutex_);
  store::HeldRow& row = held_.at(number);
  if (row.state == store::HeldRow::State::kUndecided) {
    verdicts_[number] = true;
    return row;
  }
  row.released |= row.state == store::HeldRow::State::kSuperseded;
  row.state = store::HeldRow::State::kWaiting;
  row.next_try = {};
  return row;
}

store::HeldRow FakeOutbox::discard(store::EventNumber number) {
  std::lock_guard lock(mutex_);
  const store::HeldRow row = held_.at(number);
  if (row.state == store::HeldRow::State::kUndecided) {
    verdicts_[number] = false;
    return row;
  }
  if (row.state == store::HeldRow::State::kWaiting && !row.released) {
    verdicts_[number] = false;
    held_.at(number).next_try = {};
    return row;
  }
  held_.erase(number);
  rows_.erase(number);
  return row;
}

core::Result<store::SlotCounters> FakeOutbox::counters(store::DestinationSlot) {
  std::lock_guard lock(mutex_);
  store::SlotCounters counters = counters_;
  for (const auto& [number, row] : held_) {
    counters.superseded += row.state == store::HeldRow::State::kSuperseded;
    counters.waiting += row.state == store::HeldRow::State::kWaiting && !discarded(row);
    counters.undecided += row.state == store::HeldRow::State::kUndecided;
  }
  counters.queued = rows_.size() - counters.superseded;
  if (!rows_.empty()) counters.oldest_queued = rows_.begin()->second.commit_time;
  return counters;
}

void FakeOutbox::fail_reads(bool fail) {
  std::lock_guard lock(mutex_);
  fail_reads_ = fail;
}

void FakeOutbox::fail_read_behind(store::EventNumber number) {
  std::lock_guard lock(mutex_);
  fail_behind_ = number;
}

void FakeOutbox::fail_settlements(bool fail) {
  std::lock_guard lock(mutex_);
  fail_settlements_ = fail;
}

std::map<store::EventNumber, FakeOutbox::Entry> FakeOutbox::rows() const {
  std::lock_guard lock(mutex_);
  return rows_;
}

std::map<store::EventNumber, store::HeldRow> FakeOutbox::held() const {
  std::lock_guard lock(mutex_);
  return held_;
}

std::size_t FakeOutbox::settlements() const {
  std::lock_guard lock(mutex_);
  return settlements_;
}

}  // namespace embergate::test
