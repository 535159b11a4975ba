// SPDX-License-Identifier: Apache-2.0
#include "vault/read_pool.hpp"

#include <algorithm>

namespace embergate::vault {

ReadPool::ReadPool(core::Milliseconds stuck_after, core::Milliseconds stop_timeout)
    : stuck_after_(stuck_after), stop_timeout_(stop_timeout), shared_(std::make_shared<Shared>()) {}

ReadPool::~ReadPool() { stop(); }

void ReadPool::start_worker_locked() {
  auto worker = std::make_shared<Worker>();
  shared_->workers.push_back(worker);
  try {
    worker->thread = std::thread([shared = shared_, worker] { run(shared, worker); });
  } catch (...) {
    // Nobody would ever start another in the place of one that does not run.
    shared_->workers.pop_back();
    throw;
  }
}

void ReadPool::run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& self) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->wake.wait(lock, [&] { return shared->stopping || !shared->jobs.empty(); });
    if (shared->stopping) break;
    auto job = std::move(shared->jobs.front());
    shared->jobs.pop_front();
    self->busy = true;
    self->busy_since = std::chrono::steady_clock::now();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    self->busy = false;
  }
  self->ended = true;
  shared->ended.notify_all();
}

bool ReadPool::submit(std::function<void()> job) {
  std::lock_guard lock(shared_->mutex);
  if (shared_->stopping) return false;
  shared_->jobs.push_back(std::move(job));
  if (shared_->workers.empty()) start_worker_locked();
  shared_->wake.notify_one();
  return true;
}

void ReadPool::relieve() {
  std::lock_guard lock(shared_->mutex);
  if (shared_->stopping || shared_->jobs.empty() || shared_->workers.size() >= kMaxReaders) return;
  const auto now = std::chrono::steady_clock::now();
  const bool all_stuck = std::all_of(shared_->workers.begin(), shared_->workers.end(), [&](const auto& worker) {
    return worker->busy && now - worker->busy_since >= stuck_after_;
  });
  if (all_stuck) start_worker_locked();
}

std::function<void(core::Milliseconds)> ReadPool::pause() const {
  return [shared = shared_](core::Milliseconds time) {
    std::unique_lock lock(shared->mutex);
    shared->ended.wait_for(lock, time, [&] { return shared->stopping; });
  };
}

std::size_t ReadPool::readers() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->workers.size();
}

void ReadPool::stop() {
  std::vector<std::shared_ptr<Worker>> workers;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->jobs.clear();
    shared_->wake.notify_all();
    shared_->ended.notify_all();
    shared_->ended.wait_for(lock, stop_timeout_, [&] {
      return std::all_of(shared_->workers.begin(), shared_->workers.end(),
                         [](const auto& worker) { return worker->ended; });
    });
    workers.swap(shared_->workers);
    for (const auto& worker : workers) {
      // A thread in a system call that does not return cannot be joined; the process must still be able to end.
      if (!worker->ended) worker->thread.detach();
    }
  }
  for (const auto& worker : workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

}  // namespace embergate::vault
