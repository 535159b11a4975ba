// SPDX-License-Identifier: Apache-2.0
// TLS and client certificates on the real broker: every form in which they come, and their rotation under load.
#include <gmock/gmock.h>

#include <fstream>

#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"
#include "support/pki.hpp"

namespace embergate::test {
namespace {

using Kind = kafka::ProducerPool::Event::Kind;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string broker_file(const std::string& name) { return read_file(KafkaEnvironment::get().tls_file(name)); }

Authority broker_authority() { return Authority::load(broker_file("ca.pem"), broker_file("ca-key.pem")); }

class ClientCertificate : public ::testing::Test {
 protected:
  // The broker takes whom this authority vouches for.
  Authority authority_ = broker_authority();
  KafkaAdmin admin_;
  std::string topic_ = admin_.create_topic("mtls");
  PoolBench bench_;
  EventRecorder events_;
  std::unique_ptr<kafka::Producer> producer_;

  void connect(const kafka::ConnectionSettings& settings) { producer_ = bench_.acquire(settings, topic_, &events_); }
  void write_pair(const Issued& issued, const std::string& more = {}) const {
    bench_.write_file("chain", issued.certificate + more);
    bench_.write_file("key", issued.key);
  }
  [[nodiscard]] bool reaches_generation(std::uint64_t generation) const {
    return eventually([&] { return producer_->status().credential_generation == generation; }, 20s);
  }
  [[nodiscard]] std::string error() const { return producer_->status().last_error; }
};

TEST_F(ClientCertificate, InTwoFilesLogsIn) {
  write_pair(authority_.issue("gw"));
  connect(PoolBench::mtls());
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  EXPECT_EQ(producer_->status().credential_generation, 1U);
}

TEST_F(ClientCertificate, InOneFileWithItsKeyLogsIn) {
  const Issued issued = authority_.issue("gw");
  bench_.write_file("key", issued.key + issued.certificate);
  auto settings = PoolBench::mtls();
  settings.ssl_keystore_certificate_chain_secret.reset();
  connect(settings);
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, WithAnEncryptedKeyLogsIn) {
  const Issued issued = authority_.issue("gw");
  bench_.write_file("key", encrypted_key(issued.key, "pass phrase"));
  bench_.write_file("chain", issued.certificate);
  bench_.write_file("key-password", "pass phrase\n");
  auto settings = PoolBench::mtls();
  settings.ssl_key_password = vault::SecretName("key-password");
  connect(settings);
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, InAPkcs12StoreLogsInAndNoFileAppears) {
  bench_.write_file("key", pkcs12(authority_.issue("gw"), "", "pass phrase"));
  bench_.write_file("key-password", "pass phrase");
  auto settings = PoolBench::mtls();
  settings.ssl_keystore_certificate_chain_secret.reset();
  settings.ssl_keystore_type = kafka::KeystoreType::kPkcs12;
  settings.ssl_key_password = vault::SecretName("key-password");
  connect(settings);
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, OfAThirdLevelIsSentWithItsChain) {
  const Authority middle = authority_.intermediate("middle");
  write_pair(middle.issue("gw"), middle.certificate());
  connect(PoolBench::mtls());
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, WithoutItsIntermediateIsRefusedUntilTheFileHasIt) {
  const Authority middle = authority_.intermediate("middle");
  const Issued issued = middle.issue("gw");
  write_pair(issued);
  connect(PoolBench::mtls());
  ASSERT_TRUE(eventually([&] { return !error().empty(); }, 20s));
  EXPECT_FALSE(producer_->status().has_credential);
  write_pair(issued, middle.certificate());
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, OfAnotherAuthorityIsRefusedWithAReasonAndReplacedByTheRightOne) {
  write_pair(Authority("another").issue("gw"));
  connect(PoolBench::mtls());
  ASSERT_TRUE(eventually([&] { return !error().empty(); }, 20s));
  EXPECT_THAT(error(), HasSubstr("'key'"));
  write_pair(authority_.issue("gw"));
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

TEST_F(ClientCertificate, IsNotNeededWhereTheBrokerAsksForNone) {
  auto settings = PoolBench::mtls();
  settings.bootstrap_servers = KafkaEnvironment::get().tls;
  settings.ssl_keystore_key.reset();
  settings.ssl_keystore_certificate_chain_secret.reset();
  connect(settings);
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  EXPECT_TRUE(producer_->status().has_credential);
}

TEST_F(ClientCertificate, GoesTogetherWithAPassword) {
  const std::string user = KafkaAdmin::random_name("both");
  admin_.set_scram_password(user, "first");
  bench_.write_secret(PoolBench::scram_line(user, "first"));
  write_pair(authority_.issue("gw"));
  auto settings = PoolBench::sasl(kafka::SaslMechanism::kScramSha512, kafka::SecurityProtocol::kSaslSsl);
  settings.ssl_keystore_key = vault::SecretName("key");
  settings.ssl_keystore_certificate_chain_secret = vault::SecretName("chain");
  connect(settings);
  ASSERT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  admin_.set_scram_password(user, "second");
  bench_.write_secret(PoolBench::scram_line(user, "second"));
  ASSERT_TRUE(reaches_generation(2)) << error();
  write_pair(authority_.issue("gw"));
  ASSERT_TRUE(reaches_generation(3)) << error();
  EXPECT_TRUE(delivered(*producer_, {{"k", "1"}})) << error();
}

TEST_F(ClientCertificate, RM03_RotatesUnderLoadAndNothingIsLostDoubledOrReordered) {
  write_pair(authority_.issue("gw"));
  connect(PoolBench::mtls());
  ASSERT_TRUE(delivered(*producer_, {{"warm", "up"}})) << error();
  const std::string topic = topic_;
  const std::string flow = admin_.create_topic("mtls-flow");
  auto flowing = bench_.acquire(PoolBench::mtls(), flow, nullptr, "flow");
  EXPECT_EQ(bench_.pool().identities(), 1U);
  SteadyFlow load(*flowing);
  for (std::uint64_t generation = 2; generation <= 5; ++generation) {
    const int before = load.sent();
    ASSERT_TRUE(eventually([&] { return load.reached(before + 300); }));
    write_pair(authority_.issue("gw"));
    ASSERT_TRUE(reaches_generation(generation)) << error();
  }
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 300); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(flow, load.sent());
}

TEST_F(ClientCertificate, HalfWrittenPairsLeaveTheOldOneAtWork) {
  write_pair(authority_.issue("gw"));
  connect(PoolBench::mtls());
  ASSERT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  const Issued next = authority_.issue("gw");
  bench_.write_file("chain", next.certificate);
  bench_.secrets().poll_once();
  EXPECT_TRUE(delivered(*producer_, {{"k", "1"}})) << error();
  EXPECT_EQ(producer_->status().credential_generation, 1U);
  bench_.write_file("key", next.key);
  ASSERT_TRUE(reaches_generation(2)) << error();
  EXPECT_TRUE(delivered(*producer_, {{"k", "2"}})) << error();
}

// The broker's own certificate and the clients' authorities as an operator changes them on a running broker.
class BrokerAuthority : public ClientCertificate {
 protected:
  static constexpr const char* kListener = "listener.name.tls.";

