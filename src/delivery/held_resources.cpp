// SPDX-License-Identifier: Apache-2.0
#include "delivery/held_resources.hpp"

#include <algorithm>

namespace embergate::delivery {
namespace {

bool is_free(const HeldResource& held) { return held.waiting == 0 && held.failed.empty() && !held.catching_up; }

void insert_sorted(std::vector<store::EventNumber>& numbers, store::EventNumber number) {
  const auto at = std::lower_bound(numbers.begin(), numbers.end(), number);
  if (at == numbers.end() || *at != number) numbers.insert(at, number);
}

}  // namespace

bool HeldResources::blocks(std::string_view resource, store::EventNumber number) const {
  const auto found = resources_.find(resource);
  if (found == resources_.end()) return false;
  const HeldResource& held = found->second;
  return held.catching_up || (held.waiting != 0 && number >= held.waiting);
}

bool HeldResources::crowded(store::EventNumber cursor) const {
  // Up to the highest waiting row nothing new can come but what was known before; stopping there could stop for ever.
  return resources_.size() >= kMaxHeld && cursor >= highest_waiting_;
}

HeldResource& HeldResources::hold(std::string_view resource, store::EventNumber number, std::uint64_t newest_window) {
  HeldResource& held = resources_.try_emplace(std::string(resource)).first->second;
  highest_waiting_ = std::max(highest_waiting_, number);
  held.marked = newest_window;
  held.catching_up = false;
  if (held.waiting == number) {
    held.trying = false;
  } else if (held.waiting == 0 || number < held.waiting) {
    if (held.waiting != 0) insert_sorted(held.failed, held.waiting);
    held.waiting = number;
    held.attempts = 0;
    held.trying = false;
  } else {
    insert_sorted(held.failed, number);
  }
  return held;
}

void HeldResources::fail(std::string_view resource, store::EventNumber number, std::uint64_t newest_window) {
  HeldResource& held = resources_.try_emplace(std::string(resource)).first->second;
  held.marked = newest_window;
  if (held.waiting == number) {
    held.trying = false;
  } else {
    insert_sorted(held.failed, number);
  }
}

std::vector<store::EventNumber> HeldResources::deliver(std::string_view resource, store::EventNumber number) {
  std::vector<store::EventNumber> superseded;
  const auto found = resources_.find(resource);
  if (found == resources_.end()) return superseded;
  HeldResource& held = found->second;
  const auto later = std::lower_bound(held.failed.begin(), held.failed.end(), number);
  superseded.assign(held.failed.begin(), later);
  held.failed.erase(held.failed.begin(), later);
  if (!held.failed.empty() && held.failed.front() == number) held.failed.erase(held.failed.begin());
  if (held.waiting != 0 && held.waiting <= number) {
    if (held.waiting < number) superseded.push_back(held.waiting);
    // What failed or was passed over behind it is read again, in order.
    held.failed.clear();
    held.waiting = 0;
    held.trying = false;
    held.catching_up = true;
    held.from = number + 1;
  }
  erase_if_free(found);
  return superseded;
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
    at = is_free(held) ? resources_.erase(at) : std::next(at);
  }
}

std::vector<HeldResources::Job> HeldResources::ready(core::SteadyTime now, store::EventNumber cursor,
                                                     std::uint64_t settled_through, std::size_t limit) const {
  std::vector<Job> jobs;
  for (const auto& [resource, held] : resources_) {
    if (jobs.size() >= limit) break;
    if (held.marked > settled_through) continue;
    if (held.catching_up) {
      jobs.push_back({resource, held.from, true});
    } else if (held.waiting != 0 && !held.trying && held.due <= now && held.waiting <= cursor) {
      jobs.push_back({resource, held.waiting, false});
    }
  }
  return jobs;
}

void HeldResources::started(const Job& job) {
  const auto found = resources_.find(job.resource);
  if (found != resources_.end() && found->second.waiting == job.from) found->second.trying = true;
}

void HeldResources::caught_up(std::string_view resource, store::EventNumber from, bool complete) {
  const auto found = resources_.find(resource);
  if (found == resources_.end() || !found->second.catching_up) return;
  found->second.from = from;
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

void HeldResources::erase_if_free(Map::iterator found) {
  if (is_free(found->second)) resources_.erase(found);
  if (resources_.empty()) highest_waiting_ = 0;
}

}  // namespace embergate::delivery
