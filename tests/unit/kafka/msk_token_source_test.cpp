// SPDX-License-Identifier: Apache-2.0
#include "kafka/msk_token_source.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embergate/core/time_format.hpp"
#include "kafka/aws_signature.hpp"
#include "support/temp_dir.hpp"
#include "unit/kafka/token_fakes.hpp"

namespace embergate::kafka {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kIamModule = "software.amazon.msk.auth.iam.IAMLoginModule required";
constexpr const char* kBootstrap = "b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com:9098";

AwsCredentials example_credentials(const std::string& session_token = "") {
  return {"AKIDEXAMPLE", vault::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), vault::Secret(session_token),
          std::nullopt, "AKIDEXAMPLE"};
}

TEST(MskSignature, IsThatOfTheVendorsSigner) {
  const auto now = *core::parse_instant("2025-01-02T03:04:05Z");
  const MskSignature signature = sign_msk_token(example_credentials(), "us-east-1", now);
  EXPECT_EQ(signature.canonical_request_hash, "618d8c70f444c42e5f4c7bbaf26688f636f6e04bb4c8fb7e23fd63c0fddabdf6");
  EXPECT_EQ(signature.signature, "e8c37808a4488a3a0e77f28204fc880c867a89da91c1259008c5bb118e0771a6");
  EXPECT_EQ(signature.expires_at.time_since_epoch(), std::chrono::milliseconds(1'735'787'945'000));
  const auto url = base64url_decode(open(signature.token));
  ASSERT_TRUE(url);
  EXPECT_THAT(*url, StartsWith("https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm="
                               "AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20250102%2Fus-east-1%2Fkafka-cluster%"
                               "2Faws4_request&X-Amz-Date=20250102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&"
                               "X-Amz-Signature=e8c37808"));
  EXPECT_THAT(*url, HasSubstr("&User-Agent=embergate%2F"));
  EXPECT_THAT(open(signature.token), Not(HasSubstr("=")));
}

TEST(MskSignature, CoversTheSessionToken) {
  const auto now = *core::parse_instant("2025-01-02T03:04:05Z");
  const MskSignature signature =
      sign_msk_token(example_credentials("FwoGZXIvYXdzEXAMPLE/token+with=chars"), "us-east-1", now);
  EXPECT_EQ(signature.signature, "27e8537698bd436b9cec88355f7846cd0df02590696b19992124f81cae236bca");
  EXPECT_THAT(*base64url_decode(open(signature.token)),
              HasSubstr("&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2Ftoken%2Bwith%3Dchars&"));
}

TEST(MskRegion, ComesFromTheBootstrapHost) {
  EXPECT_EQ(msk_region(kBootstrap), "us-east-1");
  EXPECT_EQ(msk_region("boot-x.c1.kafka-serverless.eu-central-1.amazonaws.com:9098"), "eu-central-1");
  EXPECT_EQ(msk_region("b-1.x.kafka.cn-north-1.amazonaws.com.cn:9098"), "cn-north-1");
  EXPECT_EQ(msk_region("own.example:9098,b-2.x.kafka.eu-west-1.amazonaws.com:9098"), "eu-west-1");
  for (const char* other : {"own.example:9098", "kafka.eu-west-1.amazonaws.com:9098", "", "x.kafka.eu_1.amazonaws.com",
                            "x.kafka.eu-west-1.amazonaws.com.evil:1", "x.kafka."}) {
    EXPECT_FALSE(msk_region(other)) << other;
  }
}

class MskSource : public testing::Test {
 protected:
  core::Result<std::shared_ptr<TokenSource>> make(const std::string& options = "",
                                                  const std::string& bootstrap = kBootstrap) {
    ConnectionSettings settings;
    settings.sasl_mechanism = SaslMechanism::kMskIam;
    settings.bootstrap_servers = bootstrap;
    auto login = parse_jaas(std::string(kIamModule) + " " + options + ";");
    EXPECT_TRUE(login) << login.error().diagnostics;
    TokenMaterial material;
    material.login = *std::move(login);
    factory_ = world_.factory(std::move(aws_));
    return factory_->make(settings, std::move(material));
  }

