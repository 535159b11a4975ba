// SPDX-License-Identifier: Apache-2.0
// The one thread that writes. It takes what waits, runs each body between savepoints of one transaction, commits once
// for all, and then answers. When bodies take long, those behind them come in the next group: no write waits for the
// bodies of a whole group, and what one of them found is known to the next soon. A body that fails or throws takes back
// its own changes only; a commit that fails takes back all of them, and everybody may try again. Thread: its own; the
// constructor starts it, stop() lets it finish what waits and ends it. Ownership: borrows everything, owns the thread.
// Failure: every job is answered exactly once, on this thread.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "embergate/core/clock.hpp"
#include "embergate/observability/metrics.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/job_queue.hpp"
#include "store/sqlite/write_ahead_log.hpp"
#include "store/sqlite/writer_health.hpp"
#include "store/sqlite/writer_state.hpp"

namespace embergate::store::sqlite {

class Writer {
 public:
  Writer(Connection& connection, WriterState& state, WriteAheadLog& log, JobQueue& queue, const core::Clock& clock,
         observability::Metrics& metrics);
  ~Writer();

  void stop();
  [[nodiscard]] core::Milliseconds last_commit_time() const { return last_commit_time_; }
  [[nodiscard]] WritingState writing() const { return health_.state(); }

 private:
  void run();
  void run_group(Group& group);
  core::Result<void> commit(Group& group);
  core::Result<void> run_steps(Group& group);
  core::Result<CommitReceipt> run_body(const Store::Body& body);
  template <class Outcome, class Work>
  core::Result<void> step(Outcome& outcome, const Work& work);
  core::Result<void> timed_commit();
  void take_back(const WriterState::Mark& start);

  Connection& connection_;
  WriterState& state_;
  WriteAheadLog& log_;
  JobQueue& queue_;
  const core::Clock& clock_;
  const std::shared_ptr<observability::Histogram> commit_seconds_;
  const std::shared_ptr<observability::Counter> commits_;
  const std::shared_ptr<observability::Counter> failed_commits_;
  const std::shared_ptr<observability::Counter> writes_;
  WriterHealth health_;
  bool changed_ = false;  // a job of the group that runs changed rows, and they stay
  std::atomic<core::Milliseconds> last_commit_time_{core::Milliseconds(0)};
  std::thread thread_;
};

}  // namespace embergate::store::sqlite
