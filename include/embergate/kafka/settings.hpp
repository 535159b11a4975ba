// SPDX-License-Identifier: Apache-2.0
// What a destination says about its Kafka connection, in Kafka's words, already validated (contract 2.5). Holds names
// of secrets, never secrets. Thread: plain values. Which members decide the identity of a producer (kafka.md 1): all of
// ConnectionSettings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embergate/vault/names.hpp"

namespace embergate::kafka {

// What turns a Java key store, which no one but Java reads, into one that can be used.
inline constexpr std::string_view kConvertJks =
    "convert it with: keytool -importkeystore -srckeystore client.jks -srcstoretype JKS -destkeystore client.p12 "
    "-deststoretype PKCS12";

enum class SecurityProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
enum class SaslMechanism { kNone, kPlain, kScramSha256, kScramSha512, kOauthBearer, kMskIam };
enum class KeystoreType { kPem, kPkcs12 };

// As Kafka and destinations write it; empty for none.
constexpr const char* sasl_mechanism_name(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kNone:
      return "";
    case SaslMechanism::kPlain:
      return "PLAIN";
    case SaslMechanism::kScramSha256:
      return "SCRAM-SHA-256";
    case SaslMechanism::kScramSha512:
      return "SCRAM-SHA-512";
    case SaslMechanism::kOauthBearer:
      return "OAUTHBEARER";
    case SaslMechanism::kMskIam:
      return "AWS_MSK_IAM";
  }
  return "";
}

struct ConnectionSettings {
  std::string bootstrap_servers;  // normalised: lower case, sorted, no blanks
  SecurityProtocol security_protocol = SecurityProtocol::kPlaintext;
  SaslMechanism sasl_mechanism = SaslMechanism::kNone;
  std::optional<vault::SecretName> sasl_jaas_config;  // a reference to a JAAS line
  std::string sasl_jaas_text;                         // a JAAS line that carries no credential (MSK IAM)
  // saslPassword instead of a JAAS line: with sasl_username the password; with OAUTHBEARER and no user the bearer
  // token.
  std::optional<vault::SecretName> sasl_password;
  std::string sasl_username;
  std::string sasl_oauthbearer_token_endpoint_url;
  std::optional<vault::SecretName> ssl_keystore_key;  // private key, or key and chain in one file
  KeystoreType ssl_keystore_type = KeystoreType::kPem;
  std::string ssl_keystore_certificate_chain;  // PEM, in any order; or the next one
  std::optional<vault::SecretName> ssl_keystore_certificate_chain_secret;
  std::optional<vault::SecretName> ssl_key_password;
  std::string ssl_truststore_certificates;  // PEM; or the next one; neither: the system's bundle
  std::optional<vault::SecretName> ssl_truststore_certificates_secret;
  bool verify_host_name = true;        // sslEndpointIdentificationAlgorithm https | none
  std::uint64_t max_login_age_ms = 0;  // 0: a connection keeps its login as long as it lives (decision 22)
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
