// SPDX-License-Identifier: Apache-2.0
// Token sources as the program makes them, with the real outbound client behind them.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "app/token_exchange.hpp"
#include "kafka/token_source.hpp"

namespace embergate::app {

class TokenWorld {
 public:
  explicit TokenWorld(const http::EgressRule& rule = {}) : client_(*http::Client::make(rule)) {}

  core::Result<std::shared_ptr<kafka::TokenSource>> oauth(const std::string& url, const std::string& client,
                                                          const std::string& secret, const std::string& ca = {}) {
    kafka::ConnectionSettings settings;
    settings.sasl_mechanism = kafka::SaslMechanism::kOauthBearer;
    settings.sasl_oauthbearer_token_endpoint_url = url;
    return make(settings,
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"" + client +
                    "\" clientSecret=\"" + secret + "\";",
                {}, ca);
  }

  core::Result<std::shared_ptr<kafka::TokenSource>> msk(kafka::AwsEnvironment aws) {
    kafka::ConnectionSettings settings;
    settings.sasl_mechanism = kafka::SaslMechanism::kMskIam;
    settings.bootstrap_servers = "b-1.demo.kafka.eu-west-1.amazonaws.com:9098";
    return make(settings, "software.amazon.msk.auth.iam.IAMLoginModule required;", std::move(aws));
  }

  core::Result<kafka::BearerToken> fetch(kafka::TokenSource& source,
                                         core::Milliseconds limit = std::chrono::seconds(10)) {
    return source.fetch(core::system_clock().steady_now() + limit, stopping_);
  }

  static std::string open(const vault::Secret& secret) {
    return secret.with_plaintext([](std::string_view text) { return std::string(text); });
  }

 private:
  core::Result<std::shared_ptr<kafka::TokenSource>> make(const kafka::ConnectionSettings& settings,
                                                         const std::string& jaas, kafka::AwsEnvironment aws = {},
                                                         const std::string& authorities = {}) {
    auto login = kafka::parse_jaas(jaas);
    EXPECT_TRUE(login);
    kafka::TokenMaterial material;
    material.login = *std::move(login);
    material.authorities = authorities;
    factory_ = kafka::make_token_sources(make_token_exchange(*client_), std::move(aws), core::system_clock());
    return factory_->make(settings, std::move(material));
  }

  std::unique_ptr<http::Client> client_;
  std::shared_ptr<kafka::TokenSourceFactory> factory_;
  std::atomic<bool> stopping_{false};
};

}  // namespace embergate::app
