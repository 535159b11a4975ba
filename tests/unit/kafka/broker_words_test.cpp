// SPDX-License-Identifier: Apache-2.0
#include "kafka/broker_words.hpp"

#include <gtest/gtest.h>

namespace embergate::kafka {
namespace {

TEST(BrokerWords, ThatAreKnownStay) {
  EXPECT_EQ(without_broker_words("sasl_ssl://b:9093/1: SASL authentication error: Authentication failed during "
                                 "authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512"),
            "sasl_ssl://b:9093/1: SASL authentication error: Authentication failed during authentication due to "
            "invalid credentials with SASL mechanism SCRAM-SHA-512");
  EXPECT_EQ(without_broker_words("SASL PLAIN mechanism handshake failed: broker's supported mechanisms: SCRAM-SHA-512"),
            "SASL PLAIN mechanism handshake failed: broker's supported mechanisms: SCRAM-SHA-512");
  EXPECT_EQ(without_broker_words(R"(SASL authentication error: {"status":"invalid_token"})"),
            R"(SASL authentication error: {"status":"invalid_token"})");
}

// A broker quotes what it was shown, whole or in parts, in capitals, backwards, in hexadecimal digits.
TEST(BrokerWords, ThatMayBeACredentialAreNotShown) {
  for (const char* quoted : {"geheim", "GEHEIM", "miehegt", "67656865696D", "g.e.h.e.i.m", "g e h e i m",
                             "eyJhbGciOiJ.eyJzdWIi.c2ln", "\xff\xfe geheim"}) {
    const std::string shown = without_broker_words(std::string("SASL authentication error: no, not ") + quoted);
    EXPECT_EQ(shown, "SASL authentication error: [...] not [...]") << quoted;
  }
  EXPECT_EQ(without_broker_words("SASL authentication error: [4f1c2a7b-33]: Access denied"),
            "SASL authentication error: [[...] Access denied");
  EXPECT_EQ(without_broker_words("SASL OAUTHBEARER authentication failed (principal=gw): eyJh"),
            "SASL OAUTHBEARER authentication failed (principal=[...]");
  EXPECT_LT(without_broker_words("broker response: " + std::string(1'000'000, '!')).size(), 300U);
}

TEST(BrokerWords, OfTheSameErrorAreTheSameHoweverLongItTook) {
  EXPECT_EQ(
      without_broker_words("SASL authentication error: Access denied (after 312ms in state AUTH_REQ)"),
      without_broker_words(
          "SASL authentication error: Access denied (after 7ms in state AUTH_REQ, 3 identical error(s) suppressed)"));
  EXPECT_EQ(without_broker_words("b:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in "
                                 "state CONNECT)"),
            "b:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused");
  EXPECT_EQ(without_broker_words("SSL handshake failed: certificate verify failed (after 5ms in state SSL_HANDSHAKE, 2 "
                                 "identical error(s) suppressed) (hostname mismatch)"),
            "SSL handshake failed: certificate verify failed (hostname mismatch)");
}

}  // namespace
}  // namespace embergate::kafka
