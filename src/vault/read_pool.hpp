// SPDX-License-Identifier: Apache-2.0
// The few threads on which secret files are read, so that a read that hangs takes none of anybody else's. One
// thread works; another is started only when every one there is has been busy with one job for `stuck_after`, up to
// kMaxReaders. Thread: submit() from any. Ownership: joins its threads at stop(); one that is still stuck then is let
// go, and keeps what it uses alive by itself. Failure: submit() returns false when the pool is stopped.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "embergate/core/clock.hpp"

namespace embergate::vault {

inline constexpr std::size_t kMaxReaders = 4;

class ReadPool {
 public:
  ReadPool(core::Milliseconds stuck_after, core::Milliseconds stop_timeout);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  // The queue is bounded by its users: each file has at most one job in it.
  bool submit(std::function<void()> job);
  // Starts a spare when all threads are stuck and work waits; called by whoever waits for a job.
  void relieve();
  // A wait for reader threads that stop() cuts short; may outlive the pool.
  [[nodiscard]] std::function<void(core::Milliseconds)> pause() const;
  void stop();
  [[nodiscard]] std::size_t readers() const;

 private:
  struct Worker {
    std::thread thread;
    bool busy = false;
    bool ended = false;
    std::chrono::steady_clock::time_point busy_since{};
  };
  struct Shared {
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable ended;
    std::deque<std::function<void()>> jobs;
    std::vector<std::shared_ptr<Worker>> workers;
    bool stopping = false;
  };
  static void run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& self);
  void start_worker_locked();

  core::Milliseconds stuck_after_;
  core::Milliseconds stop_timeout_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace embergate::vault
