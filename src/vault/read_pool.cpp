// SPDX-License-Identifier: Apache-2.0
#include "vault/read_pool.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "embergate/core/thread_name.hpp"

namespace embergate::vault {
namespace {

// As many threads as this are started before any is known to be stuck, one for each lane that would have to wait.
constexpr std::size_t kEagerReaders = 4;

}  // namespace

// A lane's first thread may always be had, its others only while there are plenty.
bool ReadPool::Shared::may_begin(const Lane& lane) const {
  return lane.busy == 0 || (lane.busy < limits.per_lane && busy() < limits.threads / 2);
}

// Lanes that keep no thread yet come first. One without jobs was left by a submit() that found no memory.
std::list<std::shared_ptr<ReadPool::Lane>>::iterator ReadPool::Shared::next() {
  const auto fresh = std::find_if(waiting.begin(), waiting.end(),
                                  [](const auto& lane) { return lane->busy == 0 && !lane->jobs.empty(); });
  if (fresh != waiting.end()) return fresh;
  return std::find_if(waiting.begin(), waiting.end(),
                      [&](const auto& lane) { return may_begin(*lane) && !lane->jobs.empty(); });
}

// `lane` null: of all lanes.
bool ReadPool::Shared::all_busy_for(core::Milliseconds time, const Lane* lane) const {
  const auto now = Clock::now();
  return std::all_of(workers.begin(), workers.end(), [&](const auto& worker) {
    if (lane != nullptr && worker->lane.get() != lane) return true;
    return worker->lane && now - worker->busy_since >= time;
  });
}

ReadPool::ReadPool(const Limits& limits) : shared_(std::make_shared<Shared>(limits)) {}

ReadPool::~ReadPool() { stop(); }

// False: the system has no thread or no memory to give, at a limit of processes for one.
bool ReadPool::try_start_worker_locked(const std::shared_ptr<Shared>& shared) {
  const std::size_t before = shared->workers.size();
  try {
    auto worker = std::make_shared<Worker>();
    shared->workers.push_back(worker);
    worker->thread = shared->limits.start_thread([shared, worker] { run(shared, worker); });
    ++shared->idle;
    return true;
  } catch (const std::system_error&) {
    shared->workers.resize(before);  // one that does not run would be taken for one that does
  } catch (const std::bad_alloc&) {
    shared->workers.resize(before);
  }
  return false;
}

// A second job of a lane may hang like the first: it must not take the last thread that is free for others.
void ReadPool::keep_one_idle_locked(const std::shared_ptr<Shared>& shared) {
  if (shared->idle > 0 || shared->workers.size() >= shared->limits.threads) return;
  static_cast<void>(try_start_worker_locked(shared));  // relieve() tries again
}

std::function<void()> ReadPool::take_locked(Shared& shared, Worker& self) {
  const auto found = shared.next();
  self.lane = *found;
  self.busy_since = Clock::now();
  auto job = std::move(self.lane->jobs.front());
  self.lane->jobs.pop_front();
  ++self.lane->busy;
  --shared.idle;
  self.lane->waits = !self.lane->jobs.empty();
  if (!self.lane->waits) {
    shared.waiting.erase(found);
  } else {
    shared.waiting.splice(shared.waiting.end(), shared.waiting, found);
  }
  return job;
}

void ReadPool::end_locked(Shared& shared, Worker& self) {
  const auto lane = std::move(self.lane);
  self.lane = nullptr;
  ++shared.idle;
  --lane->busy;
  if (lane->busy == 0 && lane->jobs.empty()) shared.lanes.erase(lane->name);
}

void ReadPool::run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& self) {
  core::name_this_thread(shared->limits.name);
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->wake.wait(lock, [&] { return shared->stopping || shared->next() != shared->waiting.end(); });
    if (shared->stopping) break;
    auto job = take_locked(*shared, *self);
    if (self->lane->busy > 1) keep_one_idle_locked(shared);
    if (shared->idle > 0 && shared->next() != shared->waiting.end()) shared->wake.notify_one();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    end_locked(*shared, *self);
  }
  self->ended = true;
  shared->ended.notify_all();
}

std::shared_ptr<ReadPool::Lane> ReadPool::lane_locked(Shared& shared, const std::string& name) {
  const auto found = shared.lanes.find(name);
  if (found != shared.lanes.end()) return found->second;
  auto lane = std::make_shared<Lane>();
  lane->name = name;
  shared.lanes.emplace(name, lane);
  return lane;
}

bool ReadPool::submit(const std::string& lane, std::function<void()> job) {
  std::lock_guard lock(shared_->mutex);
  if (shared_->stopping) return false;
  if (shared_->workers.empty() && !try_start_worker_locked(shared_)) return false;
  const auto found = lane_locked(*shared_, lane);
  if (!found->waits) {
    shared_->waiting.push_back(found);
    found->waits = true;
  }
  found->jobs.push_back(std::move(job));
  if (found->busy == 0 && shared_->workers.size() < kEagerReaders) keep_one_idle_locked(shared_);
  shared_->wake.notify_one();
  return true;
}

void ReadPool::relieve() {
  std::lock_guard lock(shared_->mutex);
  const auto& limits = shared_->limits;
  if (shared_->stopping || shared_->idle > 0 || shared_->workers.size() >= limits.threads) return;
  if (shared_->next() == shared_->waiting.end()) return;
  if (!shared_->all_busy_for(limits.stuck_after, nullptr)) return;
  static_cast<void>(try_start_worker_locked(shared_));  // the next one tries again
}

bool ReadPool::is_hung(const std::string& lane) const {
  std::lock_guard lock(shared_->mutex);
  const auto found = shared_->lanes.find(lane);
  if (found == shared_->lanes.end()) return false;
  const auto& limits = shared_->limits;
  if (!shared_->may_begin(*found->second)) return shared_->all_busy_for(limits.hung_after, found->second.get());
  return shared_->workers.size() >= limits.threads && shared_->all_busy_for(limits.hung_after, nullptr);
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
    for (const auto& lane : shared_->waiting) lane->jobs.clear();
    shared_->waiting.clear();
    shared_->lanes.clear();
    shared_->wake.notify_all();
    shared_->ended.notify_all();
    const auto all_ended = [&] {
      return std::all_of(shared_->workers.begin(), shared_->workers.end(),
                         [](const auto& worker) { return worker->ended; });
    };
    if (shared_->limits.stop_timeout) shared_->ended.wait_for(lock, *shared_->limits.stop_timeout, all_ended);
    workers.swap(shared_->workers);
    for (const auto& worker : workers) {
      // A thread in a system call that does not return cannot be joined; the process must still be able to end.
      if (shared_->limits.stop_timeout && !worker->ended) worker->thread.detach();
    }
  }
  for (const auto& worker : workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

}  // namespace embergate::vault
