// SPDX-License-Identifier: Apache-2.0
// What waits for the writer. Writes are taken as soon as they are there, all that wait at once, without waiting for
// more; settlements ride with them, and without writes are taken at most once per interval (docs/decisions/0008).
// Thread: push_* and stop() any; take() and give_back() writer only.
// Ownership: jobs move through.
// Failure: kThrottled when full, kUnavailable once stopped.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/store/store.hpp"

namespace embergate::store::sqlite {

struct WriteJob {
  Store::Body body;
  Store::Done done;
  core::Result<CommitReceipt> outcome = CommitReceipt{};
};
struct SettleJob {
  Settlement settlement;
  Outbox::Done done;
  core::Result<void> outcome;
};
struct Group {
  std::vector<WriteJob> writes;
  std::vector<SettleJob> settlements;
};

core::Error stopped_error();

class JobQueue {
 public:
  struct Limits {
    std::size_t max_group;
    std::size_t max_waiting;
    core::Milliseconds settle_interval;
  };
  explicit JobQueue(const Limits& limits) : limits_(limits) {}

  // On failure the job has not been moved from.
  core::Result<void> push(WriteJob& job);
  core::Result<void> push(SettleJob& job);
  // Blocks until there is work. False: stopped, and everything has been taken.
  bool take(Group& group);
  // Writes of the group taken last, from this one on, that it had no time for: the next group begins with them. They
  // were admitted, so that the queue may hold a group more than its limit.
  void give_back(std::vector<WriteJob>& writes, std::size_t first);
  void stop();

 private:
  [[nodiscard]] core::Result<void> admit(std::size_t waiting) const;
  bool wait_for_work(std::unique_lock<std::mutex>& lock);

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<WriteJob> writes_;
  std::vector<SettleJob> settlements_;
  core::SteadyTime next_settlement_{};
  bool stopped_ = false;
};

}  // namespace embergate::store::sqlite
