// SPDX-License-Identifier: Apache-2.0
#include "kafka/connect_guard.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/tcp.h>  // not netinet/tcp.h, whose tcp_info is shorter
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "kafka/failures.hpp"

namespace embergate::kafka {

namespace {
constexpr std::chrono::milliseconds kReadingLimit{50};     // it is a thread of the library that waits
constexpr std::chrono::milliseconds kProofLimit{50};       // so does one that may be about to know that a login is good
constexpr std::chrono::milliseconds kSilenceLimit{1'000};  // then another broker gets its chance
constexpr std::size_t kMostBrokers = 1'024;

bool has_ended(int socket) {
  pollfd look{socket, POLLRDHUP, 0};
  return poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// A broker speaks before it is shown a login: it answers a TLS handshake or the question for its versions.
bool broker_has_spoken(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_bytes_received > 0;
}

}  // namespace

ConnectGuard::~ConnectGuard() {
  forget_connection();
  --alive_count;
}

void ConnectGuard::install(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_connect_cb(conf, &ConnectGuard::connect_to);
  rd_kafka_conf_set_throttle_cb(conf, &ConnectGuard::throttled);
  static_cast<void>(rd_kafka_conf_set_ssl_cert_verify_cb(conf, &ConnectGuard::judge_certificate));
}

// OpenSSL's verdict stands; the library's text does not say which one it was.
int ConnectGuard::judge_certificate(rd_kafka_t* /*client*/, const char* /*broker*/, std::int32_t /*id*/, int* verdict,
                                    int /*depth*/, const char* /*certificate*/, std::size_t /*size*/, char* reason,
                                    std::size_t reason_size, void* opaque) noexcept {
  if (*verdict == 0) return 1;
  static_cast<ConnectGuard*>(opaque)->certificate_.store(*verdict);
  if (reason_size > 0) *reason = '\0';
  return 0;
}

void ConnectGuard::throttled(rd_kafka_t* /*client*/, const char* /*broker*/, std::int32_t /*id*/, int milliseconds,
                             void* opaque) noexcept {
  static_cast<ConnectGuard*>(opaque)->throttle_.store(milliseconds);
}

std::optional<core::Milliseconds> ConnectGuard::throttle_news() {
  const int news = throttle_.exchange(kNoNews);
  return news == kNoNews ? std::nullopt : std::optional(core::Milliseconds(news));
}

ConnectionError ConnectGuard::described(rd_kafka_resp_err_t error, std::string_view text) const {
  const int certificate = is_of_their_certificate(text) ? certificate_.load() : 0;
  return {error, without_advice(fmt::format("{}: {}", rd_kafka_err2name(error), text), certificate), certificate};
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
}

// Never waits: the library holds a lock here that giving it the login needs. It tries again by itself.
bool ConnectGuard::is_open() const {
  std::lock_guard lock(mutex_);
  return is_open_;
}

bool ConnectGuard::objects_to(const char* broker) {
  if (!objection_) return false;
  auto objection = objection_(broker);
  std::lock_guard lock(mutex_);
  if (!objection) {
    if (let_to_.size() < kMostBrokers) let_to_.insert(broker);
    return false;
  }
  objected_ = *std::move(objection);
  return true;
}

std::optional<std::string> ConnectGuard::objection_now() const {
  if (!objection_) return std::nullopt;
  std::set<std::string> brokers;
  {
    std::lock_guard lock(mutex_);
    brokers = let_to_;
  }
  for (const std::string& broker : brokers) {
    if (auto objection = objection_(broker)) return objection;
  }
  return std::nullopt;
}

// What ended may be an earlier one, which lost its place.
void ConnectGuard::allow_another() {
  std::lock_guard lock(mutex_);
  if (tried_ != -1 && has_ended(tried_)) forget_connection();
}

void ConnectGuard::allow_all() {
  std::lock_guard lock(mutex_);
  on_trial_ = false;
  objected_.clear();
  forget_connection();
  trial_ends_.notify_all();
}

void ConnectGuard::forget_connection() {
  if (tried_ != -1) close(tried_);
  tried_ = -1;
}

bool ConnectGuard::may_log_in() const {
  if (broker_has_spoken(tried_)) return true;
  return !has_ended(tried_) && std::chrono::steady_clock::now() - tried_at_ < kSilenceLimit;
}

// At most one login comes of a trial, whatever the number of brokers. When the login is good, the library may leave the
// broker that it logged in at for those that the cluster names, before the reader of the proof has seen it.
bool ConnectGuard::is_on_trial_already() {
  std::unique_lock lock(mutex_);
  if (!on_trial_ || tried_ == -1 || !may_log_in()) return false;
  return !trial_ends_.wait_for(lock, kProofLimit, [&] { return !on_trial_; });
}

// False when another connection has the only place. One that is silent loses it to the next, and its connection, so
// that it cannot log in later.
bool ConnectGuard::takes_the_place(int socket) {
  std::lock_guard lock(mutex_);
  if (!on_trial_) return true;
  if (tried_ != -1 && may_log_in()) return false;
  if (tried_ != -1) shutdown(tried_, SHUT_RDWR);
  forget_connection();
  tried_ = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  tried_at_ = std::chrono::steady_clock::now();
  return tried_ != -1;
}

std::string ConnectGuard::objection() const {
  std::lock_guard lock(mutex_);
  return objected_;
}

// What may not be asked, for lack of memory, may not be connected to either. 0: it may.
int ConnectGuard::refusal_of(int socket, const char* broker) noexcept {
  try {
    if (!is_open() || holding() || !reports_are_read() || is_shut()) return ECANCELED;
    if (is_on_trial_already()) return ECANCELED;
    if (objects_to(broker)) return EACCES;
    return takes_the_place(socket) ? 0 : ECANCELED;
  } catch (const std::exception&) {
    return ECANCELED;
  }
}

int ConnectGuard::connect_to(int socket, const sockaddr* address, int size, const char* broker, void* opaque) noexcept {
  if (const int refusal = static_cast<ConnectGuard*>(opaque)->refusal_of(socket, broker); refusal != 0) return refusal;
  if (connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

}  // namespace embergate::kafka
