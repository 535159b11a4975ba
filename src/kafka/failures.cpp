// SPDX-License-Identifier: Apache-2.0
#include "kafka/failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace embergate::kafka {

FailureScope scope_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return FailureScope::kRecord;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return FailureScope::kTopic;
    default:
      return FailureScope::kConnection;
  }
}

bool is_size_refusal(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

bool is_connection_failure(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return false;
    default:
      return scope_of(error) == FailureScope::kConnection;
  }
}

namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// ILLEGAL_SASL_STATE: a broker takes one login a second on a connection (KIP-368) and closes it on another one. That
// says nothing of the credential.
constexpr std::string_view kTooSoon = "Request not valid in current SASL state";

// The library calls it a failure of the login when the connection ends before the broker has named its mechanisms, as
// it does when a session runs out while the client is late with its new login.
constexpr std::string_view kEndedInHandshake = "mechanism handshake failed: Local:";

const char* remedy_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "; the gateway makes none: create it, or let the user of the login describe it";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; let the user of the login write and describe it";
    default:
      return "";
  }
}

}  // namespace

std::string describe(rd_kafka_resp_err_t error) {
  return fmt::format("{}: {}", rd_kafka_err2name(error), rd_kafka_err2str(error));
}

std::string said_of_topic(const char* topic, rd_kafka_resp_err_t error) {
  return fmt::format("Kafka topic {}: {}{}", topic, describe(error), remedy_of(error));
}

ConnectionFault fault_of(rd_kafka_resp_err_t error, std::string_view text) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return has(text, kTooSoon) || has(text, kEndedInHandshake) ? ConnectionFault::kUnreachable
                                                                 : ConnectionFault::kLoginRefused;
    case RD_KAFKA_RESP_ERR__SSL:
      return ConnectionFault::kTlsRefused;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
      return is_of_our_certificate(text) ? ConnectionFault::kTlsRefused : ConnectionFault::kUnreachable;
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return ConnectionFault::kUnreachable;
    default:
      return ConnectionFault::kNoise;
  }
}

bool is_our_own(std::string_view text) { return has(text, "Operation canceled"); }

bool is_of_our_certificate(std::string_view text) {
  constexpr std::array<std::string_view, 7> kAlerts{"alert bad certificate",      "alert unknown ca",
                                                    "alert certificate required", "alert certificate expired",
                                                    "alert certificate revoked",  "alert certificate unknown",
                                                    "alert handshake failure"};
  return std::any_of(kAlerts.begin(), kAlerts.end(), [&](std::string_view alert) { return has(text, alert); });
}

bool is_of_their_certificate(std::string_view text) { return has(text, "certificate verify failed"); }

}  // namespace embergate::kafka
