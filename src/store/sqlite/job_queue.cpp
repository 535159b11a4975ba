// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/job_queue.hpp"

#include <algorithm>
#include <iterator>

namespace embergate::store::sqlite {

core::Error stopped_error() {
  return core::make_retriable(core::ErrorCode::kUnavailable, "the server is shutting down: send the request again");
}

core::Result<void> JobQueue::push(WriteJob& job) {
  {
    const std::lock_guard lock(mutex_);
    EG_CHECK(admit(writes_.size()));
    writes_.push_back(std::move(job));
  }
  work_.notify_one();
  return {};
}

core::Result<void> JobQueue::push(SettleJob& job) {
  {
    const std::lock_guard lock(mutex_);
    EG_CHECK(admit(settlements_.size()));
    settlements_.push_back(std::move(job));
  }
  work_.notify_one();
  return {};
}

bool JobQueue::take(Group& group) {
  std::unique_lock lock(mutex_);
  if (!wait_for_work(lock)) return false;
  const auto count = static_cast<std::ptrdiff_t>(std::min(limits_.max_group, writes_.size()));
  group.writes.assign(std::move_iterator(writes_.begin()), std::move_iterator(writes_.begin() + count));
  writes_.erase(writes_.begin(), writes_.begin() + count);
  group.settlements.swap(settlements_);
  settlements_.clear();
  if (!group.settlements.empty()) next_settlement_ = std::chrono::steady_clock::now() + limits_.settle_interval;
  return true;
}

void JobQueue::give_back(std::vector<WriteJob>& writes, std::size_t first) {
  const auto from = writes.begin() + static_cast<std::ptrdiff_t>(first);
  const std::lock_guard lock(mutex_);
  writes_.insert(writes_.begin(), std::move_iterator(from), std::move_iterator(writes.end()));
  writes.erase(from, writes.end());
}

void JobQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  work_.notify_all();
}

core::Result<void> JobQueue::admit(std::size_t waiting) const {
  if (stopped_) return stopped_error();
  if (waiting >= limits_.max_waiting) {
    return core::make_retriable(core::ErrorCode::kThrottled,
                                "too many writes are waiting for the database: try again later");
  }
  return {};
}

bool JobQueue::wait_for_work(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (!writes_.empty()) return true;
    if (settlements_.empty()) {
      if (stopped_) return false;
      work_.wait(lock);
    } else if (stopped_ || std::chrono::steady_clock::now() >= next_settlement_) {
      return true;
    } else {
      work_.wait_until(lock, next_settlement_);
    }
  }
}

}  // namespace embergate::store::sqlite
