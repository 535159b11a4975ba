// SPDX-License-Identifier: Apache-2.0
// Keeps SQLite's log short without making a write wait for it: a thread with a connection of its own copies committed
// pages into the database about every 50 ms. Under constant load that never lets the log start again, so above the cap
// the writer finishes the copy itself, between two groups. Thread: after_commit() writer only; bytes() any. Ownership:
// the thread ends in stop(). Failure: none reported; a checkpoint that does not come through is tried again. Rule:
// performance rule 11.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "embergate/core/clock.hpp"
#include "embergate/observability/metrics.hpp"
#include "store/sqlite/connection.hpp"

namespace embergate::store::sqlite {

class WriteAheadLog {
 public:
  struct Limits {
    std::size_t cap_bytes;
    core::Milliseconds interval{50};
  };
  WriteAheadLog(Connection& writer, std::unique_ptr<Connection> own, const Limits& limits,
                observability::Metrics& metrics);
  ~WriteAheadLog();

  void after_commit();
  [[nodiscard]] std::size_t bytes() const;
  void stop();

 private:
  static int on_commit(void* self, sqlite3* handle, const char* database, int frames);
  void run();
  void copy_pages();
  void restart();

  Connection& writer_;
  const std::unique_ptr<Connection> own_;
  const Limits limits_;
  const std::shared_ptr<observability::Gauge> size_metric_;
  const std::shared_ptr<observability::Counter> restarts_metric_;
  std::atomic<std::int64_t> frames_{0};
  std::int64_t copied_frames_ = 0;   // own thread only
  core::SteadyTime next_restart_{};  // writer only
  std::mutex checkpoint_;            // one checkpoint at a time; SQLite would refuse the second
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace embergate::store::sqlite
