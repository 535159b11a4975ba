// SPDX-License-Identifier: Apache-2.0
#include "kafka/connect_guard.hpp"

#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include "kafka/failures.hpp"

namespace embergate::kafka {

namespace {
constexpr const char* kInterceptor = "connect-guard";
}

void ConnectGuard::install(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_connect_cb(conf, &ConnectGuard::connect_to);
  rd_kafka_conf_interceptor_add_on_new(conf, kInterceptor, &ConnectGuard::watch_reports, this);
}

rd_kafka_resp_err_t ConnectGuard::watch_reports(rd_kafka_t* client, const rd_kafka_conf_t* /*conf*/, void* guard,
                                                char* /*reason*/, size_t /*reason_size*/) {
  return rd_kafka_interceptor_add_on_acknowledgement(client, kInterceptor, &ConnectGuard::acknowledged, guard);
}

// Called before the report can be read by anybody, and before the thread that lost the connection makes another one.
rd_kafka_resp_err_t ConnectGuard::acknowledged(rd_kafka_t* /*client*/, rd_kafka_message_t* message, void* guard) {
  if (is_connection_failure(message->err)) static_cast<ConnectGuard*>(guard)->shut_.store(true);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
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
  if (guard.holding() || guard.shut()) return ECANCELED;
  if (guard.objects_to(broker)) return EACCES;
  if (guard.has_had_its_one(broker)) return ECANCELED;
  if (connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS) return 0;
  return errno;
}

}  // namespace embergate::kafka
