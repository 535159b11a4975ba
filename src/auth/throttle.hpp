// SPDX-License-Identifier: Apache-2.0
// Counts failed authentications per (client id, address) in a sliding minute (S-40): a guesser is slowed down, the
// client elsewhere is not locked out. Thread: any. Ownership: bounded map; the oldest entries go first. Failure: none.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "embergate/core/clock.hpp"

namespace embergate::auth {

class Throttle {
 public:
  Throttle(std::size_t failures_per_minute, std::size_t max_tracked, const core::Clock& clock)
      : limit_(failures_per_minute), max_tracked_(max_tracked), clock_(clock) {}
  [[nodiscard]] bool blocked(const std::string& key);
  void failed(const std::string& key);
  void succeeded(const std::string& key);

 private:
  struct Entry {
    std::string key;
    std::size_t failures = 0;
    core::SteadyTime window_start{};
  };
  void forget(std::list<Entry>::iterator entry);

  std::size_t limit_;
  std::size_t max_tracked_;
  const core::Clock& clock_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // newest in front
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

}  // namespace embergate::auth
