// SPDX-License-Identifier: Apache-2.0
// OAUTHBEARER in earnest: the producer pool at a real broker, with tokens of the real provider, while the client secret
// and the provider's signing keys rotate under load. Nothing is lost, doubled or reordered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/token_exchange.hpp"
#include "integration/kafka/flow.hpp"
#include "integration/kafka/pool_bench.hpp"
#include "support/eventually.hpp"
#include "support/oidc_provider.hpp"

namespace embergate::app {
namespace {

using namespace std::chrono_literals;
using test::EventRecorder;
using test::eventually;
using test::OidcProvider;
using test::PoolBench;
using test::SteadyFlow;
using testing::HasSubstr;
using testing::Not;
using Kind = kafka::ProducerPool::Event::Kind;

constexpr auto kShortLife = 8s;
constexpr auto kUsualLife = 20s;

class OauthRotation : public testing::Test {
 protected:
  OauthRotation() {
    auto options = PoolBench::quick_options();
    options.token_sources =
        kafka::make_token_sources(make_token_exchange(*client_), kafka::AwsEnvironment(), core::system_clock());
    bench_.make_pool(options);
    provider_.set_lifetime(kShortLife);
  }
  ~OauthRotation() override {
    producer_.reset();
    provider_.set_secret(provider_.first_secret);
    provider_.set_lifetime(kUsualLife);
  }

  static std::string jaas_line(const std::string& secret) {
    return "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"" +
           OidcProvider::get().client + "\" clientSecret=\"" + secret + "\" scope=\"kafka\";\n";
  }
  static kafka::ConnectionSettings settings() {
    auto connection = PoolBench::sasl(kafka::SaslMechanism::kOauthBearer, kafka::SecurityProtocol::kSaslSsl);
    connection.bootstrap_servers = OidcProvider::get().kafka;
    connection.sasl_oauthbearer_token_endpoint_url = OidcProvider::get().token_url;
    return connection;
  }
  void open(const std::string& secret) {
    bench_.write_secret(jaas_line(secret));
    producer_ = bench_.acquire(settings(), topic_, &events_);
  }
  bool reaches_generation(std::uint64_t generation) {
    return eventually([&] { return producer_->status().credential_generation == generation; }, 30s);
  }
  // Sends on for longer than a token lives, so that what comes next rests on new tokens.
  void outlive_a_token(SteadyFlow& load) {
    const auto until = std::chrono::steady_clock::now() + kShortLife + kShortLife / 2;
    const int before = load.sent();
    EXPECT_TRUE(
        eventually([&] { return std::chrono::steady_clock::now() > until && load.reached(before + 100); }, 60s));
  }
  void expect_nothing_lost(SteadyFlow& load) {
    load.stop();
    EXPECT_THAT(load.failures(), ::testing::IsEmpty());
    test::expect_each_once_in_order(topic_, load.sent());
  }

  const OidcProvider& provider_ = OidcProvider::get();
  std::unique_ptr<http::Client> client_ = *http::Client::make({});
  test::KafkaAdmin admin_;
  std::string topic_ = admin_.create_topic("oauth");
  PoolBench bench_;
  EventRecorder events_;
  std::unique_ptr<kafka::Producer> producer_;
};

TEST_F(OauthRotation, TokensComeAndGoUnderLoad) {
  open(provider_.first_secret);
  ASSERT_TRUE(reaches_generation(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  outlive_a_token(load);
  outlive_a_token(load);
  expect_nothing_lost(load);
  EXPECT_EQ(events_.count(Kind::kCredentialRefused), 0);
}

TEST_F(OauthRotation, TheProviderTakesANewSecretFirst) {
  open(provider_.first_secret);
  ASSERT_TRUE(reaches_generation(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  provider_.set_secret("s2");
  bench_.write_secret(jaas_line("s2"));
  ASSERT_TRUE(reaches_generation(2)) << producer_->status().last_error;
  outlive_a_token(load);
  expect_nothing_lost(load);
}

TEST_F(OauthRotation, TheFileTakesANewSecretFirst) {
  open(provider_.first_secret);
  ASSERT_TRUE(reaches_generation(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  bench_.write_secret(jaas_line("s2"));
  ASSERT_TRUE(eventually([&] { return producer_->status().last_error.find("invalid_client") != std::string::npos; }));
  EXPECT_EQ(producer_->status().credential_generation, 1U);
  provider_.set_secret("s2");
  ASSERT_TRUE(reaches_generation(2)) << producer_->status().last_error;
  outlive_a_token(load);
  expect_nothing_lost(load);
}

TEST_F(OauthRotation, TheProviderSignsWithAKeyThatItPublishedBefore) {
  open(provider_.first_secret);
  ASSERT_TRUE(reaches_generation(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  provider_.publish_key();
  outlive_a_token(load);
  provider_.rotate_key();
  outlive_a_token(load);
  expect_nothing_lost(load);
}

TEST_F(OauthRotation, TheProviderSignsWithAKeyThatNobodySawBefore) {
  open(provider_.first_secret);
  ASSERT_TRUE(reaches_generation(1)) << producer_->status().last_error;
  SteadyFlow load(*producer_);
  provider_.rotate_key();
  outlive_a_token(load);
  outlive_a_token(load);
  expect_nothing_lost(load);
}

TEST_F(OauthRotation, AWrongSecretIsToldWithoutItsValue) {
  open("wr0ng-s3cret");
  ASSERT_TRUE(eventually([&] { return !producer_->status().last_error.empty(); }));
  EXPECT_THAT(producer_->status().last_error, HasSubstr("invalid_client"));
  EXPECT_THAT(producer_->status().last_error, Not(HasSubstr("wr0ng")));
  bench_.write_secret(jaas_line(provider_.first_secret));
  EXPECT_TRUE(test::delivered(*producer_, {{"k", "1"}}));
}

}  // namespace
}  // namespace embergate::app
