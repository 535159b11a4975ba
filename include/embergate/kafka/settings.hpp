// SPDX-License-Identifier: Apache-2.0
// What a destination says about its Kafka connection, in Kafka's words, already validated (contract 2.5). Holds names
// of secrets, never secrets. Thread: plain values. Which members decide the identity of a producer (kafka.md 1): all of
// ConnectionSettings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "embergate/vault/names.hpp"

namespace embergate::kafka {

enum class SecurityProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
enum class SaslMechanism { kNone, kPlain, kScramSha256, kScramSha512 };

struct ConnectionSettings {
  std::string bootstrap_servers;  // normalised: lower case, sorted, no blanks
  SecurityProtocol security_protocol = SecurityProtocol::kPlaintext;
  SaslMechanism sasl_mechanism = SaslMechanism::kNone;
  std::optional<vault::SecretName> sasl_jaas_config;  // a reference; required for SASL
  std::optional<vault::SecretName> sasl_password;     // our saslPassword with sasl_username, instead of a JAAS line
  std::string sasl_username;
  std::string ssl_truststore_certificates;  // PEM; empty: the system's bundle
  bool verify_host_name = true;             // sslEndpointIdentificationAlgorithm https | none
  std::string client_id = "embergate";
  double linger_ms = 1;                     // decision 40
  std::optional<std::uint32_t> batch_size;  // decision 13: only when the destination says so
  std::uint32_t max_request_size = 1'048'576;
  std::uint32_t request_timeout_ms = 30'000;
  std::uint32_t max_block_ms = 60'000;
  friend bool operator==(const ConnectionSettings&, const ConnectionSettings&) = default;
};

struct TopicSettings {
  std::string topic;
  std::string compression_type = "none";  // none gzip snappy lz4 zstd
  friend bool operator==(const TopicSettings&, const TopicSettings&) = default;
};

}  // namespace embergate::kafka
