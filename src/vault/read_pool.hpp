// SPDX-License-Identifier: Apache-2.0
// The few threads on which work waits for file systems, so that what hangs takes nothing from anybody else. Jobs
// come in lanes, one for each mount: a lane that hangs keeps `per_lane` threads at most, and while half of all threads
// are busy one only, so that the others are left for lanes that do not hang. One thread works as long as work gets
// done; another is started when a lane that has none would have to wait, or when all have been busy with one job for
// `stuck_after`. Thread: submit() from any. Ownership: joins its threads at stop(); with a `stop_timeout` one that is
// still stuck then is let go, and keeps what it uses alive by itself. Failure: a thread that the system refuses is done
// without, and asked for again when it is missed next; submit() returns false without any thread, and when the
// pool is stopped.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "embergate/core/clock.hpp"

namespace embergate::vault {

// How often someone who waits `hung_after` for a job calls relieve() meanwhile.
inline constexpr int kReliefsPerReadTimeout = 50;

class ReadPool {
 public:
  // Starts a thread, or throws as std::thread does.
  using StartThread = std::function<std::thread(std::function<void()> body)>;
  struct Limits {
    const char* name = "vault-reader";  // of the threads
    std::size_t threads = 64;
    std::size_t per_lane = 4;
    core::Milliseconds stuck_after{20};
    core::Milliseconds hung_after{1'000};            // see is_hung()
    std::optional<core::Milliseconds> stop_timeout;  // absent: stop() waits until the last job has ended
    StartThread start_thread = [](std::function<void()> body) { return std::thread(std::move(body)); };
  };
  explicit ReadPool(const Limits& limits);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  // False: the job was not taken, and may be brought again. The queue is bounded by its users: each file has at most
  // one job in it.
  bool submit(const std::string& lane, std::function<void()> job);
  // Starts a spare when all threads are stuck and work waits; called by the one who waits for a job.
  void relieve();
  // Whether a job that waits in this lane has nothing to hope for: it cannot begin, and every thread that it could get
  // has been busy with one job for `hung_after`.
  [[nodiscard]] bool is_hung(const std::string& lane) const;
  // A wait for reader threads that stop() cuts short; may outlive the pool.
  [[nodiscard]] std::function<void(core::Milliseconds)> pause() const;
  void stop();
  [[nodiscard]] std::size_t readers() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Lane {
    std::string name;
    std::deque<std::function<void()>> jobs;
    std::size_t busy = 0;
    bool waits = false;  // it is in `waiting`
  };
  struct Worker {
    std::thread thread;
    std::shared_ptr<Lane> lane;  // of the job that it is busy with
    Clock::time_point busy_since{};
    bool ended = false;
  };
  struct Shared {
    explicit Shared(const Limits& given) : limits(given) {}
    const Limits limits;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable ended;
    std::unordered_map<std::string, std::shared_ptr<Lane>> lanes;  // with jobs, waiting or running
    std::list<std::shared_ptr<Lane>> waiting;                      // lanes with jobs that wait, in turn
    std::vector<std::shared_ptr<Worker>> workers;
    std::size_t idle = 0;
    bool stopping = false;

    [[nodiscard]] std::size_t busy() const { return workers.size() - idle; }
    [[nodiscard]] bool may_begin(const Lane& lane) const;
    [[nodiscard]] std::list<std::shared_ptr<Lane>>::iterator next();
    [[nodiscard]] bool all_busy_for(core::Milliseconds time, const Lane* lane) const;
  };
  static std::shared_ptr<Lane> lane_locked(Shared& shared, const std::string& name);
  static void run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& self);
  static std::function<void()> take_locked(Shared& shared, Worker& self);
  static void end_locked(Shared& shared, Worker& self);
  [[nodiscard]] static bool try_start_worker_locked(const std::shared_ptr<Shared>& shared);
  static void keep_one_idle_locked(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace embergate::vault
