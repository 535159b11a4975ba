// SPDX-License-Identifier: Apache-2.0
#include "kafka/oauth_token_source.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/oauth_claims.hpp"
#include "kafka/token_text.hpp"
#include "unit/kafka/token_fakes.hpp"

namespace embergate::kafka {
namespace {

using core::ErrorCode;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOauthModule = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ";
constexpr const char* kUrl = "https://idp.example/token";

class OauthSource : public testing::Test {
 protected:
  core::Result<std::shared_ptr<TokenSource>> make(const std::string& options, const std::string& url = kUrl) {
    ConnectionSettings settings;
    settings.sasl_mechanism = SaslMechanism::kOauthBearer;
    settings.sasl_oauthbearer_token_endpoint_url = url;
    auto login = parse_jaas(kOauthModule + options + ";");
    EXPECT_TRUE(login) << login.error().diagnostics;
    TokenMaterial material;
    material.login = *std::move(login);
    return world_.factory()->make(settings, std::move(material));
  }

  core::Result<BearerToken> fetch(const std::string& options = R"(clientId="gw" clientSecret="s3cret")") {
    auto source = make(options);
    EXPECT_TRUE(source) << source.error().diagnostics;
    return world_.fetch(**source);
  }

  core::Milliseconds life(const BearerToken& token) const {
    return std::chrono::duration_cast<core::Milliseconds>(token.expires_at - world_.clock.system_now());
  }
  std::string jwt_for(core::Milliseconds life) {
    const auto exp =
        std::chrono::duration_cast<std::chrono::seconds>((world_.clock.system_now() + life).time_since_epoch());
    return jwt(fmt::format(R"({{"sub":"service-gw","exp":{}}})", exp.count()));
  }

  TokenWorld world_;
};

TEST_F(OauthSource, AsksTheWayKafkasJavaClientDoes) {
  world_.network.answer(200, R"({"access_token":"opaque","expires_in":600,"token_type":"Bearer"})");
  const auto token = fetch(R"(clientId="g:w" clientSecret="p/s +%" scope="kafka write")");
  ASSERT_TRUE(token) << token.error().diagnostics;
  ASSERT_EQ(world_.network.asked().size(), 1U);
  const AskedRequest& asked = world_.network.asked()[0];
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.url, kUrl);
  EXPECT_EQ(asked.body, "grant_type=client_credentials&scope=kafka+write");
  EXPECT_EQ(asked.authorization, "Basic " + base64_encode("g:w:p/s +%"));
  EXPECT_FALSE(asked.operator_address);
  EXPECT_LE(asked.timeout, TokenWorld::kLimit);
  EXPECT_EQ(open(token->text), "opaque");
  EXPECT_EQ(token->principal, "g:w");
  EXPECT_EQ(life(*token), std::chrono::seconds(600));
}

TEST_F(OauthSource, EncodesTheHeaderWhereItIsTold) {
  world_.network.answer(200, R"({"access_token":"opaque"})");
  ASSERT_TRUE(fetch(R"(clientId="g:w" clientSecret="p/s +%" sasl.oauthbearer.header.urlencode="true")"));
  EXPECT_EQ(world_.network.asked()[0].authorization, "Basic " + base64_encode("g%3Aw:p%2Fs+%2B%25"));
}

TEST_F(OauthSource, TakesTheEarlierOfBothEnds) {
  const std::string token = jwt_for(std::chrono::seconds(300));
  world_.network.answer(200, fmt::format(R"({{"access_token":"{}","expires_in":600}})", token));
  const auto by_claim = fetch();
  ASSERT_TRUE(by_claim);
  EXPECT_EQ(life(*by_claim), std::chrono::seconds(300));
  EXPECT_EQ(by_claim->principal, "service-gw");
  world_.network.answer(200, fmt::format(R"({{"access_token":"{}","expires_in":"60"}})", token));
  EXPECT_EQ(life(*fetch()), std::chrono::seconds(60));
  world_.network.answer(200, fmt::format(R"({{"access_token":"{}"}})", token));
  EXPECT_EQ(life(*fetch()), std::chrono::seconds(300));
  world_.network.answer(200, R"({"access_token":"opaque"})");
  EXPECT_EQ(life(*fetch()), std::chrono::minutes(5));
}

TEST_F(OauthSource, HandsExtensionsOn) {
  world_.network.answer(200, R"({"access_token":"opaque"})");
  const auto token = fetch(R"(clientId=gw clientSecret=s extension_logicalCluster="lkc-1" extension_pool="p")");
  ASSERT_TRUE(token);
  EXPECT_THAT(token->extensions,
              testing::UnorderedElementsAre(testing::Pair("logicalCluster", "lkc-1"), testing::Pair("pool", "p")));
}

TEST_F(OauthSource, CallsARefusalFinalAndTroublePassing) {
  for (const int status : {400, 401, 403, 404, 302}) {
    world_.network.answer(status, R"({"error":"invalid_client","error_description":"s3cret reflected"})");
    const auto token = fetch();
    ASSERT_FALSE(token);
    EXPECT_FALSE(token.error().retriable) << status;
    EXPECT_THAT(token.error().diagnostics, HasSubstr(std::to_string(status)));
    EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("s3cret")));
  }
  for (const int status : {408, 429, 500, 503}) {
    world_.network.answer(status, "busy s3cret");
    const auto token = fetch();
    ASSERT_FALSE(token);
    EXPECT_TRUE(token.error().retriable) << status;
    EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("s3cret")));
  }
  world_.network.fail(core::make_retriable(ErrorCode::kTimeout, "timeout: x"));
  EXPECT_TRUE(fetch().error().retriable);
}

