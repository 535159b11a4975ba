// SPDX-License-Identifier: Apache-2.0
#include "kafka/producer_config.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <new>
#include <string>

#include "kafka/client.hpp"
#include "kafka/transport_warnings.hpp"
#include "support/eventually.hpp"
#include "support/scripted_peer.hpp"

namespace embergate::kafka {
namespace {

std::string value_of(const rd_kafka_conf_t* conf, const char* name) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (rd_kafka_conf_get(conf, name, text.data(), &size) != RD_KAFKA_CONF_OK) return "?";
  return text.data();
}

ConnectionSettings settings_of(SecurityProtocol protocol) {
  ConnectionSettings settings;
  settings.bootstrap_servers = "b1:9092,b2:9092";
  settings.security_protocol = protocol;
  if (uses_sasl(settings)) {
    settings.sasl_mechanism = SaslMechanism::kScramSha512;
    settings.sasl_jaas_config = vault::SecretName("events-jaas");
  }
  return settings;
}

Credential credential_of(std::string user, std::string password) {
  Credential credential;
  credential.username = vault::Secret(std::move(user));
  credential.password = vault::Secret(std::move(password));
  return credential;
}

TEST(ProducerConfig, SetsWhatTheLibraryWouldChooseDifferently) {
  const auto conf = make_producer_conf(settings_of(SecurityProtocol::kPlaintext), nullptr, {});
  ASSERT_TRUE(conf.has_value());
  const std::map<std::string, std::string> wanted{{"bootstrap.servers", "b1:9092,b2:9092"},
                                                  {"security.protocol", "plaintext"},
                                                  {"client.id", "embergate"},
                                                  {"enable.idempotence", "true"},
                                                  {"acks", "-1"},
                                                  {"message.timeout.ms", "0"},
                                                  {"partitioner", "murmur2_random"},
                                                  {"linger.ms", "1"},
                                                  {"batch.size", "1000000"},
                                                  {"message.max.bytes", "1048576"},
                                                  {"request.timeout.ms", "30000"},
                                                  {"socket.timeout.ms", "31000"},
                                                  {"socket.nagle.disable", "true"},
                                                  {"socket.keepalive.enable", "true"},
                                                  {"connections.max.idle.ms", "180000"},
                                                  {"reconnect.backoff.max.ms", "1000"},
                                                  {"allow.auto.create.topics", "false"},
                                                  {"enable.metrics.push", "false"},
                                                  {"log.connection.close", "true"},
                                                  {"queue.buffering.max.messages", "100000"},
                                                  {"queue.buffering.max.kbytes", "262144"}};
  for (const auto& [name, value] : wanted) EXPECT_EQ(value_of(conf->get(), name.c_str()), value) << name;
}

TEST(ProducerConfig, PassesTheBatchSizeOnlyWhenTheDestinationSaysOneAndNeverZero) {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.batch_size = 16'384;
  EXPECT_EQ(value_of(make_producer_conf(settings, nullptr, {})->get(), "batch.size"), "16384");
  settings.batch_size = 0;
  EXPECT_EQ(value_of(make_producer_conf(settings, nullptr, {})->get(), "batch.size"), "1");
}

TEST(ProducerConfig, KeepsTheSocketTimeoutAboveTheRequestTimeoutAndAFloor) {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.request_timeout_ms = 100;
  EXPECT_EQ(value_of(make_producer_conf(settings, nullptr, {})->get(), "socket.timeout.ms"), "5000");
}

TEST(ProducerConfig, CutsALongClientId) {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.client_id = std::string(200, 'c');
  EXPECT_EQ(value_of(make_producer_conf(settings, nullptr, {})->get(), "client.id").size(), 64U);
}

TEST(ProducerConfig, GivesCredentialMechanismAndTlsTheirProperties) {
  auto settings = settings_of(SecurityProtocol::kSaslSsl);
  settings.verify_host_name = false;
  const auto credential = credential_of("gw", "v1");
  const auto conf = make_producer_conf(settings, &credential, {});
  ASSERT_TRUE(conf.has_value());
  EXPECT_EQ(value_of(conf->get(), "security.protocol"), "sasl_ssl");
  EXPECT_EQ(value_of(conf->get(), "sasl.mechanism"), "SCRAM-SHA-512");
  EXPECT_EQ(value_of(conf->get(), "ssl.endpoint.identification.algorithm"), "none");
  EXPECT_EQ(value_of(conf->get(), "ssl.ca.location"), "probe");
}

TEST(ProducerConfig, Login37_GivesUserAndPasswordToTheClientToTheLastBlank) {
  auto settings = settings_of(SecurityProtocol::kSaslPlaintext);
  for (const auto& [user, password] :
       {std::pair<const char*, const char*>{"gw", "v1"}, {" gw ", " pw 1 "}, {"\tgw", "   "}, {"=gw", "=="}}) {
    const auto credential = credential_of(user, password);
    auto made = make_client(*make_producer_conf(settings, &credential, {}), nullptr);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(value_of(rd_kafka_conf(made->handle.get()), "sasl.username"), user);
    EXPECT_EQ(value_of(rd_kafka_conf(made->handle.get()), "sasl.password"), password);
  }
}

TEST(ProducerConfig, SaysWhichPropertyIsWrong) {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.max_request_size = 10;
  const auto conf = make_producer_conf(settings, nullptr, {});
  ASSERT_FALSE(conf.has_value());
  EXPECT_NE(conf.error().diagnostics.find("message.max.bytes"), std::string::npos);
}

TEST(ProducerConfig, RefusesATruststoreThatIsNoPemWhenTheClientIsMade) {
  auto settings = settings_of(SecurityProtocol::kSsl);
  settings.ssl_truststore_certificates = "not a certificate";
  auto conf = make_producer_conf(settings, nullptr, {});
  ASSERT_TRUE(conf.has_value());
  EXPECT_FALSE(make_client(*std::move(conf), nullptr).has_value());
}

TEST(ProducerConfig, RefusesAnUnknownCompression) {
  const TopicConfHandle conf(rd_kafka_topic_conf_new());
  EXPECT_TRUE(set_topic_properties(conf.get(), TopicSettings{"t", "lz4"}).has_value());
  EXPECT_FALSE(set_topic_properties(conf.get(), TopicSettings{"t", "brotli"}).has_value());
}

TEST(ProducerConfig, LeavesRoomForTheFramingOfARecord) {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  EXPECT_LT(max_record_bytes(settings), settings.max_request_size);
  settings.max_request_size = 1;
  EXPECT_EQ(max_record_bytes(settings), 0U);
}

TEST(ProducerConfig, GivesKeyChainAndAuthoritiesAsText) {
  auto settings = settings_of(SecurityProtocol::kSsl);
  Credential credential;
  credential.key_pair = KeyPair{vault::Secret("the key"), "the chain"};
  credential.authorities = "the authorities";
  const auto conf = make_producer_conf(settings, &credential, {});
  ASSERT_TRUE(conf.has_value());
  EXPECT_EQ(value_of(conf->get(), "ssl.certificate.pem"), "the chain");
  EXPECT_EQ(value_of(conf->get(), "ssl.ca.pem"), "the authorities");
  EXPECT_EQ(value_of(conf->get(), "ssl.key.pem"), "the key");
}

TEST(ProducerConfig, TakesATokenOnlyWhileItLives) {
  auto settings = settings_of(SecurityProtocol::kSaslPlaintext);
  settings.sasl_mechanism = SaslMechanism::kOauthBearer;
  BearerToken token;
  token.text = vault::Secret("token");
  token.principal = "gw";
  token.extensions = {{"logicalCluster", "lkc"}};
  token.expires_at = core::system_clock().system_now() + std::chrono::minutes(1);
  EXPECT_TRUE(make_client(*make_producer_conf(settings, nullptr, {}), &token).has_value());
  token.expires_at = core::system_clock().system_now() - std::chrono::minutes(1);
  const auto refused = make_client(*make_producer_conf(settings, nullptr, {}), &token);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().diagnostics.find("token\""), std::string::npos);
}

