// SPDX-License-Identifier: Apache-2.0
#include "delivery/held_resources.hpp"

#include <algorithm>
#include <utility>

namespace embergate::delivery {
namespace {

bool is_free(const HeldResource& held) { return held.waiting == 0 && held.failed.empty() && !held.catching_up; }

void insert_sorted(std::vector<store::EventNumber>& numbers, store::EventNumber number) {
  const auto at = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (at == numbers.end() || *at != number) numbers.insert(at, number);
}

// No resource id has a '#'.
std::string key_of_row(std::string_view resource, store::EventNumber number) {
  std::string key(resource);
  key += '#';
  key += std::to_string(number);
  return key;
}

bool may_be_tried(const HeldResource& held, const HeldResources::Moment& moment) {
  return held.waiting != 0 && !held.trying && !held.catching_up && held.due <= moment.now &&
         held.waiting <= moment.cursor && held.marked <= moment.settled_through;
}

bool needs_probe(const HeldResource& held, std::size_t proven) {
  return held.refusal.by_size && held.refusal.bytes > proven;
}

bool is_better_probe(const HeldResource& one, const HeldResource& other, SizeLimit::Choice choice) {
  if (choice == SizeLimit::Choice::kLongest) return one.refusal.bytes > other.refusal.bytes;
  if (choice == SizeLimit::Choice::kLeastTried && one.attempts != other.attempts) return one.attempts < other.attempts;
  return one.refusal.bytes < other.refusal.bytes;
}

HeldResources::Job try_of(std::string_view key, const HeldResource& held) {
  return {std::string(HeldResources::resource_of(key)), held.waiting, false, false};
}

}  // namespace

core::Fault fault_of(std::string_view code) {
  if (code == kTooLongForUs) return core::Fault::kDestinationRecordTooLarge;
  if (code == kTooLongForBroker) return core::Fault::kKafkaTooLarge;
  if (code == kOvertaken) return core::Fault::kNone;
  if (code == kUndecided) return core::Fault::kTopicUndecided;
  return core::Fault::kKafkaRecordRefused;
}

core::Fault fault_of(const store::HeldRow& row) {
  switch (row.state) {
    case store::HeldRow::State::kSuperseded:
      return core::Fault::kDestinationEventSuperseded;
    case store::HeldRow::State::kUndecided:
      return core::Fault::kTopicUndecided;
    case store::HeldRow::State::kWaiting:
      break;
  }
  return fault_of(row.code);
}

HeldResources::Map::const_iterator HeldResources::locate(std::string_view resource, store::EventNumber number) const {
  if (by_themselves_ > 0) {
    const auto found = resources_.find(key_of_row(resource, number));
    if (found != resources_.end() || !ordered_) return found;
  }
  return ordered_ ? resources_.find(resource) : resources_.end();
}

HeldResources::Map::iterator HeldResources::locate(std::string_view resource, store::EventNumber number) {
  const auto found = std::as_const(*this).locate(resource, number);
  return resources_.erase(found, found);  // erases nothing: the same place, to be changed
}

bool HeldResources::blocks(std::string_view resource, store::EventNumber number) const {
  const HeldResource* held = find(resource, number);
  return held != nullptr && (held->catching_up || (held->waiting != 0 && number >= held->waiting));
}

bool HeldResources::knows(std::string_view resource, store::EventNumber number) const {
  return find(resource, number) != nullptr;
}

bool HeldResources::has_by_itself(std::string_view resource, store::EventNumber number) const {
  const HeldResource* held = find(resource, number);
  return held != nullptr && held->by_itself;
}

bool HeldResources::may_take(std::string_view resource, store::EventNumber number) const {
  const HeldResource* held = find(resource, number);
  if (held == nullptr) return true;
  return held->catching_up && held->failed.empty() && number < held->from;
}

const HeldResource* HeldResources::find(std::string_view resource, store::EventNumber number) const {
  if (resources_.empty()) return nullptr;
  const auto found = locate(resource, number);
  return found == resources_.end() ? nullptr : &found->second;
}

HeldResource& HeldResources::place(std::string_view resource, store::EventNumber number) {
  if (!ordered_) return hold_by_itself(resource, number);
  const auto found = locate(resource, number);
  return found != resources_.end() ? found->second : resources_.try_emplace(std::string(resource)).first->second;
}

HeldResource& HeldResources::hold(std::string_view resource, store::EventNumber number, std::uint64_t newest_window) {
  HeldResource& held = place(resource, number);
  held.marked = newest_window;
  held.catching_up = false;
  if (held.waiting == number) {
    held.trying = false;
  } else if (held.waiting == 0 || number < held.waiting) {
    if (held.waiting != 0) insert_sorted(held.failed, held.waiting);
    held.waiting = number;
    held.attempts = 0;
    held.since = {};
    held.trying = false;
  } else {
    insert_sorted(held.failed, number);
  }
  return held;
}

HeldResource& HeldResources::hold_by_itself(std::string_view resource, store::EventNumber number) {
  const auto [found, is_new] = resources_.try_emplace(key_of_row(resource, number));
  if (is_new) {
    ++by_themselves_;
    found->second.by_itself = true;
  }
  return found->second;
}

void HeldResources::fail(std::string_view resource, store::EventNumber number, std::uint64_t newest_window) {
  HeldResource& held = place(resource, number);
  held.marked = newest_window;
  if (held.waiting == number) {
    held.trying = false;
  } else {
    insert_sorted(held.failed, number);
  }
}

std::vector<store::EventNumber> HeldResources::deliver(std::string_view resource, store::EventNumber number) {
  std::vector<store::EventNumber> overtaken;
  const auto found = locate(resource, number);
  if (found == resources_.end()) return overtaken;
  HeldResource& held = found->second;
  if (held.by_itself) {
    erase(found);
    return overtaken;
  }
  const auto later = std::lower_bound(held.failed.begin(), held.failed.end(), number);
  overtaken.assign(held.failed.begin(), later);
  held.failed.erase(held.failed.begin(), later);
  if (!held.failed.empty() && held.failed.front() == number) held.failed.erase(held.failed.begin());
  if (held.waiting != 0 && held.waiting <= number) {
    if (held.waiting < number) overtaken.push_back(held.waiting);
    // What failed or was passed over behind it is read again, in order.
    held.failed.clear();
    held.waiting = 0;
    held.trying = false;
    held.catching_up = true;
    held.from = number + 1;
  }
  erase_if_free(found);
  return overtaken;
}

void HeldResources::remove(std::string_view resource, store::EventNumber number) {
  const auto found = locate(resource, number);
  if (found == resources_.end()) return;
  HeldResource& held = found->second;
  if (held.by_itself) {
    erase(found);
    return;
  }
  std::erase_if(held.failed, [&](store::EventNumber failed) {
    return failed == number || (held.waiting == number && failed > number);  // that are read again, in order
  });
  if (held.waiting == number) {
    held.waiting = 0;
    held.trying = false;
    held.catching_up = true;
    held.from = number + 1;
  }
  erase_if_free(found);
}

// A row that waits here is older than those that were undecided, and what is behind it is caught up after it.
void HeldResources::catch_up_all(std::string_view resource, std::uint64_t newest_window) {
  HeldResource& held = resources_.try_emplace(std::string(resource)).first->second;
  if (held.waiting != 0 || !held.failed.empty()) return;
  held.catching_up = true;
  held.from = 1;
  held.marked = newest_window;
}

store::EventNumber HeldResources::lowest_failed() const {
  store::EventNumber lowest = 0;
  for (const auto& [resource, held] : resources_) {
    if (!held.failed.empty() && (lowest == 0 || held.failed.front() < lowest)) lowest = held.failed.front();
  }
  return lowest;
}

void HeldResources::rewind(store::EventNumber cursor) {
  for (auto at = resources_.begin(); at != resources_.end();) {
    HeldResource& held = at->second;
    held.failed.clear();
    if (held.from > cursor) held.catching_up = false;
    const auto next = std::next(at);
    erase_if_free(at);
    at = next;
  }
}

std::size_t HeldResources::park(core::SteadyTime now, std::uint64_t settled_through) {
  std::size_t parked = 0;
  for (auto at = resources_.begin(); at != resources_.end();) {
    const HeldResource& held = at->second;
    const auto next = std::next(at);
    const bool settled =
        held.waiting != 0 && held.failed.empty() && !held.trying && !held.catching_up && held.marked <= settled_through;
    if (settled && (held.due > now || resources_.size() > max_held_)) {
      erase(at);
      ++parked;
    }
    at = next;
  }
  return parked;
}

std::vector<HeldResources::Job> HeldResources::ready(const Moment& moment, std::size_t proven,
                                                     std::size_t limit) const {
  std::vector<Job> jobs;
  for (const auto& [key, held] : resources_) {
    if (jobs.size() >= limit) break;
    if (held.catching_up) {
      if (held.marked <= moment.settled_through) jobs.push_back({key, held.from, true, false});
    } else if (may_be_tried(held, moment) && !needs_probe(held, proven)) {
      jobs.push_back(try_of(key, held));
    }
  }
  // Rows without an order between them go in the order of their numbers all the same.
  std::sort(jobs.begin(), jobs.end(), [](const Job& left, const Job& right) { return left.from < right.from; });
  return jobs;
}

std::optional<HeldResources::Job> HeldResources::probe(const Moment& moment, std::size_t proven,
                                                       SizeLimit::Choice choice) const {
  const Map::value_type* best = nullptr;
  for (const auto& entry : resources_) {
    if (!needs_probe(entry.second, proven) || !may_be_tried(entry.second, moment)) continue;
    if (best == nullptr || is_better_probe(entry.second, best->second, choice)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  Job job = try_of(best->first, best->second);
  job.probe = true;
  return job;
}

std::vector<std::string> HeldResources::defer(const Moment& moment, std::size_t proven, core::SteadyTime due,
                                              core::SystemTime next_try, std::size_t limit) {
  std::vector<std::string> deferred;
  for (auto& [key, held] : resources_) {
    if (deferred.size() >= limit) break;
    if (!needs_probe(held, proven) || !may_be_tried(held, moment)) continue;
    held.due = due;
    held.next_try = next_try;
    deferred.push_back(key);
  }
  return deferred;
}

void HeldResources::try_long_ones(core::SteadyTime now) {
  for (auto& [key, held] : resources_) {
    if (held.refusal.by_size) held.due = std::min(held.due, now);
  }
}

void HeldResources::try_now(std::string_view resource, store::EventNumber number, core::SteadyTime now) {
  const auto found = locate(resource, number);
  if (found != resources_.end() && found->second.waiting == number)
    found->second.due = std::min(found->second.due, now);
}

void HeldResources::give_up(std::string_view resource, store::EventNumber number, core::SteadyTime now) {
  const auto found = locate(resource, number);
  if (found == resources_.end() || found->second.waiting != number) return;
  found->second.refusal = {};
  found->second.refusal.given_up = true;
  found->second.due = std::min(found->second.due, now);
}

void HeldResources::started(const Job& job) {
  const auto found = locate(job.resource, job.from);
  if (found != resources_.end() && found->second.waiting == job.from) found->second.trying = true;
}

void HeldResources::caught_up(std::string_view resource, store::EventNumber from, bool complete,
                              std::uint64_t newest_window) {
  const auto found = resources_.find(resource);
  if (found == resources_.end() || !found->second.catching_up) return;
  found->second.from = from;
  found->second.marked = newest_window;
  found->second.catching_up = !complete;
  erase_if_free(found);
}

std::optional<core::SteadyTime> HeldResources::next_due(core::SteadyTime now) const {
  std::optional<core::SteadyTime> next;
  for (const auto& [resource, held] : resources_) {
    if (held.waiting != 0 && !held.trying && held.due > now && (!next || held.due < *next)) next = held.due;
  }
  return next;
}

void HeldResources::erase(Map::iterator found) {
  if (found->second.by_itself) --by_themselves_;
  resources_.erase(found);
}

void HeldResources::erase_if_free(Map::iterator found) {
  if (is_free(found->second)) erase(found);
}

}  // namespace embergate::delivery
