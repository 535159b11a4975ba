// SPDX-License-Identifier: Apache-2.0
// Keeps SQLite's log short without making a write wait for it: a thread with a connection of its own copies committed
// pages into the database about every 50 ms. Under constant load that never lets the log start again, so above the cap
// the writer finishes the copy itself, between two groups and in a moment without readers: new reads are held back for
// up to 100 ms to make one, while writes go on.
// Thread: after_commit() writer only; bytes() any.
// Ownership: the thread ends in stop().
// Failure: none reported; a checkpoint that does not come through is tried again.
// Rule: docs/decisions/0008.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/observability/metrics.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/reader_pool.hpp"

namespace embergate::store::sqlite {

class WriteAheadLog {
 public:
  struct Limits {
    std::size_t cap_bytes;
    core::Milliseconds interval{50};
    core::Milliseconds hold{100};             // of new reads, while the last ones end
    core::Milliseconds pause{300};            // from one try to the next
    core::Milliseconds longest_pause{5'000};  // while another process reads
  };
  WriteAheadLog(Connection& writer, std::unique_ptr<Connection> own, std::vector<ReaderPool*> readers,
                const Limits& limits, observability::Metrics& metrics);
  ~WriteAheadLog();

  void after_commit();
  [[nodiscard]] std::size_t bytes() const;
  void stop();

 private:
  static int on_commit(void* self, sqlite3* handle, const char* database, int frames);
  void run();
  void copy_pages();
  void restart_in_a_quiet_moment();
  void hold_readers_until(core::SteadyTime time);
  [[nodiscard]] bool readers_quiet() const;
  bool restart();

  Connection& writer_;
  const std::unique_ptr<Connection> own_;
  const std::vector<ReaderPool*> readers_;
  const Limits limits_;
  const std::shared_ptr<observability::Gauge> size_metric_;
  const std::shared_ptr<observability::Counter> restarts_metric_;
  std::atomic<std::int64_t> frames_{0};
  std::int64_t copied_frames_ = 0;  // own thread only
  core::Milliseconds pause_;        // writer only
  core::SteadyTime next_try_{};     // writer only
  core::SteadyTime held_until_{};   // writer only
  std::mutex checkpoint_;           // one checkpoint at a time; SQLite would refuse the second
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace embergate::store::sqlite
