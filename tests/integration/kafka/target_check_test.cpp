// SPDX-License-Identifier: Apache-2.0
#include "kafka/target_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::kafka {
namespace {

using ::testing::HasSubstr;

constexpr auto* kConfig = R"({"secret":{
  "pinned": {"path":"/run/pinned","scope":["AidboxTopicDestination/d"],
             "allow":{"bootstrapServers":["kafka.example:9093"],"url":["https://idp.example/token"]}}}})";

ConnectionSettings oauth(const std::string& url) {
  ConnectionSettings settings;
  settings.bootstrap_servers = "kafka.example:9093";
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.sasl_mechanism = SaslMechanism::kOauthBearer;
  settings.sasl_jaas_config = vault::SecretName("pinned");
  settings.sasl_oauthbearer_token_endpoint_url = url;
  return settings;
}

core::Result<void> check(const std::string& url) {
  return check_token_endpoint(*vault::VaultConfig::parse(kConfig, {}), oauth(url));
}

TEST(TokenEndpoint, S08_IsToldAPinnedSecretOnlyWhereThePinSaysSo) {
  EXPECT_TRUE(check("https://idp.example/token"));
  EXPECT_TRUE(check("https://IDP.example.:443/a/../token"));
  for (const char* url : {"https://evil.example/token", "https://idp.example:8443/token", "https://idp.example/tokens",
                          "http://idp.example/token", "https://idp.example@evil.example/token"}) {
    const auto answer = check(url);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, core::ErrorCode::kForbidden);
    EXPECT_THAT(answer.error().diagnostics, HasSubstr("\"pinned\""));
  }
}

}  // namespace
}  // namespace embergate::kafka
