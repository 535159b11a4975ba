// SPDX-License-Identifier: Apache-2.0
#include "kafka/failures.hpp"

#include <gtest/gtest.h>

namespace embergate::kafka {
namespace {

TEST(Failures, ConcernTheRecordTheTopicOrTheConnection) {
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), FailureScope::kRecord);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR_POLICY_VIOLATION), FailureScope::kRecord);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), FailureScope::kTopic);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), FailureScope::kTopic);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), FailureScope::kTopic);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR__PURGE_QUEUE), FailureScope::kConnection);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR__FATAL), FailureScope::kConnection);
  EXPECT_EQ(scope_of(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED), FailureScope::kConnection);
}

TEST(Failures, OfTheConnectionAreThoseThatNobodyAskedFor) {
  EXPECT_TRUE(is_connection_failure(RD_KAFKA_RESP_ERR__AUTHENTICATION));
  EXPECT_TRUE(is_connection_failure(RD_KAFKA_RESP_ERR_UNKNOWN));
  EXPECT_FALSE(is_connection_failure(RD_KAFKA_RESP_ERR__PURGE_QUEUE));
  EXPECT_FALSE(is_connection_failure(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE));
  EXPECT_FALSE(is_connection_failure(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  EXPECT_FALSE(is_connection_failure(RD_KAFKA_RESP_ERR_NO_ERROR));
}

TEST(Failures, TellARefusedLoginFromANetworkFault) {
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION, "SASL authentication error"), ConnectionFault::kLoginRefused);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION,
                     "SASL OAUTHBEARER mechanism handshake failed: Broker: Request not valid in current SASL state: "
                     "broker's supported mechanisms:  (after 0ms in state AUTH_HANDSHAKE)"),
            ConnectionFault::kUnreachable);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION,
                     "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported "
                     "mechanisms: SCRAM-SHA-512 (after 2ms in state AUTH_HANDSHAKE)"),
            ConnectionFault::kLoginRefused);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__SSL, "certificate verify failed"), ConnectionFault::kTlsRefused);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__TRANSPORT, "Receive failed: sslv3 alert bad certificate"),
            ConnectionFault::kTlsRefused);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__TRANSPORT, "Connection refused"), ConnectionFault::kUnreachable);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down"), ConnectionFault::kUnreachable);
  EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__BAD_MSG, "x"), ConnectionFault::kNoise);
}

// Seen under load: the session ran out while the client was late with its new login.
TEST(Failures, AConnectionThatEndsBeforeTheLoginIsShownIsNotARefusedLogin) {
  for (const char* end : {"Local: Broker transport failure", "Local: Timed out"}) {
    EXPECT_EQ(fault_of(RD_KAFKA_RESP_ERR__AUTHENTICATION,
                       std::string("SASL SCRAM-SHA-512 mechanism handshake failed: ") + end +
                           ": broker's supported mechanisms: (n/a) (after 8ms in state AUTH_HANDSHAKE)"),
              ConnectionFault::kUnreachable);
  }
}

TEST(Failures, TellARefusalOfOurCertificateFromOurRefusalOfTheBrokers) {
  EXPECT_TRUE(is_of_our_certificate("Receive failed: sslv3 alert bad certificate"));
  EXPECT_TRUE(is_of_our_certificate("SSL handshake failed: tlsv1 alert unknown ca"));
  EXPECT_FALSE(is_of_their_certificate("SSL handshake failed: tlsv1 alert unknown ca"));
  EXPECT_FALSE(
      is_of_their_certificate("SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?"));
  EXPECT_TRUE(
      is_of_their_certificate("SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: "));
  EXPECT_FALSE(is_of_our_certificate("certificate verify failed"));
}

}  // namespace
}  // namespace embergate::kafka
