// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/jaas.hpp"

#include <gtest/gtest.h>

#include <string>

namespace embergate::kafka {
namespace {

std::string plain(const vault::Secret& secret) {
  return secret.with_plaintext([](std::string_view text) { return std::string(text); });
}

constexpr std::string_view kPlain = "org.apache.kafka.common.security.plain.PlainLoginModule required ";

std::string line(std::string_view options) { return std::string(kPlain) + std::string(options); }

struct Accepted {
  std::string_view password_option;  // what stands after username=u
  std::string_view password;
};

class JaasValue : public ::testing::TestWithParam<Accepted> {};

TEST_P(JaasValue, BI14_IsReadAsKafkaReadsIt) {
  const auto login = parse_jaas(line("username=u " + std::string(GetParam().password_option)));
  ASSERT_TRUE(login.has_value()) << login.error().diagnostics;
  EXPECT_EQ(plain(login->password), GetParam().password);
  EXPECT_EQ(plain(login->username), "u");
}

INSTANTIATE_TEST_SUITE_P(
    Jaas, JaasValue,
    ::testing::Values(
        Accepted{R"(password="a\"b\\c";)", R"(a"b\c)"}, Accepted{R"(password='p"q';)", R"(p"q)"},
        Accepted{R"(password="p'q";)", "p'q"}, Accepted{R"(password="a;b=c //x /*y*/ #z";)", "a;b=c //x /*y*/ #z"},
        Accepted{"password=été-1_$x;", "été-1_$x"}, Accepted{"password = b ;", "b"}, Accepted{"password =\nb;", "b"},
        Accepted{"password=abc123;", "abc123"}, Accepted{"password=x-5;", "x-5"}, Accepted{"password=a.b;", "a.b"},
        Accepted{"password=\"123\";", "123"}, Accepted{R"(password="\q";)", "q"},
        Accepted{R"(password="\n\t\r\b\f\a\v";)", "\n\t\r\b\f\a\v"}, Accepted{R"(password="\101\60";)", "A0"},
        Accepted{R"(password="\377";)", "\xC3\xBF"}, Accepted{R"(password="\4771";)", "'71"},
        Accepted{R"(password="\18";)",
                 "\1"
                 "8"},
        Accepted{"password=first password=last;", "last"}, Accepted{"password=\"x\"; // comment", "x"},
        Accepted{"password=\"x\";\n", "x"}, Accepted{"/* a comment */ password=x;", "x"},
        Accepted{"// a comment\npassword=x;", "x"}, Accepted{"/ a comment too\npassword=x;", "x"},
        Accepted{"'password'=x;", "x"}, Accepted{"password=\"${x}\";", "${x}"}, Accepted{"password=\"🔑\";", "🔑"},
        Accepted{"serviceName=kafka password=x;", "x"}));

class JaasFault : public ::testing::TestWithParam<std::string_view> {};

TEST_P(JaasFault, BI14_IsRefusedWithAPositionAndWithoutItsText) {
  const auto login = parse_jaas(line("username=u " + std::string(GetParam())));
  ASSERT_FALSE(login.has_value());
  EXPECT_EQ(login.error().code, core::ErrorCode::kInvalid);
  EXPECT_NE(login.error().diagnostics.find("JAAS line"), std::string::npos);
  EXPECT_EQ(login.error().diagnostics.find("canary"), std::string::npos) << login.error().diagnostics;
}

INSTANTIATE_TEST_SUITE_P(
    Jaas, JaasFault,
    ::testing::Values("password=p@canary;", "password=a!canary;", "password=a+canary;", "password=a:canary;",
                      "password=a#canary;", "password=http://canary;", "password=a/canary;", "password=123;",
                      "password=123canary;", "password=1.5;", "password=-x;", "password=.x;", "password=\"canary\"",
                      "password=\"canary\";;", "password=canary, x=y;", "password=;", "password;",
                      "password \"canary\";", "password=\"canary\n\";", "password=\"canary;", "password=\"canary\\",
                      "password=\"\";", "user=canary;", "password=\"\\0\";",
                      "password=canary; org.apache.kafka.common.security.plain.PlainLoginModule required;",
                      "password=\"\xFF\";", "password=\"\xC0\x80\";", "1=canary password=x;"));

TEST(Jaas, RefusesWhatIsNoEntry) {
  for (const char* text : {"", "   ", "// nothing", ";", "KafkaClient { x required; };", "123 required;"}) {
    EXPECT_FALSE(parse_jaas(text).has_value()) << text;
  }
}

TEST(Jaas, TakesEveryFlagInAnyCase) {
  for (const char* flag : {"required", "REQUISITE", "Sufficient", "optional"}) {
    const std::string text = "x.plain.PlainLoginModule " + std::string(flag) + " username=u password=p;";
    EXPECT_TRUE(parse_jaas(text).has_value()) << flag;
  }
  EXPECT_FALSE(parse_jaas("x.plain.PlainLoginModule needed username=u password=p;").has_value());
  EXPECT_FALSE(parse_jaas("x.plain.PlainLoginModule").has_value());
}

TEST(Jaas, KnowsALoginModuleByTheEndOfItsNameAndNoOther) {
  const auto module_of = [](std::string_view name, std::string_view options) {
    return parse_jaas(std::string(name) + " required " + std::string(options));
  };
  EXPECT_EQ(module_of("kafkashaded.org.apache.kafka.common.security.plain.PlainLoginModule", "username=u password=p;")
                ->module,
            LoginModule::kPlain);
  EXPECT_EQ(module_of("org.apache.kafka.common.security.scram.ScramLoginModule", "username=u password=p;")->module,
            LoginModule::kScram);
  EXPECT_EQ(
      module_of("org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule", "clientId=u clientSecret=p;")
          ->module,
      LoginModule::kOauthBearer);
  EXPECT_EQ(module_of("software.amazon.msk.auth.iam.IAMLoginModule", ";")->module, LoginModule::kMskIam);
  for (const char* name :
       {"com.sun.security.auth.module.JndiLoginModule", "com.sun.security.auth.module.Krb5LoginModule",
        "explain.PlainLoginModule", "PlainLoginModule", "M"}) {
    const auto login = module_of(name, "username=u password=p;");
    ASSERT_FALSE(login.has_value()) << name;
    EXPECT_EQ(login.error().code, core::ErrorCode::kNotSupported);
    EXPECT_EQ(login.error().diagnostics.find("com.sun"), std::string::npos);
  }
}

TEST(Jaas, RefusesInScramWhatTheClientLibraryCannotSend) {
  const std::string scram = "org.apache.kafka.common.security.scram.ScramLoginModule required ";
  EXPECT_FALSE(parse_jaas(scram + "username=u password=p tokenauth=true;").has_value());
  EXPECT_TRUE(parse_jaas(scram + "username=u password=p tokenauth=false;").has_value());
  EXPECT_FALSE(parse_jaas(scram + "username=u password=\"pässword\";").has_value());
  EXPECT_FALSE(parse_jaas(scram + "username=\"ü\" password=p;").has_value());
}

TEST(Jaas, CountsPositionsInCharactersFromOne) {
  const auto login = parse_jaas("x.plain.PlainLoginModule required username=\"é\" password=1;");
  ASSERT_FALSE(login.has_value());
  EXPECT_NE(login.error().diagnostics.find("character 57"), std::string::npos) << login.error().diagnostics;
}

TEST(Jaas, TellsALineWithACredentialFromOneWithout) {
  EXPECT_TRUE(*jaas_has_credential(line("username=u password=p;")));
  EXPECT_FALSE(*jaas_has_credential(line("username=u;")));
  EXPECT_FALSE(*jaas_has_credential(line("username=u password=\"\";")));
  EXPECT_FALSE(*jaas_has_credential("software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=x;"));
  EXPECT_TRUE(*jaas_has_credential("software.amazon.msk.auth.iam.IAMLoginModule required awsRoleSecretAccessKey=x;"));
  EXPECT_FALSE(jaas_has_credential("nonsense").has_value());
}

TEST(Jaas, ReadsTheLineOfAnEventHub) {
  const auto login =
      parse_jaas(line(R"(username="$ConnectionString" password="Endpoint=sb://x/;SharedAccessKey=a+b/c==";)"));
  ASSERT_TRUE(login.has_value());
  EXPECT_EQ(plain(login->username), "$ConnectionString");
  EXPECT_EQ(plain(login->password), "Endpoint=sb://x/;SharedAccessKey=a+b/c==");
}

TEST(Jaas, KeepsTheOptionsOfATokenLogin) {
  const auto login = parse_jaas(
      "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=gw clientSecret='s' "
      "scope='kafka write' extension_logicalCluster=lkc scope=kafka;");
  ASSERT_TRUE(login.has_value());
  const auto text = [](const vault::Secret* secret) {
    return secret == nullptr ? "" : secret->with_plaintext([](std::string_view value) { return std::string(value); });
  };
  EXPECT_EQ(text(&login->username), "gw");
  EXPECT_EQ(text(&login->password), "s");
  EXPECT_EQ(login->options.size(), 2U);
  EXPECT_EQ(text(login->option("scope")), "kafka");
  EXPECT_EQ(text(login->option("extension_logicalCluster")), "lkc");
  EXPECT_EQ(login->option("clientSecret"), nullptr);
}

TEST(Jaas, KeepsEveryOptionOfAnIamLogin) {
  const auto login = parse_jaas(
      "software.amazon.msk.auth.iam.IAMLoginModule required awsRoleAccessKeyId=AK awsRoleSecretAccessKey='SK/x';");
  ASSERT_TRUE(login.has_value());
  EXPECT_TRUE(login->username.empty());
  EXPECT_EQ(login->options.size(), 2U);
  EXPECT_NE(login->option("awsRoleSecretAccessKey"), nullptr);
}

}  // namespace
}  // namespace embergate::kafka
