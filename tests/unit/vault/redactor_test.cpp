// SPDX-License-Identifier: Apache-2.0
#include "vault/redactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string redacted(const Redactor& redactor, std::string line) {
  redactor.redact(line);
  return line;
}

TEST(Redactor, LeavesALineAloneWhenItKnowsNothing) {
  const Redactor redactor;
  EXPECT_EQ(redacted(redactor, "nothing here"), "nothing here");
  EXPECT_EQ(redacted(redactor, ""), "");
}

TEST(Redactor, BlanksEveryFormOfAValue) {
  Redactor redactor;
  const auto value = make_value(Secret("pa\"ss%word/1"), ContentKind::kSingleLine);
  redactor.add(value);
  EXPECT_EQ(redacted(redactor, R"(x=pa"ss%word/1;y)"), "x=[secret];y");
  EXPECT_EQ(redacted(redactor, R"({"err":"pa\"ss%word/1"})"), R"({"err":"[secret]"})");
  EXPECT_EQ(redacted(redactor, "q=pa%22ss%25word%2F1&z"), "q=[secret]&z");
  EXPECT_EQ(redacted(redactor, "70612273732577 6f72"), "70612273732577 6f72");
  EXPECT_EQ(redacted(redactor,
                     "7061227373"
                     "25776f7264"
                     "2f31"),
            "[secret]");
  EXPECT_THAT(redacted(redactor, "cGEic3Mld29yZC8x"), Not(HasSubstr("c3Mld29")));              // base64 of the value
  EXPECT_THAT(redacted(redactor, "dXNlcjpwYSJzcyV3b3JkLzE="), Not(HasSubstr("JzcyV3b3JkL")));  // of user:value
  EXPECT_EQ(redacted(redactor, R"(pa"ss%word/1pa"ss%word/1)"), "[secret][secret]");
}

TEST(Redactor, KnowsThePartsOfAJaasLineAndOfAHeader) {
  Redactor redactor;
  const auto jaas = make_value(Secret(R"(org.x.PlainLoginModule required username="alice" password="tr0ub4dor";)"),
                               ContentKind::kJaas);
  const auto header = make_value(Secret("Authorization: Bearer abcdefgh"), ContentKind::kHeader);
  const auto pem =
      make_value(Secret("-----BEGIN PRIVATE KEY-----\nMIIBVwIBADAN\n-----END PRIVATE KEY-----"), ContentKind::kPem);
  redactor.add(jaas);
  redactor.add(header);
  redactor.add(pem);
  EXPECT_EQ(redacted(redactor, "broker said tr0ub4dor is wrong"), "broker said [secret] is wrong");
  EXPECT_EQ(redacted(redactor, "got abcdefgh"), "got [secret]");
  EXPECT_EQ(redacted(redactor, "got Bearer abcdefgh"), "got [secret]");
  EXPECT_EQ(redacted(redactor, "line MIIBVwIBADAN"), "line [secret]");
  EXPECT_EQ(redacted(redactor, "-----BEGIN PRIVATE KEY----- alone"), "-----BEGIN PRIVATE KEY----- alone");
}

TEST(Redactor, KnowsTheValuesOfAJaasLineAsKafkaReadsThem) {
  Redactor redactor;
  const auto blanks = [&](const std::string& options, std::string_view password) {
    const auto jaas =
        make_value(Secret("org.x.PlainLoginModule required username='alice' " + options + ";"), ContentKind::kJaas);
    redactor.add(jaas);
    const std::string line = redacted(redactor, "broker said " + std::string(password) + " of alice is wrong");
    return line == "broker said [secret] of alice is wrong";
  };
  EXPECT_TRUE(blanks("password='tr0ub4dor'", "tr0ub4dor"));
  EXPECT_TRUE(blanks("password = tr0ub4dor", "tr0ub4dor")) << "a plain word needs no quotes";
  EXPECT_TRUE(blanks(R"(password="tr0ub\"4dor")", "tr0ub\"4dor"));
  EXPECT_TRUE(blanks(R"(password="tr0ub\\4\dor")", R"(tr0ub\4dor)"));
  EXPECT_TRUE(blanks(R"(password="tr\060ub4dor")", "tr0ub4dor")) << "octal";
  EXPECT_TRUE(blanks(R"(password="tr\060ub4dor")", R"(tr\060ub4dor)")) << "as it stands in the file";
  EXPECT_TRUE(blanks(R"(password='tr"0ub4dor' clientSecret="a'b c'd")", R"(tr"0ub4dor)"));
  EXPECT_TRUE(blanks(R"(password='tr"0ub4dor' clientSecret="a'b c'd")", "a'b c'd"));
  EXPECT_TRUE(blanks("/* password='before-it' */ password=tr0ub4dor", "before-it")) << "what a comment holds";
  EXPECT_TRUE(blanks("/* isn't */ password='tr0ub4dor'", "tr0ub4dor"));
}

TEST(Redactor, LeavesUsersClientsAndScopesOfAJaasLineReadable) {
  Redactor redactor;
  const auto jaas = make_value(Secret(R"(org.x.Module required username = "kafka" clientId=events scope='records'
      password="kafka-username" clientSecret="scope=";)"),
                               ContentKind::kJaas);
  redactor.add(jaas);
  EXPECT_EQ(redacted(redactor, "kafka.auth-refused for events, records"), "kafka.auth-refused for events, records");
  EXPECT_EQ(redacted(redactor, "said kafka-username and scope="), "said [secret] and [secret]");
}

TEST(Redactor, LeavesWhatAJaasLineSaysOfTheLoginItselfReadable) {
  const auto reads = [](const std::string& options, const std::string& line) {
    Redactor redactor;
    const auto jaas = make_value(Secret("org.x.Module required " + options + ";"), ContentKind::kJaas);
    redactor.add(jaas);
    return redacted(redactor, line);
  };
  for (const char* option : {"tokenauth",
                             "awsProfileName",
                             "awsStsRegion",
                             "awsRoleArn",
                             "awsRoleSessionName",
                             "awsDebugCreds",
                             "awsMaxRetries",
                             "awsMaxBackOffTimeMs",
                             "awsShouldUseFips",
                             "sasl.oauthbearer.header.urlencode",
                             "extension_logicalCluster",
                             "extension_identityPoolId",
                             "unsecuredLoginStringClaim_sub",
                             "principal",
                             "keyTab",
                             "ticketCache",
                             "serviceName",
                             "useKeyTab",
                             "storeKey",
                             "useTicketCache",
                             "renewTGT",
                             "doNotPrompt",
                             "isInitiator",
                             "refreshKrb5Config",
                             "debug"}) {
    for (const char* quote : {"", "\"", "'"}) {
      const std::string text = std::string(option) + "=" + quote + "false" + quote;
      EXPECT_EQ(reads(text, R"({"ok":false})"), R"({"ok":false})") << text;
    }
  }
  EXPECT_EQ(reads("awsProfileName=kafka awsStsRegion=\"eu-west-1\"", "kafka.unreachable: b-1.kafka.eu-west-1.example"),
            "kafka.unreachable: b-1.kafka.eu-west-1.example");
}

TEST(Redactor, BlanksTheValueOfAJaasOptionThatItDoesNotKnow) {
  Redactor redactor;
  const auto jaas = make_value(Secret(R"(org.x.Module required awsRoleArn="arn:aws:iam::1:role/events" awsRoleArn2=first
      awsRoleSecretAccessKey=second awsRoleSessionToken='third' awsRoleExternalId="fourth" extension_pass=fifth-one
      keyPassword="sixth" principal="seven" principalKey=eighth AWSROLEARN=ninth;)"),
                               ContentKind::kJaas);
  redactor.add(jaas);
  EXPECT_EQ(redacted(redactor, "first second third fourth fifth-one sixth eighth ninth"),
            "[secret] [secret] [secret] [secret] [secret] [secret] [secret] [secret]");
  EXPECT_EQ(redacted(redactor, "arn:aws:iam::1:role/events seven"), "arn:aws:iam::1:role/events seven");
}

TEST(Redactor, LeavesOrdinaryTextAloneForVeryShortValues) {
  Redactor redactor;
  const auto value = make_value(Secret("a"), ContentKind::kSingleLine);
  redactor.add(value);
  EXPECT_EQ(redacted(redactor, "a banana"), "a banana");
}

TEST(Redactor, AL20_KeepsNoValueAlive) {
  Redactor redactor;
  auto value = make_value(Secret("long-enough"), ContentKind::kSingleLine);
  const std::weak_ptr<const Value> weak = value;
  redactor.add(value);
  EXPECT_EQ(redacted(redactor, "long-enough"), "[secret]");
  value.reset();
  EXPECT_TRUE(weak.expired());
  EXPECT_EQ(redacted(redactor, "long-enough"), "long-enough");
}

TEST(Redactor, KnowsAnOldValueAsLongAsSomebodyUsesIt) {
  Redactor redactor;
  const auto old_value = make_value(Secret("old-password"), ContentKind::kSingleLine);
  const auto new_value = make_value(Secret("new-password"), ContentKind::kSingleLine);
  redactor.add(old_value);
  redactor.add(new_value);
  EXPECT_EQ(redacted(redactor, "old-password new-password"), "[secret] [secret]");
}

}  // namespace
}  // namespace embergate::vault
