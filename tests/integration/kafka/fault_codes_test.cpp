// SPDX-License-Identifier: Apache-2.0
#include "kafka/fault_codes.hpp"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

namespace embergate::kafka {
namespace {

using core::Fault;

ConnectionSettings with(SecurityProtocol protocol) {
  ConnectionSettings settings;
  settings.security_protocol = protocol;
  return settings;
}

// The texts are those of the library with a broker that does this.
struct Case {
  SecurityProtocol protocol;
  rd_kafka_resp_err_t error;
  const char* text;
  int certificate;
  Fault fault;
};

class FaultOfConnection : public testing::TestWithParam<Case> {};

TEST_P(FaultOfConnection, IsToldFromTheLibrarysErrorAndWhatIsConfigured) {
  const Case& given = GetParam();
  EXPECT_EQ(core::code_of(fault_of_connection({given.error, given.text, given.certificate}, with(given.protocol))),
            core::code_of(given.fault))
      << given.text;
}

constexpr auto kInTheClear = SecurityProtocol::kSaslPlaintext;
constexpr auto kWithTls = SecurityProtocol::kSaslSsl;
INSTANTIATE_TEST_SUITE_P(
    Texts, FaultOfConnection,
    testing::Values(
        Case{kInTheClear, RD_KAFKA_RESP_ERR__TRANSPORT,
             "b:9092/1: Connect to ipv4#127.0.0.1:1 failed: Connection refused", 0, Fault::kKafkaUnreachable},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__RESOLVE, "b:9092/bootstrap: Failed to resolve 'b:9092'", 0,
             Fault::kKafkaDns},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__TRANSPORT, "b:9092/1: Connection setup timed out in state CONNECT", 0,
             Fault::kKafkaTimeout},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__TRANSPORT,
             "b:9092/1: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol "
             "configuration (connecting to a SSL listener?) or broker version is < 0.10",
             0, Fault::kKafkaTlsExpected},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL,
             "b:9092/1: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?", 0,
             Fault::kKafkaPlaintextExpected},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: ssl_lib.c:1: wrong version number", 0,
             Fault::kKafkaPlaintextExpected},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: certificate verify failed",
             X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, Fault::kKafkaTlsUntrusted},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: certificate verify failed",
             X509_V_ERR_HOSTNAME_MISMATCH, Fault::kKafkaTlsHostname},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: certificate verify failed",
             X509_V_ERR_IP_ADDRESS_MISMATCH, Fault::kKafkaTlsHostname},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: sslv3 alert bad certificate", 0,
             Fault::kKafkaAuthRefused},
        Case{kWithTls, RD_KAFKA_RESP_ERR__SSL, "b:9092/1: SSL handshake failed: no shared cipher", 0,
             Fault::kKafkaTlsFailed},
        Case{kWithTls, RD_KAFKA_RESP_ERR__TRANSPORT, "b:9092/1: tlsv13 alert certificate required", 0,
             Fault::kKafkaAuthRefused},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__AUTHENTICATION,
             "b:9092/1: SASL authentication error: Authentication failed", 0, Fault::kKafkaAuthRefused},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__AUTHENTICATION,
             "b:9092/1: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported "
             "mechanisms: SCRAM-SHA-256",
             0, Fault::kKafkaAuthMechanism},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__AUTHENTICATION,
             "b:9092/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure", 0,
             Fault::kKafkaUnreachable},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down", 0, Fault::kKafkaUnreachable},
        Case{kInTheClear, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "", 0, Fault::kKafkaNotAuthorised},
        Case{kInTheClear, RD_KAFKA_RESP_ERR__FATAL, "", 0, Fault::kKafkaFailed}));

TEST(FaultOfRecord, SaysWhatTheBrokerHasAgainstIt) {
  EXPECT_EQ(fault_of_record(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Fault::kKafkaTooLarge);
  EXPECT_EQ(fault_of_record(RD_KAFKA_RESP_ERR_POLICY_VIOLATION), Fault::kKafkaRecordRefused);
  EXPECT_EQ(fault_of_record(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), Fault::kKafkaTopicMissing);
  EXPECT_EQ(fault_of_record(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT), Fault::kKafkaTimeout);
}

TEST(PeerOf, IsTheBrokerThatATextNames) {
  EXPECT_EQ(peer_of("_SSL: sasl_ssl://b.example:9093/bootstrap: SSL handshake failed"), "b.example:9093");
  EXPECT_EQ(peer_of("secret 'a': _AUTHENTICATION: sasl_plaintext://[::1]:9092/1: no"), "[::1]:9092");
  EXPECT_EQ(peer_of("_TIMED_OUT: Local: Timed out"), "");
}

TEST(WithoutAdvice, LeavesOutSettingsThatTheGatewayDoesNotHaveAndSaysWhatOpenSslSays) {
  const std::string text = without_advice(
      "SSL handshake failed: certificate verify failed: broker certificate could not be verified, verify that "
      "ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates package) "
      "(after 12ms in state SSL_HANDSHAKE)",
      X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(text,
            "SSL handshake failed: certificate verify failed (after 12ms in state SSL_HANDSHAKE) (hostname mismatch)");
}

}  // namespace
}  // namespace embergate::kafka