  core::Result<BearerToken> fetch(const std::string& options = "") {
    source_ = nullptr;
    auto source = make(options);
    if (!source) return std::move(source).error();
    source_ = *source;
    return world_.fetch(*source_);
  }
  core::Result<BearerToken> fetch_again() { return world_.fetch(*source_); }

  std::string write(const std::string& name, const std::string& content) { return files_.write(name, content); }

  static std::string url_of(const BearerToken& token) { return base64url_decode(open(token.text)).value_or(""); }
  std::string stamp(std::chrono::seconds from_now) {
    return core::format_instant_seconds(world_.clock.system_now() + from_now);
  }
  std::string container_json(const std::string& key, std::chrono::seconds life) {
    return fmt::format(
        R"({{"AccessKeyId":"{}","SecretAccessKey":"sk","Token":"st","Expiration":"{}","RoleArn":"arn:aws:iam::1:role/r"}})",
        key, stamp(life));
  }
  std::string sts_xml(const std::string& key, std::chrono::seconds life) {
    return fmt::format(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>"
        "<SecretAccessKey>sk</SecretAccessKey><SessionToken>st</SessionToken><Expiration>{}</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        key, stamp(life));
  }

  test::TempDir files_;
  TokenWorld world_;
  AwsEnvironment aws_;
  std::shared_ptr<TokenSourceFactory> factory_;
  std::shared_ptr<TokenSource> source_;
};

TEST_F(MskSource, SignsWithTheKeysOfTheJaasLine) {
  const auto token = fetch(R"(awsRoleAccessKeyId="AKJAAS" awsRoleSecretAccessKey="sk" awsRoleSessionToken="st")");
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_THAT(url_of(*token), HasSubstr("X-Amz-Credential=AKJAAS%2F"));
  EXPECT_THAT(url_of(*token), HasSubstr("X-Amz-Security-Token=st"));
  EXPECT_EQ(token->expires_at - world_.clock.system_now(), std::chrono::seconds(900));
  EXPECT_TRUE(world_.network.asked().empty());
}

TEST_F(MskSource, SignsWithTheEnvironment) {
  aws_.access_key_id = "AKENV";
  aws_.secret_access_key = vault::Secret("sk");
  aws_.shared_credentials_file = write("credentials", "[default]\naws_access_key_id=AKFILE\naws_secret_access_key=x\n");
  const auto token = fetch();
  ASSERT_TRUE(token) << token.error().diagnostics;
  EXPECT_THAT(url_of(*token), HasSubstr("AKENV%2F"));
  EXPECT_FALSE(token->principal.empty());
}

TEST_F(MskSource, ReadsTheSharedFileAnewForEachToken) {
  aws_.shared_credentials_file = write("credentials",
                                       "# comment\n[other]\naws_access_key_id = AKOTHER\naws_secret_access_key = x\n"
                                       "\n[default]\r\n aws_access_key_id = AKONE \r\naws_secret_access_key=a=b/c\n"
                                       "region = eu-west-1\n");
  const auto one = fetch();
  ASSERT_TRUE(one) << one.error().diagnostics;
  EXPECT_THAT(url_of(*one), HasSubstr("AKONE%2F"));
  write("credentials", "[default]\naws_access_key_id=AKTWO\naws_secret_access_key=y\naws_session_token=st\n");
  const auto two = fetch_again();
  ASSERT_TRUE(two);
  EXPECT_THAT(url_of(*two), HasSubstr("AKTWO%2F"));
  EXPECT_NE(one->principal, two->principal);
}

TEST_F(MskSource, TakesTheProfileOfTheJaasLineOrOfTheEnvironment) {
  const std::string content =
      "[default]\naws_access_key_id=AKONE\naws_secret_access_key=x\n[profile two]\naws_access_key_id=AKTWO\n"
      "aws_secret_access_key=y\n[broken]\naws_access_key_id=AKX\n";
  aws_.shared_credentials_file = write("credentials", content);
  aws_.access_key_id = "AKENV";
  aws_.secret_access_key = vault::Secret("sk");
  const auto by_line = fetch("awsProfileName=two");
  ASSERT_TRUE(by_line);
  EXPECT_THAT(url_of(*by_line), HasSubstr("AKTWO%2F"));
  aws_ = {};
  aws_.shared_credentials_file = write("credentials", content);
  aws_.profile = "two";
  EXPECT_THAT(url_of(*fetch()), HasSubstr("AKTWO%2F"));
  for (const char* profile : {"missing", "broken"}) {
    aws_ = {};
    aws_.shared_credentials_file = write("credentials", content);
    const auto token = fetch(std::string("awsProfileName=") + profile);
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().diagnostics, HasSubstr("profile"));
    EXPECT_THAT(token.error().diagnostics, Not(HasSubstr(files_.path().string())));
  }
}

