// SPDX-License-Identifier: Apache-2.0
#include "kafka/login_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "kafka/producer_config.hpp"

namespace embergate::kafka {

namespace {

// How often the library is asked whether the login is through; more seldom when that takes long.
constexpr core::Milliseconds kFirstLook{5};
constexpr core::Milliseconds kLongestLook{40};
constexpr core::Milliseconds kPush{50};
// One try for an answer; between tries the events are read, so that a refusal ends the probe early. Tries grow, so that
// a slow network has its time.
constexpr core::Milliseconds kFirstTry{100};
constexpr core::Milliseconds kLongestTry{1'600};
// Another broker may not know the login yet; while one waits here the library would show it again and again.
constexpr core::Milliseconds kLongestTryOfAcceptedLogin{400};
constexpr int kMostBrokers = 1'000;

core::Milliseconds left_until(core::SteadyTime deadline) {
  return std::chrono::duration_cast<core::Milliseconds>(deadline - std::chrono::steady_clock::now());
}

bool answered(rd_kafka_t* client, core::Milliseconds limit, std::vector<std::string>& brokers) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, nullptr, &metadata, static_cast<int>(limit.count())) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  for (int i = 0; i < std::min(metadata->broker_cnt, kMostBrokers); ++i) {
    const rd_kafka_metadata_broker& one = metadata->brokers[i];
    const bool bare_ipv6 = std::string_view(one.host).find(':') != std::string_view::npos && one.host[0] != '[';
    brokers.push_back(fmt::format(fmt::runtime(bare_ipv6 ? "[{}]:{}" : "{}:{}"), one.host, one.port));
  }
  rd_kafka_metadata_destroy(metadata);
  return true;
}

// A cluster says who it is to those only that are logged in.
bool logged_in(rd_kafka_t* client) {
  char* const cluster = rd_kafka_clusterid(client, 0);
  if (cluster == nullptr) return false;
  rd_kafka_mem_free(client, cluster);
  return true;
}

// The connection ended while the broker looked at the login: it may have refused it, and is not shown it again.
bool ended_in_login(const char* text) {
  return std::string_view(text).find("in state AUTH_REQ") != std::string_view::npos;
}

// True when an event settles that the login fails. What the network broke off says nothing of the login, and may be
// tried again.
bool refused(rd_kafka_queue_t* queue, core::Milliseconds wait, ConnectGuard& guard, ProbeResult& result) {
  for (EventHandle event(rd_kafka_queue_poll(queue, static_cast<int>(wait.count()))); event;
       event.reset(rd_kafka_queue_poll(queue, 0))) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_LOG) {
      if (std::string ended = end_of_connection(event.get()); !ended.empty()) result.ended = std::move(ended);
    }
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
    const char* text = rd_kafka_event_error_string(event.get());
    const ConnectionFault fault = fault_of(error, text);
    if (fault == ConnectionFault::kNoise || is_our_own(text)) continue;
    // That all are down says less than what was said of one of them before.
    const bool of_all = error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (of_all && !result.error.text.empty()) continue;
    result.fault = fault;
    result.error = guard.described(error, of_all && !result.ended.empty() ? result.ended : std::string_view(text));
    if (fault != ConnectionFault::kUnreachable) return true;
    if (!of_all && !ended_in_login(text)) guard.allow_another();
  }
  return false;
}

// Until the login is through, refused, or out of time. The library connects to one broker by itself, and to the next
// when it is asked for an answer. Not every cluster has an id (Azure Event Hubs has none): an answer is as good.
bool logs_in(const OpenClient& client, rd_kafka_queue_t* queue, core::SteadyTime deadline,
             const std::function<bool()>& ends, ProbeResult& result) {
  core::Milliseconds look = kFirstLook;
  core::Milliseconds attempt = kPush;
  auto next_push = std::chrono::steady_clock::now();
  while (!ends() && left_until(deadline).count() > 0) {
    if (logged_in(client.handle.get())) return true;
    if (std::chrono::steady_clock::now() >= next_push) {
      std::vector<std::string> unused;
      if (answered(client.handle.get(), std::min(attempt, left_until(deadline)), unused)) return true;
      attempt = std::min(attempt * 2, kLongestTry);
      next_push = std::chrono::steady_clock::now() + kPush;
      look = std::min(look + core::Milliseconds{1}, kLongestLook);
    }
    if (refused(queue, std::min(look, left_until(deadline)), *client.guard, result)) return false;
  }
  return false;
}

// After the login, over whatever connection there is: from 2.10 on the library leaves the one that it logged in with
// when the cluster names its brokers. Those may be ones that the login must not be shown to; who they are is of no use
// then.
bool tells_of_its_brokers(const OpenClient& client, rd_kafka_queue_t* queue, core::SteadyTime deadline,
                          const std::function<bool()>& ends, ProbeResult& result) {
  core::Milliseconds attempt = kFirstTry;
  while (!ends() && left_until(deadline).count() > 0) {
    if (answered(client.handle.get(), std::min(attempt, left_until(deadline)), result.brokers)) return true;
    if (refused(queue, core::Milliseconds{0}, *client.guard, result)) return false;
    if (!client.guard->objection().empty()) return true;
    attempt = std::min(attempt * 2, kLongestTryOfAcceptedLogin);
  }
  return false;
}

}  // namespace

ProbeResult probe_login(ConfHandle conf, const BearerToken* token, const BrokerObjection& objection,
                        core::Milliseconds timeout, const std::function<bool()>& ends, std::atomic<bool>* accepted) {
  ProbeResult result;
  auto made = make_client(std::move(conf), token, objection, Trial::kYes);
  if (!made) {
    result.fault = made.error().retriable ? ConnectionFault::kUnreachable : ConnectionFault::kTlsRefused;
    result.error = {RD_KAFKA_RESP_ERR__FAIL, made.error().diagnostics, 0};
    result.made = made.error().retriable;
    return result;
  }
  OpenClient client = std::move(*made);
  const QueueHandle queue(rd_kafka_queue_get_main(client.handle.get()));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  if (logs_in(client, queue.get(), deadline, ends, result)) {
    if (accepted != nullptr) accepted->store(true);
    client.guard->allow_all();
    if (tells_of_its_brokers(client, queue.get(), deadline, ends, result)) {
      result.client = std::move(client);
      return result;
    }
  }
  if (result.fault != ConnectionFault::kUnreachable) return result;
  if (std::string objected = client.guard->objection(); !objected.empty()) {
    result.objected = true;
    result.error.text = std::move(objected);
  }
  if (result.error.text.empty()) result.error.text = "no broker answered in time";
  return result;
}

}  // namespace embergate::kafka
