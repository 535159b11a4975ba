// SPDX-License-Identifier: Apache-2.0
#include "auth/throttle.hpp"

namespace embergate::auth {
namespace {
constexpr std::chrono::minutes kWindow{1};
}

void Throttle::forget(std::list<Entry>::iterator entry) {
  index_.erase(entry->key);
  entries_.erase(entry);
}

bool Throttle::blocked(const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return false;
  if (clock_.steady_now() - found->second->window_start >= kWindow) {
    forget(found->second);
    return false;
  }
  return found->second->failures >= limit_;
}

void Throttle::failed(const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found != index_.end()) {
    ++found->second->failures;
    return;
  }
  entries_.push_front({key, 1, clock_.steady_now()});
  index_.emplace(key, entries_.begin());
  if (entries_.size() > max_tracked_) forget(std::prev(entries_.end()));
}

void Throttle::succeeded(const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found != index_.end()) forget(found->second);
}

}  // namespace embergate::auth
