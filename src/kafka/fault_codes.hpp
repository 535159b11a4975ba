// SPDX-License-Identifier: Apache-2.0
// From what librdkafka reports, and what the connection is set to, to a row of the table of error codes.
// Thread: pure. Failure: none; what has no code of its own is kafka.failed.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

#include "embergate/core/fault.hpp"
#include "embergate/kafka/settings.hpp"

namespace embergate::kafka {

// One error of a connection as the library reports it.
struct ConnectionError {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text;     // the library's name of the error and its words
  int certificate = 0;  // what OpenSSL has against the broker's certificate (X509_V_ERR_...); 0: nothing
};

// Why a connection ended, where the library has it in its log only: "" for lines about anything else. It reports no
// error of a connection that the other side closes, but for the last: that all brokers are down.
std::string end_of_connection(rd_kafka_event_t* log_line);

core::Fault fault_of_connection(const ConnectionError& error, const ConnectionSettings& settings);
core::Fault fault_of_record(rd_kafka_resp_err_t error);
// "host:9092" of texts that name a broker: "_TRANSPORT: sasl_ssl://host:9092/bootstrap: ..."; empty: none is named.
std::string peer_of(std::string_view text);
// Without the library's advice on settings that it has and the gateway has not, and with what OpenSSL says instead.
std::string without_advice(std::string_view text, int certificate);

}  // namespace embergate::kafka
