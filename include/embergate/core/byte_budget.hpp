// SPDX-License-Identifier: Apache-2.0
// A bound on the bytes that many keep at once, whoever they are. Thread: any; one atomic. Ownership: a Hold keeps the
// budget alive and gives back what it took when it goes. Failure: take() says no; it never waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace embergate::core {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Of one user, on one thread at a time.
  class Hold {
   public:
    explicit Hold(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
    ~Hold() { budget_->taken_ -= bytes_; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    [[nodiscard]] bool take(std::size_t bytes) {
      std::size_t taken = budget_->taken_.load();
      do {
        if (bytes > budget_->limit_ - taken) return false;
      } while (!budget_->taken_.compare_exchange_weak(taken, taken + bytes));
      bytes_ += bytes;
      return true;
    }

   private:
    const std::shared_ptr<ByteBudget> budget_;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};  // never above limit_
};

}  // namespace embergate::core
