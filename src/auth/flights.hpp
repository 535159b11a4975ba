// SPDX-License-Identifier: Apache-2.0
// Checks that are under way: a credential that many requests bring at once is checked once, and counts as one attempt.
// Thread: any. Ownership: an entry lives until its Landing is gone. Failure: a Landing that goes without a result gives
// its waiters kInternal, so no one waits for a check that ended some other way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "auth/constant_time.hpp"
#include "auth/credential_check.hpp"

namespace embergate::auth {

class Flights : public std::enable_shared_from_this<Flights> {
 public:
  using Result = core::Result<Verdict>;
  using Waiter = std::function<void(Result)>;

  class Landing {
   public:
    Landing(std::shared_ptr<Flights> flights, const Mac& key) : flights_(std::move(flights)), key_(key) {}
    Landing(Landing&&) noexcept = default;
    Landing& operator=(Landing&&) = delete;
    ~Landing() {
      if (flights_) flights_->land(key_, core::make_error(core::ErrorCode::kInternal, "the check ended early"));
    }
    void finish(const Result& result) { std::exchange(flights_, nullptr)->land(key_, result); }

   private:
    std::shared_ptr<Flights> flights_;
    Mac key_;
  };

  // A Landing: nothing was under way, and the caller checks. Nothing: wait() for the one that is.
  std::optional<Landing> begin(const Mac& key) {
    std::lock_guard lock(mutex_);
    if (!waiting_.try_emplace(key).second) return std::nullopt;
    return Landing(shared_from_this(), key);
  }
  // False: it has landed meanwhile.
  bool wait(const Mac& key, Waiter waiter) {
    std::lock_guard lock(mutex_);
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) return false;
    found->second.push_back(std::move(waiter));
    return true;
  }

 private:
  void land(const Mac& key, const Result& result) {
    std::vector<Waiter> waiters;
    {
      std::lock_guard lock(mutex_);
      const auto found = waiting_.find(key);
      waiters = std::move(found->second);
      waiting_.erase(found);
    }
    for (const Waiter& waiter : waiters) waiter(result);
  }

  std::mutex mutex_;
  std::map<Mac, std::vector<Waiter>> waiting_;
};

}  // namespace embergate::auth
