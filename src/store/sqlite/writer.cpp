// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer.hpp"

#include "store/sqlite/settle.hpp"
#include "store/sqlite/transaction.hpp"

namespace embergate::store::sqlite {
namespace {

// Of one group together, before the rest waits for the next one.
constexpr core::Milliseconds kLongestBodies{200};

// Whatever was wrong with the group as a whole, none of its jobs is to blame and each may come again.
core::Error group_failure(const core::Error& cause) {
  auto error =
      core::make_retriable(core::ErrorCode::kUnavailable, "the write could not be made durable: " + cause.diagnostics);
  error.fault = cause.fault;
  return error;
}

}  // namespace

Writer::Writer(Connection& connection, WriterState& state, WriteAheadLog& log, JobQueue& queue,
               const core::Clock& clock, observability::Metrics& metrics)
    : connection_(connection),
      state_(state),
      log_(log),
      queue_(queue),
      clock_(clock),
      commit_seconds_(metrics.histogram("store_commit_seconds", "Time to make one group of writes durable")),
      commits_(metrics.counter("store_commits_total", "Groups of writes made durable")),
      failed_commits_(metrics.counter("store_failed_commits_total", "Groups of writes that could not be made durable")),
      writes_(metrics.counter("store_writes_total", "Write transactions and settlements in those groups")) {
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() { stop(); }

void Writer::stop() {
  queue_.stop();
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  for (Group group; queue_.take(group); group = Group()) {
    run_group(group);
    log_.after_commit();
  }
}

void Writer::run_group(Group& group) {
  health_.begin();
  const auto committed = commit(group);
  health_.end(committed, group, changed_);
  if (committed) {
    commits_->add();
    writes_->add(static_cast<double>(group.writes.size() + group.settlements.size()));
  } else {
    failed_commits_->add();
    for (auto& job : group.writes) job.outcome = group_failure(committed.error());
    for (auto& job : group.settlements) job.outcome = group_failure(committed.error());
  }
  for (auto& job : group.writes) job.done(std::move(job.outcome));
  for (auto& job : group.settlements) job.done(std::move(job.outcome));
}

core::Result<void> Writer::commit(Group& group) {
  changed_ = false;
  const auto start = state_.mark();
  auto outcome = connection_.run(Query::kBeginImmediate);
  if (outcome) outcome = run_steps(group);
  state_.announce();
  if (outcome) outcome = timed_commit();
  if (outcome) {
    state_.publish();
  } else {
    take_back(start);
  }
  return outcome;
}

core::Result<void> Writer::run_steps(Group& group) {
  const core::SteadyTime start = clock_.steady_now();
  for (std::size_t i = 0; i < group.writes.size(); ++i) {
    WriteJob& job = group.writes[i];
    EG_CHECK(step(job.outcome, [&] { return run_body(job.body); }));
    if (i + 1 < group.writes.size() && clock_.steady_now() - start >= kLongestBodies)
      queue_.give_back(group.writes, i + 1);
  }
  for (auto& job : group.settlements) {
    EG_CHECK(step(job.outcome, [&] { return apply_settlement(connection_, state_.slots, job.settlement); }));
  }
  return {};
}

// Fails only when the group as a whole is lost: some errors (a full disk, no memory) make SQLite end the transaction by
// itself.
template <class Outcome, class Work>
core::Result<void> Writer::step(Outcome& outcome, const Work& work) {
  const auto before = state_.mark();
  const auto changes = connection_.total_changes();
  EG_CHECK(connection_.run(Query::kSavepoint));
  outcome = work();
  if (!outcome) {
    if (!connection_.in_transaction()) return outcome.error();
    state_.undo_to(before);
    EG_CHECK(connection_.run(Query::kRollbackToSavepoint));
  } else if (connection_.total_changes() != changes) {
    changed_ = true;
  }
  return connection_.run(Query::kRelease);
}

core::Result<CommitReceipt> Writer::run_body(const Store::Body& body) {
  SqliteTransaction transaction(connection_, state_, state_.stamp(clock_.system_now()));
  try {
    EG_CHECK(body(transaction));
  } catch (...) {
    return core::make_error(core::ErrorCode::kInternal, "an internal operation failed unexpectedly");
  }
  return transaction.finish();
}

core::Result<void> Writer::timed_commit() {
  const auto start = std::chrono::steady_clock::now();
  auto outcome = connection_.run(Query::kCommit);
  const auto took = std::chrono::steady_clock::now() - start;
  commit_seconds_->observe(std::chrono::duration<double>(took).count());
  last_commit_time_ = std::chrono::ceil<core::Milliseconds>(took);
  return outcome;
}

void Writer::take_back(const WriterState::Mark& start) {
  state_.undo_to(start);
  if (connection_.in_transaction()) static_cast<void>(connection_.run(Query::kRollback));
}

}  // namespace embergate::store::sqlite
