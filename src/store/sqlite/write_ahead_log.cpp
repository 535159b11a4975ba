// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/write_ahead_log.hpp"

#include <sqlite3.h>

namespace embergate::store::sqlite {
namespace {
constexpr std::size_t kFrameBytes = 4'096 + 24;
constexpr core::Milliseconds kWaitForReaders{20};
constexpr core::Milliseconds kRestartPause{100};  // between two tries, when long reads keep the log from starting again
constexpr core::Milliseconds kWriterBusyTimeout{5'000};
}  // namespace

WriteAheadLog::WriteAheadLog(Connection& writer, std::unique_ptr<Connection> own, const Limits& limits,
                             observability::Metrics& metrics)
    : writer_(writer),
      own_(std::move(own)),
      limits_(limits),
      size_metric_(metrics.gauge("store_wal_bytes", "Bytes in use in the database's write-ahead log")),
      restarts_metric_(metrics.counter("store_wal_restarts_total", "Times the writer itself had to shorten the log")) {
  sqlite3_wal_hook(writer_.handle(), &WriteAheadLog::on_commit, this);
  thread_ = std::thread([this] { run(); });
}

WriteAheadLog::~WriteAheadLog() {
  stop();
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
}

void WriteAheadLog::after_commit() {
  size_metric_->set(static_cast<double>(bytes()));
  if (bytes() <= limits_.cap_bytes) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_restart_) return;
  restart();
  next_restart_ = std::chrono::steady_clock::now() + kRestartPause;
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

void WriteAheadLog::restart() {
  const std::lock_guard lock(checkpoint_);
  writer_.set_busy_timeout(kWaitForReaders);
  const int code = sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  writer_.set_busy_timeout(kWriterBusyTimeout);
  if (code == SQLITE_OK) restarts_metric_->add();
}

}  // namespace embergate::store::sqlite
