// SPDX-License-Identifier: Apache-2.0
#include "topic/parameter_table.hpp"

#include <algorithm>

namespace embergate::topic {
namespace {

constexpr ParameterRule kKafkaParameters[] = {
    // contract 2.5.1
    {"kafkaTopic", ValueType::kString},
    {"bootstrapServers", ValueType::kString},
    {"compressionType", ValueType::kString},
    {"batchSize", ValueType::kInteger},
    {"deliveryTimeoutMs", ValueType::kInteger},
    {"maxBlockMs", ValueType::kInteger},
    {"maxRequestSize", ValueType::kInteger},
    {"requestTimeoutMs", ValueType::kInteger},
    {"securityProtocol", ValueType::kString},
    {"saslMechanism", ValueType::kString},
    {"saslJaasConfig", ValueType::kString, true},
    {"saslClientCallbackHandlerClass", ValueType::kString},
    {"sslKeystoreKey", ValueType::kString, true},
    {"keyByResourceId", ValueType::kBoolean},
    // contract 2.5.3
    {"sslKeystoreCertificateChain", ValueType::kString, true},
    {"sslTruststoreCertificates", ValueType::kString, true},
    {"sslKeyPassword", ValueType::kString, true},
    {"sslKeystoreType", ValueType::kString},
    {"sslEndpointIdentificationAlgorithm", ValueType::kString},
    {"saslUsername", ValueType::kString},
    {"saslPassword", ValueType::kString, true},
    {"saslOauthbearerTokenEndpointUrl", ValueType::kString},
    {"acks", ValueType::kString},
    {"lingerMs", ValueType::kInteger},
    {"clientId", ValueType::kString},
    {"enableIdempotence", ValueType::kBoolean},
    {"recordHeaders", ValueType::kBoolean, false, Support::kNotYet},
    {"tombstoneOnDelete", ValueType::kBoolean, false, Support::kNotYet},
    {"maxDeliveryAttempts", ValueType::kInteger, false, Support::kNotYet},
    {"deadLetterTopic", ValueType::kString, false, Support::kNotYet},
    {"transactional", ValueType::kBoolean, false, Support::kNotYet},
    {"maxLoginAgeMs", ValueType::kInteger},
};

}  // namespace

std::span<const ParameterRule> kafka_parameters() { return kKafkaParameters; }

const ParameterRule* find_kafka_parameter(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKafkaParameters), std::end(kKafkaParameters),
                                   [&](const ParameterRule& rule) { return rule.name == name; });
  return found == std::end(kKafkaParameters) ? nullptr : found;
}

}  // namespace embergate::topic