ConnectionSettings at_a_closed_port() {
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.bootstrap_servers = "127.0.0.1:1";
  return settings;
}

TEST(ProducerConfig, WithoutAFileDescriptorThereIsAReasonAndNoClient) {
  auto conf = make_producer_conf(at_a_closed_port(), nullptr, {});
  ASSERT_TRUE(conf.has_value());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto made = make_client(*std::move(conf), nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(made.error().retriable);
}

TEST(ConnectGuard, ConnectsToNoBrokerWhileThereIsNoMemoryForTheQuestion) {
  test::ScriptedPeer broker([](const std::string&) { return test::ScriptedPeer::kSilence; });
  auto settings = settings_of(SecurityProtocol::kPlaintext);
  settings.bootstrap_servers = "127.0.0.1:" + std::to_string(broker.port());
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto made = make_client(*make_producer_conf(settings, nullptr, {}), nullptr,
                                [asked](std::string_view) -> std::optional<std::string> {
                                  ++*asked;
                                  throw std::bad_alloc();
                                });
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(test::eventually([&] { return *asked >= 2; })) << "it tries again, as after any failure";
  EXPECT_EQ(broker.connections(), 0);
}

TEST(ConnectGuard, OfAClientThatIsLeftToTheSystemAsksNothingAnyMore) {
  const auto asked = std::make_shared<std::atomic<int>>(0);
  auto made = make_client(*make_producer_conf(at_a_closed_port(), nullptr, {}), nullptr,
                          [asked](std::string_view) -> std::optional<std::string> {
                            ++*asked;
                            return "none of ours";
                          });
  ASSERT_TRUE(made.has_value());
  const auto client = std::make_shared<Client>(*std::move(made), std::weak_ptr<ClientObserver>(), QueueLimits{});
  ASSERT_TRUE(test::eventually([&] { return *asked >= 1; }));
  client->leave_to_the_system();
  const int at_most = *asked + 1;  // one question may have been under way
  // The library tries again after a second or two.
  EXPECT_FALSE(test::eventually([&] { return *asked > at_most; }, std::chrono::seconds(6)));
}

TEST(TransportWarnings, KnowLoopbackFromTheNetwork) {
  EXPECT_TRUE(only_loopback("localhost:9092"));
  EXPECT_TRUE(only_loopback("127.0.0.1:9092,[::1]:9092"));
  EXPECT_FALSE(only_loopback("127.0.0.1:9092,kafka:9092"));
  EXPECT_FALSE(only_loopback("10.0.0.1:9092"));
}

}  // namespace
}  // namespace embergate::kafka
