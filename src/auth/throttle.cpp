// SPDX-License-Identifier: Apache-2.0
#include "auth/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace embergate::auth {
namespace {

// Of a client's limit, for addresses that have no failures of their own.
constexpr double kFreshFactor = 10;
// A site has that many times the limits of an address.
constexpr double kSiteFactor = 4;
// How much slower the counts of an address drain at most.
constexpr double kSlowest = 10;
constexpr std::chrono::minutes kSpan(10);
// What is left of an attempt until it has drained as a whole: such an address is not fresh.
constexpr double kAlmostNothing = 0.01;
// What comes of adding and draining fractions.
constexpr double kRounding = 1e-6;

bool has_place(double level, double limit) { return level + 1 <= limit + kRounding; }

double as_level(std::size_t limit) { return static_cast<double>(limit); }

}  // namespace

std::int64_t Remembered::span_at(core::SteadyTime now) { return now.time_since_epoch() / kSpan; }

void Remembered::add(core::SteadyTime now) {
  const std::int64_t current = std::max(span_at(now), newest_);
  for (std::int64_t span = std::max(newest_ + 1, current - kSpans + 1); span <= current; ++span)
    failures_.at(static_cast<std::size_t>(span % kSpans)) = 0;
  newest_ = current;
  ++failures_.at(static_cast<std::size_t>(current % kSpans));
}

std::size_t Remembered::count(core::SteadyTime now) const {
  std::size_t sum = 0;
  const std::int64_t oldest = std::max<std::int64_t>(0, std::max(span_at(now), newest_) - kSpans + 1);
  for (std::int64_t span = oldest; span <= newest_; ++span)
    sum += failures_.at(static_cast<std::size_t>(span % kSpans));
  return sum;
}

double Levels::pace(const Entry& entry, core::SteadyTime now) const {
  const double failures = as_level(entry.failures.count(now));
  return drained_per_minute_ / std::min(kSlowest, 1 + failures / std::max(1.0, drained_per_minute_));
}

double Levels::drained(const Entry& entry, core::SteadyTime now) const {
  const std::chrono::duration<double, std::ratio<60>> minutes = now - entry.at;
  return std::max(0.0, entry.level - minutes.count() * pace(entry, now));
}

std::chrono::seconds Levels::wait(const Mac& key, double limit, core::SteadyTime now) const {
  constexpr double kLongest = 3'600;
  const auto found = index_.find(key);
  if (found == index_.end()) return {};
  const Entry& entry = *found->second;
  const double over = drained(entry, now) + 1 - limit - kRounding;
  if (over <= 0) return {};
  const double seconds = 60 * over / std::max(pace(entry, now), 1.0 / 60);
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(std::min(seconds, kLongest))));
}

std::size_t Levels::remembered(const Mac& key, core::SteadyTime now) const {
  const auto found = index_.find(key);
  return found == index_.end() ? 0 : found->second->failures.count(now);
}

void Levels::remember(const Mac& key, core::SteadyTime now) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  Entry& entry = *found->second;
  entry.level = drained(entry, now);  // at the pace so far
  entry.at = now;
  entry.failures.add(now);
}

double Levels::level(const Mac& key, core::SteadyTime now) const {
  const auto found = index_.find(key);
  return found == index_.end() ? 0 : drained(*found->second, now);
}

