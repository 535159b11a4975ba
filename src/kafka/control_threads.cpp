// SPDX-License-Identifier: Apache-2.0
#include "kafka/control_threads.hpp"

#include <utility>

namespace embergate::kafka {

ControlThreads::ControlThreads(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ControlThreads::~ControlThreads() { stop(); }

void ControlThreads::post_after(core::Milliseconds delay, Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    due_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  }
  changed_.notify_one();
}

void ControlThreads::stop() {
  std::multimap<core::SteadyTime, Task>
      dropped;  // destroyed outside the lock: a task may own things with destructors of their own
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(due_);
  }
  changed_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ControlThreads::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = due_.begin();
    if (first->first > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, core::SteadyTime(first->first));
      continue;
    }
    Task task = std::move(first->second);
    due_.erase(first);
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

// One visit to the threads; if they never come to it, the strand is over.
class Strand::Turn {
 public:
  explicit Turn(std::shared_ptr<Strand> strand) : strand_(std::move(strand)) {}
  ~Turn() {
    if (strand_) strand_->drop();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  void take() { std::exchange(strand_, nullptr)->run_one(); }

 private:
  std::shared_ptr<Strand> strand_;
};

void Strand::post(ControlThreads::Task task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (scheduled_) return;
    scheduled_ = true;
  }
  threads_.post([turn = std::make_shared<Turn>(shared_from_this())] { turn->take(); });
}

void Strand::post_after(core::Milliseconds delay, ControlThreads::Task task) {
  threads_.post_after(delay,
                      [self = shared_from_this(), task = std::move(task)]() mutable { self->post(std::move(task)); });
}

void Strand::drop() {
  std::deque<ControlThreads::Task> dropped;  // destroyed after the lock: a task may own what owns this strand
  {
    std::lock_guard lock(mutex_);
    dropped.swap(tasks_);
    scheduled_ = false;
  }
}

void Strand::run_one() {
  ControlThreads::Task task;
  {
    std::lock_guard lock(mutex_);
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  task = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (tasks_.empty()) {
      scheduled_ = false;
      return;
    }
  }
  threads_.post([turn = std::make_shared<Turn>(shared_from_this())] { turn->take(); });
}

}  // namespace embergate::kafka
