// SPDX-License-Identifier: Apache-2.0
// The few threads on which blocking work of the pool runs: making clients, logins, destroying (architecture 7). A
// Strand runs its tasks on them one at a time and in order; each identity has one, so that its life needs no further
// locking. Thread: all calls from any thread. Ownership: stop() drops what has not begun, waits for what runs, and
// refuses what comes later. Bound: an identity posts a fixed number of kinds of task, each at most once at a time.
// Failure: tasks do not throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "embergate/core/clock.hpp"

namespace embergate::kafka {

class ControlThreads {
 public:
  using Task = std::function<void()>;
  explicit ControlThreads(std::size_t threads);
  ~ControlThreads();
  ControlThreads(const ControlThreads&) = delete;
  ControlThreads& operator=(const ControlThreads&) = delete;

  void post(Task task) { post_after(core::Milliseconds(0), std::move(task)); }
  void post_after(core::Milliseconds delay, Task task);
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<core::SteadyTime, Task> due_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

// A strand's tasks may own what owns the strand; when the threads stop before they ran, they are dropped, so that
// nothing keeps itself alive.
class Strand : public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(ControlThreads& threads) : threads_(threads) {}
  void post(ControlThreads::Task task);
  void post_after(core::Milliseconds delay, ControlThreads::Task task);

 private:
  class Turn;
  void run_one();
  void drop();

  ControlThreads& threads_;
  std::mutex mutex_;
  std::deque<ControlThreads::Task> tasks_;
  bool scheduled_ = false;
};

}  // namespace embergate::kafka
