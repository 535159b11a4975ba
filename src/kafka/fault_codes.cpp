// SPDX-License-Identifier: Apache-2.0
#include "kafka/fault_codes.hpp"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

#include "kafka/credential.hpp"
#include "kafka/failures.hpp"

namespace embergate::kafka {
namespace {

using core::Fault;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_of_the_name(int certificate) {
  return certificate == X509_V_ERR_HOSTNAME_MISMATCH || certificate == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

// What answered was no TLS, or closed the connection at the first word of it.
bool is_no_tls(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSigns{"PLAINTEXT broker listener", "wrong version number",
                                                   "packet length too long", "unexpected message"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) { return has(text, sign); });
}

Fault fault_of_tls(const ConnectionError& error) {
  if (is_of_our_certificate(error.text)) return Fault::kKafkaAuthRefused;
  if (is_of_their_certificate(error.text))
    return is_of_the_name(error.certificate) ? Fault::kKafkaTlsHostname : Fault::kKafkaTlsUntrusted;
  return is_no_tls(error.text) ? Fault::kKafkaPlaintextExpected : Fault::kKafkaTlsFailed;
}

// A listener that speaks TLS ends a connection whose first words are none, and says nothing.
Fault fault_of_transport(const ConnectionError& error, bool with_tls) {
  if (is_of_our_certificate(error.text)) return Fault::kKafkaAuthRefused;
  if (has(error.text, "timed out")) return Fault::kKafkaTimeout;
  if (with_tls) return is_no_tls(error.text) ? Fault::kKafkaPlaintextExpected : Fault::kKafkaUnreachable;
  const bool at_first_word = has(error.text, "SSL listener") || has(error.text, "in state APIVERSION_QUERY");
  return at_first_word ? Fault::kKafkaTlsExpected : Fault::kKafkaUnreachable;
}

Fault fault_of_login(std::string_view text) {
  if (has(text, "supported mechanisms") || has(text, "Unsupported SASL mechanism")) return Fault::kKafkaAuthMechanism;
  return fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION, text) == ConnectionFault::kLoginRefused ? Fault::kKafkaAuthRefused
                                                                                             : Fault::kKafkaUnreachable;
}

}  // namespace

std::string end_of_connection(rd_kafka_event_t* log_line) {
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(log_line, &facility, &text, &level) != 0 || std::string_view(facility) != "FAIL") return {};
  std::string_view line(text);
  // "[thrd:sasl_ssl://host:9092/1]: " stands before the rest.
  if (const std::size_t end = line.find("]: "); line.starts_with("[thrd:") && end != std::string_view::npos)
    line.remove_prefix(end + 3);
  return std::string(line);
}

core::Fault fault_of_connection(const ConnectionError& error, const ConnectionSettings& settings) {
  switch (error.error) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return Fault::kKafkaDns;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return fault_of_login(error.text);
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return Fault::kKafkaAuthMechanism;
    case RD_KAFKA_RESP_ERR__SSL:
      return fault_of_tls(error);
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:  // with the end of the last connection
      if (has(error.text, "Failed to resolve")) return Fault::kKafkaDns;
      return fault_of_transport(error, uses_tls(settings));
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return Fault::kKafkaTimeout;
    default:
      return fault_of_record(error.error);
  }
}

core::Fault fault_of_record(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return Fault::kKafkaTopicMissing;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return Fault::kKafkaNotAuthorised;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Fault::kKafkaTooLarge;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return Fault::kKafkaTimeout;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return Fault::kKafkaUnreachable;
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      return Fault::kKafkaNoLeader;
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return Fault::kKafkaThrottled;
    default:
      return scope_of(error) == FailureScope::kRecord ? Fault::kKafkaRecordRefused : Fault::kKafkaFailed;
  }
}

std::string peer_of(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = text.substr(scheme + 3);
  const std::size_t end = rest.find_first_of("/ ");
  constexpr std::size_t kLongest = 300;  // a host name and a port
  if (end > kLongest) return {};
  return std::string(rest.substr(0, end));
}

std::string without_advice(std::string_view text, int certificate) {
  constexpr std::array<std::string_view, 3> kAdvice{": broker certificate could not be verified, verify that",
                                                    ": client SSL authentication might be required (see",
                                                    " (see api.version.request)"};
  std::string kept(text);
  for (const std::string_view advice : kAdvice) {
    const std::size_t at = kept.find(advice);
    if (at == std::string::npos) continue;
    const std::size_t end = kept.find(')', at);
    kept.erase(at, end == std::string::npos ? std::string::npos : end + 1 - at);
  }
  if (certificate != 0) kept += fmt::format(" ({})", X509_verify_cert_error_string(certificate));
  return kept;
}

}  // namespace embergate::kafka