TEST_F(MskSource, ExchangesAWebIdentityAndKeepsTheResult) {
  aws_.web_identity_token_file = write("token", "header.payload.signature\n");
  aws_.role_arn = "arn:aws:iam::1:role/r";
  world_.network.answer(200, sts_xml("AKSTS", std::chrono::hours(1)));
  const auto token = fetch();
  ASSERT_TRUE(token) << token.error().diagnostics;
  ASSERT_EQ(world_.network.asked().size(), 1U);
  EXPECT_EQ(world_.network.asked()[0].url, "https://sts.us-east-1.amazonaws.com/");
  EXPECT_FALSE(world_.network.asked()[0].operator_address);
  EXPECT_EQ(world_.network.asked()[0].body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=embergate&WebIdentityToken=header.payload.signature");
  EXPECT_THAT(url_of(*token), HasSubstr("AKSTS%2F"));
  EXPECT_EQ(token->principal, "arn:aws:iam::1:role/r");
  world_.clock.advance(std::chrono::minutes(12));
  ASSERT_TRUE(fetch_again());
  EXPECT_EQ(world_.network.asked().size(), 1U) << "kept while it lives";
}

TEST_F(MskSource, RenewsCredentialsBeforeTheyExpireWithTheTokenOfThatMoment) {
  aws_.web_identity_token_file = write("token", "one");
  aws_.role_arn = "arn:aws:iam::1:role/r";
  aws_.endpoint_url_sts = "http://127.0.0.1:1/";
  world_.network.answer(200, sts_xml("AKONE", std::chrono::minutes(15)));
  ASSERT_TRUE(fetch());
  EXPECT_TRUE(world_.network.asked()[0].operator_address);
  write("token", "two");
  world_.clock.advance(std::chrono::minutes(11));
  world_.network.answer(200, sts_xml("AKTWO", std::chrono::minutes(15)));
  const auto token = fetch_again();
  ASSERT_TRUE(token);
  EXPECT_THAT(url_of(*token), HasSubstr("AKTWO%2F"));
  EXPECT_THAT(world_.network.asked()[1].body, HasSubstr("WebIdentityToken=two"));
}

TEST_F(MskSource, BridgesASourceThatDoesNotAnswerWithWhatIsLeft) {
  aws_.container_credentials_full_uri = "http://127.0.0.1:1/c";
  world_.network.answer(200, container_json("AKONE", std::chrono::minutes(4)));
  const auto token = fetch();
  ASSERT_TRUE(token);
  EXPECT_EQ(token->expires_at - world_.clock.system_now(), std::chrono::minutes(4)) << "no longer than its credentials";
  world_.network.fail(core::make_retriable(core::ErrorCode::kTimeout, "timeout: x"));
  EXPECT_TRUE(fetch_again());
  world_.network.answer(403, "no");
  EXPECT_FALSE(fetch_again());
  world_.clock.advance(std::chrono::minutes(5));
  world_.network.fail(core::make_retriable(core::ErrorCode::kTimeout, "timeout: x"));
  EXPECT_FALSE(fetch_again());
}

TEST_F(MskSource, AsksTheContainerEndpoint) {
  aws_.container_credentials_relative_uri = "/v2/credentials/x";
  aws_.container_authorization_token = vault::Secret("given");
  world_.network.answer(200, container_json("AKBOX", std::chrono::hours(1)));
  const auto token = fetch();
  ASSERT_TRUE(token) << token.error().diagnostics;
  const AskedRequest& asked = world_.network.asked()[0];
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.url, "http://169.254.170.2/v2/credentials/x");
  EXPECT_TRUE(asked.operator_address);
  EXPECT_EQ(asked.authorization, "given");
  EXPECT_EQ(token->principal, "arn:aws:iam::1:role/r");
}