TEST_F(OauthSource, NamesTheEndpointsErrorOnlyWhenItIsOneOfTheStandard) {
  world_.network.answer(401, R"({"error":"invalid_client"})");
  EXPECT_THAT(fetch().error().diagnostics, HasSubstr("invalid_client"));
  world_.network.answer(401, R"({"error":"s3cret"})");
  EXPECT_THAT(fetch().error().diagnostics, Not(HasSubstr("s3cret")));
}

TEST_F(OauthSource, RefusesAnswersWithoutAUsableToken) {
  for (const char* body :
       {"", "{", "[]", "null", "{}", R"({"access_token":7})", R"({"access_token":""})", R"({"access_token":"a b"})",
        R"({"access_token":"a\u0001auth=x"})", R"({"access_token":"\u00e9"})", "<html>login</html>"}) {
    world_.network.answer(200, body);
    const auto token = fetch();
    ASSERT_FALSE(token) << body;
    EXPECT_TRUE(token.error().retriable);
  }
}

TEST_F(OauthSource, RefusesATokenThatHasExpired) {
  world_.network.answer(200, fmt::format(R"({{"access_token":"{}"}})", jwt_for(-std::chrono::seconds(1))));
  const auto token = fetch();
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().diagnostics, HasSubstr("clocks"));
}

TEST_F(OauthSource, IgnoresLifetimesThatMakeNoSense) {
  for (const char* lifetime : {"0", "-5", "1e300", "\"soon\"", "null", "true"}) {
    world_.network.answer(200, fmt::format(R"({{"access_token":"opaque","expires_in":{}}})", lifetime));
    const auto token = fetch();
    ASSERT_TRUE(token) << lifetime;
    EXPECT_EQ(life(*token), std::chrono::minutes(5)) << lifetime;
  }
}

TEST_F(OauthSource, RefusesOptionsThatItDoesNotKnow) {
  for (const char* option : {"unsecuredLoginStringClaim_sub=x", "ssl.keystore.location=x", "extension_auth=x",
                             "extension_a-b=x", "sasl.oauthbearer.header.urlencode=maybe", "hunter2=x"}) {
    const auto source = make(std::string("clientId=gw clientSecret=s ") + option);
    ASSERT_FALSE(source) << option;
    EXPECT_THAT(source.error().diagnostics, Not(HasSubstr("hunter2")));
  }
}

