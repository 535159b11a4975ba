// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/reader_pool.hpp"

#include <algorithm>

#include "store/sqlite/job_queue.hpp"
#include "store/sqlite/settings.hpp"

namespace embergate::store::sqlite {
namespace {
constexpr core::Milliseconds kLongerThanALease{1'000};
}

ReaderPool::Lease::Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
    : pool_(&pool), connection_(std::move(connection)) {}

ReaderPool::Lease::~Lease() {
  if (!connection_) return;
  connection_->end_never();
  if (connection_->in_transaction()) static_cast<void>(connection_->run(Query::kCommit));
  pool_->give_back(std::move(connection_));
}

core::Result<std::unique_ptr<ReaderPool>> ReaderPool::open(const std::string& path, std::size_t connections,
                                                           const Deadline& deadline) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool(deadline));
  for (std::size_t i = 0; i < std::max<std::size_t>(connections, 1); ++i) {
    EG_TRY(auto connection, Connection::open(path, Connection::Mode::kReadOnly));
    EG_CHECK(apply_reader_settings(*connection));
    pool->idle_.push_back(std::move(connection));
  }
  return pool;
}

ReaderPool::~ReaderPool() { close(); }

core::Result<ReaderPool::Lease> ReaderPool::acquire() {
  std::unique_lock lock(mutex_);
  const bool free = wait_for_turn(lock, std::chrono::steady_clock::now() + deadline_.time + kLongerThanALease);
  if (closed_) return stopped_error();
  if (!free) {
    return core::make_retriable(core::ErrorCode::kUnavailable,
                                "all connections for reading are in use: try again later");
  }
  Lease lease(*this, std::move(idle_.back()));
  idle_.pop_back();
  ++lent_;
  lock.unlock();
  lease.connection().end_at(std::chrono::steady_clock::now() + deadline_.time, deadline_.took_too_long);
  EG_CHECK(lease.connection().run(Query::kBeginRead));
  return lease;
}

void ReaderPool::hold_until(core::SteadyTime time) {
  const std::lock_guard lock(mutex_);
  held_until_ = time;
  changed_.notify_all();
}

bool ReaderPool::quiet() const {
  const std::lock_guard lock(mutex_);
  return lent_ == 0;
}

bool ReaderPool::wait_for_turn(std::unique_lock<std::mutex>& lock, core::SteadyTime deadline) {
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const bool held = now < held_until_;
    if (closed_ || (!held && !idle_.empty())) return true;
    if (now >= deadline) return false;
    changed_.wait_until(lock, held ? std::min(held_until_, deadline) : deadline);
  }
}

void ReaderPool::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return lent_ == 0; });
  idle_.clear();
}

// Notified under the lock: once it is released, close() may return and the pool be gone.
void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  --lent_;
  changed_.notify_all();
}

}  // namespace embergate::store::sqlite
