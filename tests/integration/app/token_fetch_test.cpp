// SPDX-License-Identifier: Apache-2.0
// Tokens fetched over a real network: from the certified provider, and from endpoints that misbehave.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embergate/core/time_format.hpp"
#include "integration/app/token_world.hpp"
#include "kafka/token_base64.hpp"
#include "support/oidc_provider.hpp"
#include "support/pki.hpp"
#include "support/scripted_peer.hpp"
#include "support/temp_dir.hpp"

namespace embergate::app {
namespace {

using test::OidcProvider;
using test::ScriptedPeer;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class TokenFetch : public testing::Test {
 protected:
  ~TokenFetch() override { provider_.set_secret(provider_.first_secret); }

  core::Result<kafka::BearerToken> fetch_with(const std::string& secret) {
    return fetch_from(provider_.token_url, secret);
  }
  core::Result<kafka::BearerToken> fetch_from(const std::string& url, const std::string& secret = "s3cret",
                                              core::Milliseconds limit = std::chrono::seconds(10)) {
    auto source = world_.oauth(url, provider_.client, secret);
    EXPECT_TRUE(source) << source.error().diagnostics;
    return world_.fetch(**source, limit);
  }
  static std::string key_of(const kafka::BearerToken& token) {
    const std::string text = TokenWorld::open(token.text);
    return kafka::base64url_decode(text.substr(0, text.find('.'))).value_or("");
  }

  const OidcProvider& provider_ = OidcProvider::get();
  TokenWorld world_;
};

TEST_F(TokenFetch, GetsATokenOfTheProvider) {
  const auto token = fetch_with(provider_.first_secret);
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_EQ(token->principal, provider_.client);
  const auto life = token->expires_at - core::system_clock().system_now();
  EXPECT_GT(life, std::chrono::seconds(10));
  EXPECT_LE(life, std::chrono::seconds(20));
}

TEST_F(TokenFetch, FollowsARotatedClientSecret) {
  ASSERT_TRUE(fetch_with(provider_.first_secret));
  provider_.set_secret("s2");
  const auto refused = fetch_with(provider_.first_secret);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().retriable);
  EXPECT_THAT(refused.error().diagnostics, HasSubstr("invalid_client"));
  EXPECT_TRUE(fetch_with("s2"));
}

TEST_F(TokenFetch, GetsTokensSignedWithTheKeyOfTheMoment) {
  const auto before = fetch_with(provider_.first_secret);
  provider_.publish_key();
  const auto published = fetch_with(provider_.first_secret);
  provider_.rotate_key();
  const auto after = fetch_with(provider_.first_secret);
  ASSERT_TRUE(before && published && after);
  EXPECT_EQ(key_of(*before), key_of(*published));
  EXPECT_NE(key_of(*before), key_of(*after));
}

TEST_F(TokenFetch, S10_RepeatsNothingOfAWrongSecret) {
  const auto token = fetch_with("wr0ng-s3cret");
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("wr0ng")));
}

TEST_F(TokenFetch, GivesUpOnASlowEndpoint) {
  const ScriptedPeer slow([](const std::string&) { return std::string(ScriptedPeer::kSilence); });
  const auto token = fetch_from(slow.url("/token"), "s", std::chrono::milliseconds(200));
  ASSERT_FALSE(token);
  EXPECT_TRUE(token.error().retriable);
  EXPECT_THAT(token.error().diagnostics, StartsWith("timeout"));
}

TEST_F(TokenFetch, GivesUpOnAHugeAnswer) {
  const ScriptedPeer huge([](const std::string&) {
    return ScriptedPeer::answer(200, "{\"access_token\":\"" + std::string(2'000'000, 'x') + "\"}");
  });
  const auto token = fetch_from(huge.url("/token"));
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().diagnostics, StartsWith("too-large"));
}

TEST_F(TokenFetch, S09_CarriesNoSecretToWhereARedirectPoints) {
  const ScriptedPeer attacker([](const std::string&) { return ScriptedPeer::answer(200, "{}"); });
  const ScriptedPeer redirecting([&](const std::string&) {
    return ScriptedPeer::answer(307, "", "Location: " + attacker.url("/steal") + "\r\n");
  });
  const auto token = fetch_from(redirecting.url("/token"));
  ASSERT_FALSE(token);
  EXPECT_FALSE(token.error().retriable);
  EXPECT_THAT(token.error().diagnostics, HasSubstr("redirect"));
  EXPECT_EQ(attacker.connections(), 0);
}

