// SPDX-License-Identifier: Apache-2.0
// Logins at a real broker with tokens of the real provider, fetched by our own source and handed to librdkafka.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <vector>

#include "integration/app/token_world.hpp"
#include "kafka/failures.hpp"
#include "support/eventually.hpp"
#include "support/kafka_environment.hpp"
#include "support/oidc_provider.hpp"

namespace embergate::app {
namespace {

using test::KafkaEnvironment;
using test::OidcProvider;

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};

// A client that asks for its token whenever librdkafka wants one.
class LoggedInClient {
 public:
  LoggedInClient(TokenWorld& world, kafka::TokenSource& source) : world_(world), source_(source) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    for (const auto& [name, value] :
         std::vector<std::pair<const char*, std::string>>{{"bootstrap.servers", OidcProvider::get().kafka},
                                                          {"security.protocol", "sasl_ssl"},
                                                          {"sasl.mechanism", "OAUTHBEARER"},
                                                          {"ssl.ca.location", KafkaEnvironment::get().ca_file},
                                                          {"reconnect.backoff.max.ms", "500"}}) {
      EXPECT_EQ(rd_kafka_conf_set(conf, name, value.c_str(), nullptr, 0), RD_KAFKA_CONF_OK) << name;
    }
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, [](rd_kafka_t* client, const char*, void* opaque) {
      static_cast<LoggedInClient*>(opaque)->refresh(client);
    });
    rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int error, const char* reason, void* opaque) {
      const auto fault = kafka::fault_of(static_cast<rd_kafka_resp_err_t>(error), reason);
      if (fault == kafka::ConnectionFault::kLoginRefused) ++static_cast<LoggedInClient*>(opaque)->refusals_;
    });
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
  }

  bool answered() {
    rd_kafka_poll(client_.get(), 0);
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, 100) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    rd_kafka_metadata_destroy(metadata);
    return true;
  }
  bool logs_in(std::chrono::seconds limit = std::chrono::seconds(30)) {
    return test::eventually([&] { return answered(); }, limit);
  }
  [[nodiscard]] int tokens() const { return tokens_; }
  [[nodiscard]] int refusals() const { return refusals_; }

 private:
  void refresh(rd_kafka_t* client) {
    auto token = world_.fetch(source_);
    std::array<char, 512> reason{};
    if (!token) {
      rd_kafka_oauthbearer_set_token_failure(client, token.error().diagnostics.c_str());
      return;
    }
    const auto expiry = std::chrono::duration_cast<std::chrono::milliseconds>(token->expires_at.time_since_epoch());
    EXPECT_EQ(rd_kafka_oauthbearer_set_token(client, TokenWorld::open(token->text).c_str(), expiry.count(),
                                             token->principal.c_str(), nullptr, 0, reason.data(), reason.size()),
              RD_KAFKA_RESP_ERR_NO_ERROR)
        << reason.data();
    ++tokens_;
  }

  TokenWorld& world_;
  kafka::TokenSource& source_;
  int tokens_ = 0;
  int refusals_ = 0;
  std::unique_ptr<rd_kafka_t, Destroy> client_;
};

class OauthLogin : public testing::Test {
 protected:
  ~OauthLogin() override {
    provider_.set_secret(provider_.first_secret);
    provider_.set_lifetime(std::chrono::seconds(20));
  }
  std::shared_ptr<kafka::TokenSource> source(const std::string& secret) {
    auto made = world_.oauth(provider_.token_url, provider_.client, secret);
    EXPECT_TRUE(made) << made.error().diagnostics;
    return *made;
  }

  const OidcProvider& provider_ = OidcProvider::get();
  TokenWorld world_;
};

TEST_F(OauthLogin, TheBrokerTakesOurTokens) {
  const auto tokens = source(provider_.first_secret);
  LoggedInClient client(world_, *tokens);
  EXPECT_TRUE(client.logs_in());
  EXPECT_EQ(client.tokens(), 1);
  EXPECT_EQ(client.refusals(), 0);
}

TEST_F(OauthLogin, TheBrokerTakesTokensOfANewSigningKey) {
  const auto tokens = source(provider_.first_secret);
  ASSERT_TRUE(LoggedInClient(world_, *tokens).logs_in());
  provider_.rotate_key();
  EXPECT_TRUE(LoggedInClient(world_, *tokens).logs_in());
}

TEST_F(OauthLogin, ASessionOutlivesItsTokens) {
  provider_.set_lifetime(std::chrono::seconds(8));
  const auto tokens = source(provider_.first_secret);
  LoggedInClient client(world_, *tokens);
  ASSERT_TRUE(client.logs_in());
  EXPECT_TRUE(test::eventually([&] { return client.answered() && client.tokens() >= 3; }, std::chrono::seconds(60)));
  EXPECT_TRUE(client.logs_in());
  EXPECT_EQ(client.refusals(), 0);
}

TEST_F(OauthLogin, AWrongClientSecretGetsNoToken) {
  const auto tokens = source("wrong");
  LoggedInClient client(world_, *tokens);
  EXPECT_FALSE(client.logs_in(std::chrono::seconds(2)));
  EXPECT_EQ(client.tokens(), 0);
}

}  // namespace
}  // namespace embergate::app
