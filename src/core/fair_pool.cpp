// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/fair_pool.hpp"

#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <utility>

namespace embergate::core {

FairPool::FairPool(std::size_t threads) : threads_(threads), pool_(threads) {}

FairPool::~FairPool() { stop(); }

void FairPool::post(std::string_view owner, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (busy_ == threads_) {
      waiting_.push({std::string(owner)}, std::move(job));
      return;
    }
    ++busy_;
  }
  try {
    boost::asio::post(pool_, [this, first = std::move(job)]() mutable { run(std::move(first)); });
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --busy_;  // or its thread would count as busy from now on
    throw;
  }
}

void FairPool::run(Job job) {
  for (;;) {
    job();
    job = nullptr;  // before the next one: it may hold much
    const std::lock_guard lock(mutex_);
    std::optional<Job> next = stopped_ ? std::nullopt : waiting_.pop();
    if (!next) {
      --busy_;
      return;
    }
    job = *std::move(next);
  }
}

void FairPool::join() { pool_.join(); }

void FairPool::stop() {
  {
    FairQueue<Job> dropped(FairQueue<Job>::kUnbounded, FairQueue<Job>::kUnbounded);  // goes after the lock
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    std::swap(dropped, waiting_);
  }
  pool_.stop();
  pool_.join();
}

}  // namespace embergate::core
