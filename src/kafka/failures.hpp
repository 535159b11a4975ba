// SPDX-License-Identifier: Apache-2.0
// What librdkafka's error codes mean to the gateway: whom a failed record concerns, and what a connection error says
// about the credential. Thread: pure. Failure: none.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "embergate/kafka/producer.hpp"

namespace embergate::kafka {

FailureScope scope_of(rd_kafka_resp_err_t error);
// The batch that the record travelled in was longer than its topic or broker allows.
bool is_size_refusal(rd_kafka_resp_err_t error);
// Given up by the library because of the connection, and not on our own wish: what is queued behind it is not.
bool is_connection_failure(rd_kafka_resp_err_t error);

std::string describe(rd_kafka_resp_err_t error);                          // the library's name and text
std::string said_of_topic(const char* topic, rd_kafka_resp_err_t error);  // the same, and what to do about it

enum class ConnectionFault {
  kLoginRefused,  // the broker refused user or password
  kTlsRefused,    // our check of the broker failed, or it refused our certificate
  kUnreachable,   // name, port, network
  kNoise          // says nothing about whether a broker answers
};
// Alerts about our own certificate arrive as transport errors, so the text decides there.
ConnectionFault fault_of(rd_kafka_resp_err_t error, std::string_view text);
// A connection that the ConnectGuard held back (ECANCELED).
bool is_our_own(std::string_view text);
// The broker refused our certificate, not we its one.
bool is_of_our_certificate(std::string_view text);
// We refused the broker's certificate: of another authority, of another host, outside its time.
bool is_of_their_certificate(std::string_view text);

}  // namespace embergate::kafka
