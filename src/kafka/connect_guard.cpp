// SPDX-License-Identifier: Apache-2.0
#include "kafka/connect_guard.hpp"

#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

namespace embergate::kafka {

namespace {
constexpr std::chrono::milliseconds kReadingLimit{50};  // it is a thread of the library that waits
constexpr std::chrono::seconds kOpeningLimit{10};       // what it waits for takes microseconds
}  // namespace

void ConnectGuard::install(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_connect_cb(conf, &ConnectGuard::connect_to);
}

void ConnectGuard::read_reports_by(std::function<void()> wake_reader) {
  std::lock_guard lock(mutex_);
  wake_reader_ = std::move(wake_reader);
}

std::uint64_t ConnectGuard::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void ConnectGuard::have_read(std::uint64_t asked) {
  std::lock_guard lock(mutex_);
  if (asked <= read_) return;
  read_ = asked;
  all_read_.notify_all();
}

// The thread that lost a connection has put the reports of what was lost with it into the queue before it connects
// again.
bool ConnectGuard::reports_are_read() {
  std::unique_lock lock(mutex_);
  if (!wake_reader_) return true;
  const std::uint64_t mine = ++asked_;
  wake_reader_();
  return all_read_.wait_for(lock, kReadingLimit, [&] { return read_ >= mine; });
}

void ConnectGuard::open() {
  std::lock_guard lock(mutex_);
  is_open_ = true;
  opened_.notify_all();
}

bool ConnectGuard::is_open() {
  std::unique_lock lock(mutex_);
  return opened_.wait_for(lock, kOpeningLimit, [&] { return is_open_; });
}

void ConnectGuard::keep_for_ever(std::shared_ptr<ConnectGuard> guard) {
  static std::mutex mutex;
  static std::vector<std::shared_ptr<ConnectGuard>> kept;
  std::lock_guard lock(mutex);
  kept.push_back(std::move(guard));
}

bool ConnectGuard::objects_to(const char* broker) {
  if (!objection_) return false;
  auto objection = objection_(broker);
  if (!objection) return false;
  std::lock_guard lock(mutex_);
  objected_ = *std::move(objection);
  return true;
}

void ConnectGuard::allow_one_each() {
  std::lock_guard lock(mutex_);
  one_each_ = true;
  connected_.clear();
}

void ConnectGuard::allow_all() {
  std::lock_guard lock(mutex_);
  one_each_ = false;
  connected_.clear();
}

bool ConnectGuard::has_had_its_one(const char* broker) {
  std::lock_guard lock(mutex_);
  return one_each_ && !connected_.emplace(broker).second;
}

std::string ConnectGuard::objection() const {
  std::lock_guard lock(mutex_);
  return objected_;
}

int ConnectGuard::connect_to(int socket, const sockaddr* address, int size, const char* broker, void* opaque) {
  auto& guard = *static_cast<ConnectGuard*>(opaque);
  if (!guard.is_open()) return ECANCELED;
  if (guard.holding() || !guard.reports_are_read() || guard.is_shut()) return ECANCELED;
  if (guard.objects_to(broker)) return EACCES;
  if (guard.has_had_its_one(broker)) return ECANCELED;
  if (connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

}  // namespace embergate::kafka
