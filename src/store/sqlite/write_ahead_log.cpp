// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/write_ahead_log.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace embergate::store::sqlite {
namespace {
constexpr std::size_t kFrameBytes = 4'096 + 24;
constexpr core::Milliseconds kWriterBusyTimeout{5'000};
}  // namespace

WriteAheadLog::WriteAheadLog(Connection& writer, std::unique_ptr<Connection> own, std::vector<ReaderPool*> readers,
                             const Limits& limits, observability::Metrics& metrics)
    : writer_(writer),
      own_(std::move(own)),
      readers_(std::move(readers)),
      limits_(limits),
      size_metric_(metrics.gauge("store_wal_bytes", "Bytes in use in the database's write-ahead log")),
      restarts_metric_(metrics.counter("store_wal_restarts_total", "Times the writer itself had to shorten the log")),
      pause_(limits.pause) {
  sqlite3_wal_hook(writer_.handle(), &WriteAheadLog::on_commit, this);
  thread_ = std::thread([this] { run(); });
}

WriteAheadLog::~WriteAheadLog() {
  stop();
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
}

void WriteAheadLog::after_commit() {
  size_metric_->set(static_cast<double>(bytes()));
  if (bytes() > limits_.cap_bytes) restart_in_a_quiet_moment();
}

// Called after each commit above the cap: holds new reads back, lets the writer go on meanwhile, and acts once the last
// read has ended.
void WriteAheadLog::restart_in_a_quiet_moment() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_try_) {
    held_until_ = now + limits_.hold;
    next_try_ = now + pause_;
    hold_readers_until(held_until_);
  }
  if (now >= held_until_ || !readers_quiet()) return;
  if (restart()) {
    next_try_ = {};
    pause_ = limits_.pause;
  } else {
    // Our readers were quiet, so another process reads, such as a backup: holding ours back again soon gains nothing.
    pause_ = std::min(pause_ * 2, limits_.longest_pause);
    next_try_ = now + pause_;
  }
  held_until_ = {};
  hold_readers_until(held_until_);
}

void WriteAheadLog::hold_readers_until(core::SteadyTime time) {
  for (ReaderPool* pool : readers_) pool->hold_until(time);
}

bool WriteAheadLog::readers_quiet() const {
  return std::all_of(readers_.begin(), readers_.end(), [](const ReaderPool* pool) { return pool->quiet(); });
}

std::size_t WriteAheadLog::bytes() const { return static_cast<std::size_t>(frames_.load()) * kFrameBytes; }

void WriteAheadLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

int WriteAheadLog::on_commit(void* self, sqlite3*, const char*, int frames) {
  static_cast<WriteAheadLog*>(self)->frames_ = frames;
  return SQLITE_OK;
}

void WriteAheadLog::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, limits_.interval);
    if (stopping_ || frames_ == copied_frames_) continue;
    lock.unlock();
    copy_pages();
    lock.lock();
  }
}

void WriteAheadLog::copy_pages() {
  const std::lock_guard lock(checkpoint_);
  const std::int64_t frames = frames_;
  const int code = sqlite3_wal_checkpoint_v2(own_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code == SQLITE_OK) copied_frames_ = frames;
}

// A reader that is not ours makes SQLite refuse; the next try comes after a pause, so the writer never waits here.
bool WriteAheadLog::restart() {
  const std::lock_guard lock(checkpoint_);
  writer_.set_busy_timeout(core::Milliseconds(0));
  const int code = sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  writer_.set_busy_timeout(kWriterBusyTimeout);
  if (code != SQLITE_OK) return false;
  restarts_metric_->add();
  return true;
}

}  // namespace embergate::store::sqlite