  ~BrokerAuthority() override {
    admin_.set_broker_setting(std::string(kListener) + "ssl.keystore.location",
                              KafkaEnvironment::get().tls_file("broker-keystore.pem"));
  }
  // The broker shows a certificate of this authority from now on.
  void show(const Authority& authority) {
    const Issued issued = authority.issue("localhost");
    const std::string file = bench_file("broker.pem");
    write_text(file, issued.key + issued.certificate + authority.certificate());
    admin_.set_broker_setting(std::string(kListener) + "ssl.keystore.location", file);
  }
  std::string bench_file(const std::string& name) {
    return KafkaEnvironment::get().tls_file("shown-" + std::to_string(++shown_) + "-" + name);
  }
  static void write_text(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text;
  }
  static kafka::ConnectionSettings trusting_file() {
    auto settings = PoolBench::mtls();
    settings.bootstrap_servers = KafkaEnvironment::get().tls;
    settings.ssl_keystore_key.reset();
    settings.ssl_keystore_certificate_chain_secret.reset();
    settings.ssl_truststore_certificates.clear();
    settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
    return settings;
  }

 private:
  int shown_ = 0;
};

TEST_F(BrokerAuthority, RM03_RotatesThroughAFileThatHoldsBothWithoutLossOrDisorder) {
  const Authority next("Embergate next CA");
  bench_.write_file("ca", broker_file("ca.pem"));
  connect(trusting_file());
  ASSERT_TRUE(eventually([&] { return events_.count(Kind::kReady) >= 1; })) << error();
  SteadyFlow load(*producer_);
  ASSERT_TRUE(eventually([&] { return load.reached(300); }));
  bench_.write_file("ca", broker_file("ca.pem") + next.certificate());
  ASSERT_TRUE(reaches_generation(2)) << error();
  show(next);
  bench_.write_file("ca", next.certificate());
  ASSERT_TRUE(reaches_generation(3)) << error();
  const int before = load.sent();
  ASSERT_TRUE(eventually([&] { return load.reached(before + 300); }));
  load.stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
  expect_each_once_in_order(topic_, load.sent());
}

// It was `ok` everywhere, and the next start had no connection.
TEST_F(BrokerAuthority, OfANewFileThatVouchesForNoBrokerIsReportedWhileTheOneBeforeWorksOn) {
  const vault::SecretName name("ca");
  bench_.write_file("ca", broker_file("ca.pem"));
  connect(trusting_file());
  ASSERT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  bench_.write_file("ca", read_file(KafkaEnvironment::get().other_ca_file));
  ASSERT_TRUE(eventually([&] { return producer_->status().refusal.has_value(); }, 20s)) << error();
  const auto refusal = *producer_->status().refusal;
  EXPECT_EQ(refusal.reason, "broker-untrusted");
  EXPECT_THAT(refusal.secrets, ::testing::ElementsAre("ca"));
  EXPECT_THAT(refusal.detail, HasSubstr("certificate verify failed"));
  EXPECT_EQ(bench_.secrets().report(name).state, vault::State::kRefused);
  EXPECT_EQ(bench_.secrets().report(name).since, refusal.since);
  EXPECT_TRUE(delivered(*producer_, {{"k", "1"}})) << error();
  bench_.write_file("ca", broker_file("ca.pem"));
  EXPECT_TRUE(eventually([&] { return !producer_->status().refusal; }, 20s)) << error();
  EXPECT_EQ(bench_.secrets().report(name).state, vault::State::kOk);
}

TEST_F(BrokerAuthority, OfAnUnchangedFileIsNotToBlameWhenAnotherFileChangesWhileTheBrokersShowSomethingNew) {
  write_pair(authority_.issue("gw"));
  bench_.write_file("ca", broker_file("ca.pem"));
  auto settings = trusting_file();
  settings.ssl_keystore_key = PoolBench::mtls().ssl_keystore_key;
  settings.ssl_keystore_certificate_chain_secret = PoolBench::mtls().ssl_keystore_certificate_chain_secret;
  connect(settings);
  ASSERT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
  show(Authority("Embergate next CA"));
  const auto has_failed = [&] { return error().find("verify failed") != std::string::npos; };
  for (int i = 0; i < 20 && !has_failed(); ++i) {  // the broker may take a moment to show it
    write_pair(authority_.issue("gw"));
    eventually(has_failed, 2s);
  }
  ASSERT_TRUE(has_failed()) << error();
  write_pair(authority_.issue("gw"));
  EXPECT_FALSE(eventually([&] { return producer_->status().refusal.has_value(); }, 4s)) << "blamed";
  EXPECT_EQ(bench_.secrets().report(vault::SecretName("ca")).state, vault::State::kOk);
}

TEST_F(BrokerAuthority, OfANewFileIsNotToBlameForBrokersThatCannotBeReached) {
  bench_.write_file("ca", broker_file("ca.pem"));
  auto settings = trusting_file();
  settings.bootstrap_servers = "127.0.0.1:1";
  connect(settings);
  ASSERT_TRUE(eventually([&] { return !error().empty(); }, 20s));
  EXPECT_FALSE(producer_->status().refusal);
  EXPECT_EQ(bench_.secrets().report(vault::SecretName("ca")).state, vault::State::kOk);
}

TEST_F(BrokerAuthority, ThatIsNotTrustedIsSaidWithAReason) {
  bench_.write_file("ca", read_file(KafkaEnvironment::get().other_ca_file));
  connect(trusting_file());
  ASSERT_TRUE(eventually([&] { return !error().empty(); }, 20s));
  EXPECT_THAT(error(), HasSubstr("certificate"));
  bench_.write_file("ca", broker_file("ca.pem"));
  EXPECT_TRUE(delivered(*producer_, {{"k", "0"}})) << error();
}

}  // namespace
}  // namespace embergate::test
