// SPDX-License-Identifier: Apache-2.0
#include "kafka/control_threads.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "embergate/core/thread_name.hpp"

namespace embergate::kafka {

namespace {

constexpr std::chrono::seconds kIdleLimit{10};
constexpr core::Milliseconds kLong{250};      // a task that takes longer has waited for someone
constexpr std::chrono::seconds kSlowFor{30};  // how long its strand is in the slow lane

}  // namespace

ControlThreads::ControlThreads(std::size_t threads, std::size_t most)
    : least_(threads), most_(std::max(threads, most)) {
  const Lock lock(mutex_);
  for (std::size_t i = 0; i < least_; ++i) add_thread();
}

ControlThreads::~ControlThreads() { stop(); }

void ControlThreads::post_after(core::Milliseconds delay, Task task, Lane lane) {
  {
    const Lock lock(mutex_);
    if (stopped_) return;
    due_[static_cast<std::size_t>(lane)].emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  }
  due_changed_.notify_one();
}

void ControlThreads::stop() {
  std::array<Queue, 2> dropped;  // destroyed outside the lock: a task may own things with destructors of their own
  std::list<std::thread> joining;
  {
    const Lock lock(mutex_);
    stopped_ = true;
    dropped.swap(due_);
  }
  due_changed_.notify_all();
  leader_wanted_.notify_all();
  {
    // Threads leave the lists by themselves only before stopped_ was set.
    const Lock lock(mutex_);
    joining.splice(joining.end(), ended_);
    joining.splice(joining.end(), threads_);
  }
  for (auto& thread : joining) thread.join();
}

std::size_t ControlThreads::threads() const {
  const Lock lock(mutex_);
  return threads_.size();
}

void ControlThreads::add_thread() {
  for (auto& thread : ended_) thread.join();  // they have left run(), or are about to
  ended_.clear();
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::thread([this, self] { run(self); });
  } catch (const std::system_error&) {
    threads_.erase(self);
  }
}

void ControlThreads::run(std::list<std::thread>::iterator self) {
  core::name_this_thread("kafka-control");
  Lock lock(mutex_);
  while (!stopped_) {
    if (!leading_) {
      lead(lock);
    } else if (!follow(lock)) {
      ended_.splice(ended_.end(), threads_, self);
      return;
    }
  }
}

bool ControlThreads::follow(Lock& lock) {
  ++followers_;
  const bool wanted = leader_wanted_.wait_for(lock, kIdleLimit, [this] { return stopped_ || !leading_; });
  --followers_;
  return wanted || threads_.size() <= least_;
}

void ControlThreads::lead(Lock& lock) {
  leading_ = true;
  while (!stopped_) {
    Queue* queue = first_queue();
    if (queue == nullptr) {
      due_changed_.wait(lock);
    } else if (const core::SteadyTime due = queue->begin()->first; due > std::chrono::steady_clock::now()) {
      due_changed_.wait_until(lock, due);
    } else {
      leading_ = false;
      return run_first(*queue, lock);
    }
  }
  leading_ = false;
}

// The one whose first task is due first, of those that may have a thread now; null: nothing waits there.
ControlThreads::Queue* ControlThreads::first_queue() {
  Queue& prompt = due_[static_cast<std::size_t>(Lane::kPrompt)];
  Queue& slow = due_[static_cast<std::size_t>(Lane::kSlow)];
  const bool slow_may = !slow.empty() && slow_running_ < std::max<std::size_t>(most_ - least_, 1);
  if (!slow_may) return prompt.empty() ? nullptr : &prompt;
  if (prompt.empty()) return &slow;
  return slow.begin()->first < prompt.begin()->first ? &slow : &prompt;
}

void ControlThreads::run_first(Queue& queue, Lock& lock) {
  const std::size_t slow = &queue == &due_[static_cast<std::size_t>(Lane::kSlow)] ? 1 : 0;
  Task task = std::move(queue.begin()->second);
  queue.erase(queue.begin());
  slow_running_ += slow;
  if (followers_ > 0) {
    leader_wanted_.notify_one();
  } else if (threads_.size() < most_) {
    add_thread();
  }
  lock.unlock();
  task();
  task = nullptr;
  lock.lock();
  slow_running_ -= slow;
  if (slow != 0) due_changed_.notify_one();  // the next slow one may go
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
  ControlThreads::Lane lane = ControlThreads::Lane::kPrompt;
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (scheduled_) return;
    scheduled_ = true;
    lane = lane_now();
  }
  ask_for_turn(lane);
}

void Strand::ask_for_turn(ControlThreads::Lane lane) {
  threads_.post([turn = std::make_shared<Turn>(shared_from_this())] { turn->take(); }, lane);
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
  const auto begin = std::chrono::steady_clock::now();
  task();
  task = nullptr;
  const auto end = std::chrono::steady_clock::now();
  ControlThreads::Lane lane = ControlThreads::Lane::kPrompt;
  {
    std::lock_guard lock(mutex_);
    if (end - begin > kLong) slow_until_ = end + kSlowFor;
    if (tasks_.empty()) {
      scheduled_ = false;
      return;
    }
    lane = lane_now();
  }
  ask_for_turn(lane);
}

ControlThreads::Lane Strand::lane_now() const {
  return std::chrono::steady_clock::now() < slow_until_ ? ControlThreads::Lane::kSlow : ControlThreads::Lane::kPrompt;
}

}  // namespace embergate::kafka