void Levels::add(const Mac& key, double amount, core::SteadyTime now) {
  const auto [found, is_new] = index_.try_emplace(key);
  if (is_new) {
    entries_.push_front({key, 0, now, {}});
    found->second = entries_.begin();
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  Entry& entry = entries_.front();
  entry.level = std::clamp(drained(entry, now) + amount, 0.0, most_);
  entry.at = now;
  if (entries_.size() <= max_tracked_) return;
  index_.erase(entries_.back().key);
  entries_.pop_back();
}

Throttle::Throttle(Limits limits, const core::Clock& clock)
    : limits_(limits),
      clock_(clock),
      at_address_(as_level(limits.at_address), as_level(limits.at_address), limits.max_tracked),
      of_address_(as_level(limits.of_address), as_level(limits.of_address), limits.max_tracked),
      at_site_(as_level(limits.at_address) * kSiteFactor, as_level(limits.at_address) * kSiteFactor,
               limits.max_tracked),
      of_site_(as_level(limits.of_address) * kSiteFactor, as_level(limits.of_address) * kSiteFactor,
               limits.max_tracked),
      of_client_(as_level(limits.of_client), as_level(limits.of_client) * kFreshFactor, limits.max_tracked),
      of_secret_(as_level(limits.of_client), as_level(limits.of_client) * kFreshFactor, limits.max_tracked),
      reported_(1, 1, limits.max_tracked) {}

// A level is whole failures and what has drained since: there is room for one more up to the limit.
bool Throttle::has_room(const Levels& levels, const Mac& key, bool fresh, core::SteadyTime now) const {
  const double limit = as_level(limits_.of_client) * (fresh ? kFreshFactor : 1);
  return has_place(levels.level(key, now), limit);
}

bool Throttle::is_fresh(const Attempt& attempt, double own, core::SteadyTime now) const {
  if (at_address_.remembered(attempt.client_at_address, now) > 0) return false;
  if (at_address_.level(attempt.client_at_address, now) - own >= kAlmostNothing) return false;
  if (!attempt.site) return true;
  const Mac& site = attempt.site->client_at_site;
  return at_site_.remembered(site, now) < limits_.at_address &&
         has_place(at_site_.level(site, now) - own, as_level(limits_.at_address));
}

bool Throttle::is_over_here(const Attempt& attempt, core::SteadyTime now) const {
  if (!has_place(at_address_.level(attempt.client_at_address, now), as_level(limits_.at_address)) ||
      !has_place(of_address_.level(attempt.address, now), as_level(limits_.of_address)))
    return true;
  if (!attempt.site) return false;
  return !has_place(at_site_.level(attempt.site->client_at_site, now), as_level(limits_.at_address) * kSiteFactor) ||
         !has_place(of_site_.level(attempt.site->site, now), as_level(limits_.of_address) * kSiteFactor);
}

void Throttle::count_here(const Attempt& attempt, double amount, core::SteadyTime now) {
  at_address_.add(attempt.client_at_address, amount, now);
  of_address_.add(attempt.address, amount, now);
  if (!attempt.site) return;
  at_site_.add(attempt.site->client_at_site, amount, now);
  of_site_.add(attempt.site->site, amount, now);
}

void Throttle::remember_here(const Attempt& attempt, core::SteadyTime now) {
  at_address_.remember(attempt.client_at_address, now);
  of_address_.remember(attempt.address, now);
  if (!attempt.site) return;
  at_site_.remember(attempt.site->client_at_site, now);
  of_site_.remember(attempt.site->site, now);
}

bool Throttle::is_over(const Attempt& attempt, core::SteadyTime now) const {
  return is_over_here(attempt, now) || !has_room(of_client_, attempt.client, is_fresh(attempt, 0, now), now);
}

bool Throttle::blocked_here(const Attempt& attempt) {
  std::lock_guard lock(mutex_);
  return is_over_here(attempt, clock_.steady_now());
}

bool Throttle::reserve(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  if (is_over(attempt, now)) return false;
  count_here(attempt, 1, now);
  of_client_.add(attempt.client, 1, now);
  return true;
}

bool Throttle::reserve_secret(const Mac& secret, const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  if (!has_room(of_secret_, secret, is_fresh(attempt, 1, now), now)) return false;
  of_secret_.add(secret, 1, now);
  return true;
}

void Throttle::give_back(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  count_here(attempt, -1, now);
  of_client_.add(attempt.client, -1, now);
}

void Throttle::failed(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  remember_here(attempt, now);
}

void Throttle::give_back_secret(const Mac& secret) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  of_secret_.add(secret, -1, now);
}

void Throttle::count_at_address(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  count_here(attempt, 1, now);
  remember_here(attempt, now);
}

void Throttle::count_address(const Mac& address) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  of_address_.add(address, 1, now);
}

bool Throttle::address_blocked(const Mac& address) {
  std::lock_guard lock(mutex_);
  return !has_place(of_address_.level(address, clock_.steady_now()), as_level(limits_.of_address));
}

std::chrono::seconds Throttle::wait_of(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  const double of_client = as_level(limits_.of_client) * (is_fresh(attempt, 0, now) ? kFreshFactor : 1);
  std::chrono::seconds wait(1);
  const auto add = [&](const Levels& levels, const Mac& key, double limit) {
    wait = std::max(wait, levels.wait(key, limit, now));
  };
  add(at_address_, attempt.client_at_address, as_level(limits_.at_address));
  add(of_address_, attempt.address, as_level(limits_.of_address));
  add(of_client_, attempt.client, of_client);
  if (!attempt.site) return wait;
  add(at_site_, attempt.site->client_at_site, as_level(limits_.at_address) * kSiteFactor);
  add(of_site_, attempt.site->site, as_level(limits_.of_address) * kSiteFactor);
  return wait;
}

std::chrono::seconds Throttle::wait_of_address(const Mac& address) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  return std::max(std::chrono::seconds(1), of_address_.wait(address, as_level(limits_.of_address), now));
}

bool Throttle::is_news(const Mac& refused) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  if (!has_place(reported_.level(refused, now), 1)) return false;
  reported_.add(refused, 1, now);
  return true;
}

bool Throttle::is_suspect(const Attempt& attempt) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  if (of_address_.remembered(attempt.address, now) > 0) return true;
  return attempt.site && of_site_.remembered(attempt.site->site, now) >= limits_.at_address;
}

Proven::State Proven::state_of(const Mac& caller) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  const auto found = index_.find(caller);
  if (found == index_.end()) return State::kUnknown;
  if (now - found->second->at >= lately_) {
    erase_entry(found->second);
    return State::kUnknown;
  }
  return found->second->refused ? State::kRefusedSince : State::kProven;
}

void Proven::granted(const Mac& caller) {
  const core::SteadyTime now = clock_.steady_now();
  std::lock_guard lock(mutex_);
  const auto [found, is_new] = index_.try_emplace(caller);
  if (is_new) {
    entries_.push_front({caller, now});
    found->second = entries_.begin();
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
    entries_.front().at = now;
    entries_.front().refused = false;
  }
  if (entries_.size() > limit_) erase_entry(std::prev(entries_.end()));
}

void Proven::refused(const Mac& caller) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(caller);
  if (found != index_.end()) found->second->refused = true;
}

void Proven::erase_entry(std::list<Entry>::iterator entry) {
  index_.erase(entry->caller);
  entries_.erase(entry);
}

}  // namespace embergate::auth