TEST_F(MskSource, ReadsTheContainersAuthorizationFromItsFile) {
  aws_.container_credentials_full_uri = "http://169.254.170.23/v1/credentials";
  aws_.container_authorization_token = vault::Secret("old");
  aws_.container_authorization_token_file = write("auth", "from-file\n");
  world_.network.answer(200, container_json("AKBOX", std::chrono::hours(1)));
  ASSERT_TRUE(fetch());
  EXPECT_EQ(world_.network.asked()[0].authorization, "from-file");
}

TEST_F(MskSource, SaysWhatIsMissing) {
  const auto none = fetch();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().diagnostics, HasSubstr("AWS_SHARED_CREDENTIALS_FILE"));
  aws_.web_identity_token_file = files_.file("missing");
  EXPECT_THAT(fetch().error().diagnostics, HasSubstr("AWS_ROLE_ARN"));
  aws_.web_identity_token_file = files_.file("missing");
  aws_.role_arn = "arn";
  const auto missing = fetch();
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().diagnostics, HasSubstr("AWS_WEB_IDENTITY_TOKEN_FILE"));
  EXPECT_THAT(missing.error().diagnostics, Not(HasSubstr(files_.path().string())));
  aws_ = {};
  aws_.access_key_id = "AK";
  EXPECT_THAT(fetch().error().diagnostics, HasSubstr("AWS_SECRET_ACCESS_KEY"));
}

TEST_F(MskSource, ReflectsNothingOfAnAnswer) {
  for (const auto& [status, retriable] :
       std::vector<std::pair<int, bool>>{{400, false}, {403, false}, {503, true}, {200, true}}) {
    aws_ = {};
    aws_.container_credentials_full_uri = "http://127.0.0.1:1/c";
    world_.network.answer(status, R"({"message":"s3cret"})");
    const auto token = fetch();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().retriable, retriable) << status;
    EXPECT_THAT(token.error().diagnostics, Not(HasSubstr("s3cret")));
  }
}

TEST_F(MskSource, RefusesOptionsByName) {
  for (const char* option : {"awsDebugCreds", "awsRoleArn", "awsRoleSessionName", "awsRoleExternalId", "awsMaxRetries",
                             "awsMaxBackOffTimeMs", "awsShouldUseFips"}) {
    const auto source = make(std::string(option) + "=x");
    ASSERT_FALSE(source) << option;
    EXPECT_THAT(source.error().diagnostics, HasSubstr(option));
  }
  EXPECT_FALSE(make("hunter2=x"));
  EXPECT_FALSE(make("awsRoleAccessKeyId=x"));
  EXPECT_FALSE(make("awsRoleSecretAccessKey=x"));
  EXPECT_FALSE(make("awsStsRegion='not a region'"));
}

TEST_F(MskSource, TakesTheRegionOfTheEnvironmentWhereTheHostNamesNone) {
  EXPECT_FALSE(make("", "own.example:9098"));
  aws_.region = "eu-west-2";
  aws_.access_key_id = "AK";
  aws_.secret_access_key = vault::Secret("sk");
  auto source = make("", "own.example:9098");
  ASSERT_TRUE(source);
  EXPECT_THAT(url_of(*world_.fetch(**source)), StartsWith("https://kafka.eu-west-2.amazonaws.com/"));
}

}  // namespace
}  // namespace embergate::kafka