TEST_F(OauthSource, S08_WantsASecureEndpoint) {
  for (const char* url : {"", "http://idp.example/token", "http://localhost.evil/token", "http://127.0.0.1@evil/token",
                          "ftp://idp.example/", "idp.example"}) {
    EXPECT_FALSE(make("clientId=gw clientSecret=s", url)) << url;
  }
  for (const char* url :
       {"https://idp.example/token", "http://localhost:8080/token", "http://127.0.0.1/x", "http://[::1]:1/x"}) {
    EXPECT_TRUE(make("clientId=gw clientSecret=s", url)) << url;
  }
}

TEST_F(OauthSource, WantsTheLoginModuleOfItsMechanism) {
  ConnectionSettings settings;
  settings.sasl_mechanism = SaslMechanism::kOauthBearer;
  TokenMaterial material;
  material.login =
      *parse_jaas("org.apache.kafka.common.security.plain.PlainLoginModule required username=a password=b;");
  const auto source = world_.factory()->make(settings, std::move(material));
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().diagnostics, HasSubstr("OAuthBearerLoginModule"));
}

class FileToken : public OauthSource {
 protected:
  core::Result<BearerToken> read(const std::string& content) {
    ConnectionSettings settings;
    settings.sasl_mechanism = SaslMechanism::kOauthBearer;
    TokenMaterial material;
    material.bearer_token = vault::Secret(content);
    auto source = world_.factory()->make(settings, std::move(material));
    if (!source) return std::move(source).error();
    return world_.fetch(**source);
  }
};

TEST_F(FileToken, LivesAsLongAsItSays) {
  const std::string text = jwt_for(std::chrono::hours(2));
  const auto token = read(text);
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_EQ(open(token->text), text);
  EXPECT_EQ(token->principal, "service-gw");
  EXPECT_EQ(life(*token), std::chrono::hours(2));
}

TEST_F(FileToken, LivesAnHourWhenItIsOpaque) {
  const auto token = read("opaque");
  ASSERT_TRUE(token);
  EXPECT_EQ(life(*token), std::chrono::hours(1));
  EXPECT_FALSE(token->principal.empty());
}

TEST_F(FileToken, SaysThatItHasExpired) {
  const auto token = read(jwt_for(-std::chrono::seconds(1)));
  ASSERT_FALSE(token);
  EXPECT_FALSE(token.error().retriable);
  EXPECT_THAT(token.error().diagnostics, HasSubstr("expired"));
}

TEST_F(FileToken, MustBeOneToken) {
  for (const char* content : {"a b", "a\nb", "\x01", "\xC3\xA9"}) {
    const auto token = read(content);
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("a b")));
  }
}

TEST(Claims, OfWhatIsNoJwtAreEmpty) {
  for (const std::string& token :
       {std::string("opaque"), std::string("a.b"), std::string("a.!.c"), jwt("[]"), jwt("{"), std::string("a.b.c.d"),
        std::string(), jwt(R"({"sub":7,"exp":"x"})"), jwt(R"({"sub":"a\u0000b","exp":-1})"), jwt(R"({"exp":1e300})")}) {
    const TokenClaims claims = read_claims(token);
    EXPECT_TRUE(claims.subject.empty()) << token;
    EXPECT_FALSE(claims.expires_at) << token;
  }
}

TEST(Base64, IsThatOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(base64_encode(bytes), text);
  EXPECT_EQ(base64url_encode("\xFB\xFF"), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xFB\xFF");
  EXPECT_FALSE(base64url_decode("+/8"));
  EXPECT_FALSE(base64url_decode("A"));
}

TEST(TokenText, EncodesForUrlsAndForms) {
  EXPECT_EQ(uri_encode("aZ09-._~ /:+=&%*"), "aZ09-._~%20%2F%3A%2B%3D%26%25%2A");
  EXPECT_EQ(form_encode("aZ09-._~ /*"), "aZ09-._%7E+%2F*");
  EXPECT_EQ(hex(std::string("\x00\x7F\xFF", 3)), "007fff");
}

}  // namespace
}  // namespace embergate::kafka
