// SPDX-License-Identifier: Apache-2.0
// A bound on the bytes that many keep at once, shared fairly: an owner (a client, an address) that keeps something
// already gets more only up to half of what the others leave, so no one takes it all. Thread: any; one mutex, held for
// a few operations of a map that has an entry for each owner that keeps something. Ownership: a Hold keeps the budget
// alive and gives back what it took when it goes. Failure: take() says no; it never waits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace embergate::core {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Of one user, on one thread at a time.
  class Hold {
   public:
    Hold(std::shared_ptr<ByteBudget> budget, std::string owner)
        : budget_(std::move(budget)), owner_(std::move(owner)) {}
    ~Hold() { give_back(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    [[nodiscard]] const std::string& owner() const { return owner_; }
    [[nodiscard]] bool take(std::size_t bytes) {
      if (!budget_->take(owner_, bytes_, bytes)) return false;
      bytes_ += bytes;
      return true;
    }
    void give_back() {
      if (bytes_ > 0) budget_->give_back(owner_, std::exchange(bytes_, 0));
    }

   private:
    const std::shared_ptr<ByteBudget> budget_;
    const std::string owner_;
    std::size_t bytes_ = 0;
  };

 private:
  // `held`: of the owner's bytes those of the same hold. A single hold may take all that is free: it has to fit.
  bool take(const std::string& owner, std::size_t held, std::size_t bytes) {
    std::lock_guard lock(mutex_);
    if (bytes > limit_ - taken_) return false;
    const auto found = owners_.find(owner);
    const std::size_t own = found == owners_.end() ? 0 : found->second;
    const std::size_t left_by_others = limit_ - (taken_ - own);
    if (own > held && bytes > left_by_others / 2 - std::min(own, left_by_others / 2)) return false;
    owners_[owner] += bytes;  // first: it may find no memory, and then nothing is taken
    taken_ += bytes;
    return true;
  }
  void give_back(const std::string& owner, std::size_t bytes) {
    std::lock_guard lock(mutex_);
    taken_ -= bytes;
    const auto found = owners_.find(owner);
    found->second -= bytes;
    if (found->second == 0) owners_.erase(found);
  }

  const std::size_t limit_;
  std::mutex mutex_;
  std::size_t taken_ = 0;  // never above limit_
  std::unordered_map<std::string, std::size_t> owners_;
};

}  // namespace embergate::core
