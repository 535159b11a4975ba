// SPDX-License-Identifier: Apache-2.0
#include "kafka/login_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "kafka/producer_config.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kSlice{100};  // how long a stop of the pool may go unnoticed

void ask(rd_kafka_t* client, rd_kafka_queue_t* queue, core::Milliseconds timeout) {
  const AdminOptionsHandle options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), nullptr, 0);
  rd_kafka_DescribeCluster(client, options.get(), queue);
}

enum class Step { kGoOn, kProven, kFailed };

Step read_event(rd_kafka_event_t* event, ProbeResult& result) {
  const auto type = rd_kafka_event_type(event);
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  if (type == RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT) {
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Step::kProven;
    if (result.text.empty())
      result.text = fmt::format("{}: {}", rd_kafka_err2name(error), rd_kafka_event_error_string(event));
    return Step::kFailed;
  }
  if (type != RD_KAFKA_EVENT_ERROR) return Step::kGoOn;
  const char* text = rd_kafka_event_error_string(event);
  const ConnectionFault fault = fault_of(error, text);
  // That all are down says less than what was said of one of them before.
  if (fault == ConnectionFault::kNoise || (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !result.text.empty()))
    return Step::kGoOn;
  result.fault = fault;
  result.text = fmt::format("{}: {}", rd_kafka_err2name(error), text);
  return fault == ConnectionFault::kUnreachable ? Step::kGoOn : Step::kFailed;
}

}  // namespace

ProbeResult probe_login(ConfHandle conf, core::Milliseconds timeout, const std::atomic<bool>& stopping) {
  ProbeResult result;
  auto made = make_client(std::move(conf));
  if (!made) {
    result.fault = ConnectionFault::kTlsRefused;
    result.text = made.error().diagnostics;
    return result;
  }
  ClientHandle client = std::move(*made);
  const QueueHandle queue(rd_kafka_queue_get_main(client.get()));
  ask(client.get(), queue.get(), timeout);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  Step step = Step::kGoOn;
  while (step == Step::kGoOn && !stopping.load()) {
    const auto left = std::chrono::duration_cast<core::Milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const EventHandle event(rd_kafka_queue_poll(queue.get(), static_cast<int>(std::min(left, kSlice).count())));
    if (event) step = read_event(event.get(), result);
  }
  if (step == Step::kProven) {
    result.client = std::move(client);
  } else if (result.text.empty()) {
    result.text = "no broker answered in time";
  }
  return result;
}

}  // namespace embergate::kafka