TEST_F(TokenFetch, S10_RepeatsNothingThatAnEndpointReflects) {
  const ScriptedPeer mirror([](const std::string& request) { return ScriptedPeer::answer(400, request); });
  const auto token = fetch_from(mirror.url("/token"));
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("s3cret")));
  EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("Basic")));
}

TEST_F(TokenFetch, TrustsTheDestinationsOwnCa) {
  const test::Authority ca("Embergate test CA");
  const ScriptedPeer peer([](const std::string&) { return ScriptedPeer::answer(200, R"({"access_token":"t"})"); },
                          ca.issue("localhost"));
  auto without = world_.oauth(peer.url("/token"), "gw", "s");
  EXPECT_FALSE(world_.fetch(**without));
  auto with = world_.oauth(peer.url("/token"), "gw", "s", ca.certificate());
  const auto token = world_.fetch(**with);
  EXPECT_TRUE(token) << token.error().diagnostics;
}

TEST_F(TokenFetch, AL16_AsksNoForbiddenAddress) {
  TokenWorld strict({.allow_loopback = false, .denied_networks = {}});
  const ScriptedPeer peer([](const std::string&) { return ScriptedPeer::answer(200, R"({"access_token":"t"})"); });
  auto source = strict.oauth(peer.url("/token"), "gw", "s");
  ASSERT_TRUE(source);
  EXPECT_FALSE(strict.fetch(**source));
  EXPECT_EQ(peer.connections(), 0);
}

class AwsFetch : public testing::Test {
 protected:
  static std::string in_an_hour() {
    return core::format_instant_seconds(core::system_clock().system_now() + std::chrono::hours(1));
  }
  static std::string url_of(const kafka::BearerToken& token) {
    return kafka::base64url_decode(TokenWorld::open(token.text)).value_or("");
  }
  // Loopback is refused to resources here: what the operator names is reached all the same.
  TokenWorld world_{http::EgressRule{.allow_loopback = false, .denied_networks = {}}};
  test::TempDir files_;
};

TEST_F(AwsFetch, ExchangesAWebIdentityAtALocalTokenService) {
  const ScriptedPeer sts([](const std::string& request) {
    const bool known = request.find("WebIdentityToken=identity&") != std::string::npos ||
                       request.ends_with("WebIdentityToken=identity");
    if (!known) return ScriptedPeer::answer(403, "<Error/>");
    return ScriptedPeer::answer(
        200, fmt::format("<R><Credentials><AccessKeyId>AKSTS</AccessKeyId><SecretAccessKey>sk</SecretAccessKey>"
                         "<SessionToken>st/+=</SessionToken><Expiration>{}</Expiration></Credentials></R>",
                         in_an_hour()));
  });
  kafka::AwsEnvironment aws;
  aws.web_identity_token_file = files_.write("token", "identity\n");
  aws.role_arn = "arn:aws:iam::1:role/r";
  aws.endpoint_url_sts = sts.url();
  auto source = world_.msk(std::move(aws));
  ASSERT_TRUE(source);
  const auto token = world_.fetch(**source);
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_THAT(url_of(*token), HasSubstr("X-Amz-Credential=AKSTS%2F"));
  EXPECT_THAT(url_of(*token), HasSubstr("X-Amz-Security-Token=st%2F%2B%3D&"));
}

TEST_F(AwsFetch, AsksALocalContainerEndpoint) {
  const ScriptedPeer container([](const std::string& request) {
    if (request.find("GET /v1/credentials HTTP/1.1") != 0 ||
        request.find("Authorization: given") == std::string::npos) {
      return ScriptedPeer::answer(403, "{}");
    }
    return ScriptedPeer::answer(
        200, fmt::format(R"({{"AccessKeyId":"AKBOX","SecretAccessKey":"sk","Token":"st","Expiration":"{}"}})",
                         in_an_hour()));
  });
  kafka::AwsEnvironment aws;
  aws.container_credentials_full_uri = container.url("/v1/credentials");
  aws.container_authorization_token_file = files_.write("auth", "given\n");
  auto source = world_.msk(std::move(aws));
  ASSERT_TRUE(source);
  const auto token = world_.fetch(**source);
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_THAT(url_of(*token), HasSubstr("X-Amz-Credential=AKBOX%2F"));
}

}  // namespace
}  // namespace embergate::app
