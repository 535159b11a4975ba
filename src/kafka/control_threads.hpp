// SPDX-License-Identifier: Apache-2.0
// The threads on which blocking work of the pool runs: making clients, logins, destroying (architecture 7). A Strand
// runs its tasks on them one at a time and in order; each identity has one, so that its life needs no further locking.
// Work that waits for brokers, files or token endpoints may take seconds, so that a few threads are held up by a few
// silent ones: whenever the last free thread takes a task another one is made, up to a bound, and ends when it has been
// idle for a while. Strands that have held a thread for long lately wait in a lane of their own, which never gets all
// threads: what is prompt finds one even when more brokers are silent than there are threads. Thread: all calls from
// any thread. Ownership: stop() drops what has not begun, waits for what runs, and refuses what comes later. Bound: an
// identity posts a fixed number of kinds of task, each at most once at a time. Failure: tasks do not throw; a thread
// that the system does not give is done without.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "embergate/core/clock.hpp"

namespace embergate::kafka {

class ControlThreads {
 public:
  using Task = std::function<void()>;
  enum class Lane : std::size_t { kPrompt, kSlow };
  static constexpr std::size_t kMostThreads = 128;

  // `threads` of them are always there, and never taken by the slow lane alone.
  explicit ControlThreads(std::size_t threads, std::size_t most = kMostThreads);
  ~ControlThreads();
  ControlThreads(const ControlThreads&) = delete;
  ControlThreads& operator=(const ControlThreads&) = delete;

  void post(Task task, Lane lane = Lane::kPrompt) { post_after(core::Milliseconds(0), std::move(task), lane); }
  void post_after(core::Milliseconds delay, Task task, Lane lane = Lane::kPrompt);
  void stop();
  [[nodiscard]] std::size_t threads() const;

 private:
  using Queue = std::multimap<core::SteadyTime, Task>;  // by the time when they are due
  using Lock = std::unique_lock<std::mutex>;

  void add_thread();
  void run(std::list<std::thread>::iterator self);
  // One thread waits for what is due next; the others wait to take its place.
  void lead(Lock& lock);
  bool follow(Lock& lock);  // false: idle for long enough to end
  Queue* first_queue();
  void run_first(Queue& queue, Lock& lock);

  const std::size_t least_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable due_changed_;    // the leader's
  std::condition_variable leader_wanted_;  // the followers'
  std::array<Queue, 2> due_;               // by lane
  std::size_t slow_running_ = 0;
  std::size_t followers_ = 0;
  bool leading_ = false;
  bool stopped_ = false;
  std::list<std::thread> threads_;
  std::list<std::thread> ended_;  // to be joined
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
  [[nodiscard]] ControlThreads::Lane lane_now() const;
  void ask_for_turn(ControlThreads::Lane lane);
  void run_one();
  void drop();

  ControlThreads& threads_;
  std::mutex mutex_;
  std::deque<ControlThreads::Task> tasks_;
  core::SteadyTime slow_until_{};
  bool scheduled_ = false;
};

}  // namespace embergate::kafka
