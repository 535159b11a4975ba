// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/target_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embergate/observability/log.hpp"

namespace embergate::delivery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto* kConfig = R"({"secret":{
  "pinned": {"path":"/run/pinned","scope":["AidboxTopicDestination/d"],
             "allow":{"bootstrapServers":["kafka.example:9093"],"url":["https://idp.example/token"]}},
  "free":   {"path":"/run/free","scope":["AidboxTopicDestination/d"]}}})";

topic::TopicDestination destination(const std::vector<std::pair<std::string, std::string>>& texts,
                                    const std::string& secret, const std::string& parameter = "saslJaasConfig") {
  topic::TopicDestination made;
  made.id = "d";
  for (const auto& [name, text] : texts) {
    topic::DestinationParameter one;
    one.name = name;
    one.text = text;
    one.index = made.parameters.size();
    made.parameters.push_back(std::move(one));
  }
  topic::DestinationParameter reference;
  reference.name = parameter;
  reference.secret_reference = secret;
  reference.index = made.parameters.size();
  made.parameters.push_back(std::move(reference));
  return made;
}

std::vector<fhir::Issue> refused(const topic::TopicDestination& made,
                                 vault::TargetMode mode = vault::TargetMode::kWarn) {
  vault::ConfigRules rules;
  rules.target_mode = mode;
  return refused_targets(made, *vault::VaultConfig::parse(kConfig, rules));
}

TEST(TargetRules, AL02_AL04_APinnedSecretIsRefusedForAnotherBrokerHoweverOftenItIsAimedAnew) {
  EXPECT_THAT(
      refused(destination({{"bootstrapServers", "kafka.example:9093"}, {"securityProtocol", "SASL_SSL"}}, "pinned")),
      IsEmpty());
  const auto issues =
      refused(destination({{"securityProtocol", "SASL_SSL"}, {"bootstrapServers", "evil.example:9093"}}, "pinned"));
  ASSERT_THAT(issues, SizeIs(1));
  EXPECT_EQ(issues[0].code, "forbidden");
  EXPECT_EQ(issues[0].expression, "AidboxTopicDestination.parameter[1]");
  EXPECT_THAT(issues[0].diagnostics, HasSubstr("secret \"pinned\" may not be sent to evil.example:9093"));
}

TEST(TargetRules, APinnedSecretIsRefusedBesideWhatMakesThePinWorthless) {  // S-03, S-04
  const std::pair<std::string, std::string> servers{"bootstrapServers", "kafka.example:9093"};
  EXPECT_THAT(refused(destination({servers}, "pinned")), SizeIs(1));
  EXPECT_THAT(refused(destination({servers, {"securityProtocol", "SASL_PLAINTEXT"}}, "pinned")), SizeIs(1));
  const std::pair<std::string, std::string> tls{"securityProtocol", "SASL_SSL"};
  EXPECT_THAT(refused(destination({servers, tls, {"sslEndpointIdentificationAlgorithm", "none"}}, "pinned")),
              SizeIs(1));
  EXPECT_THAT(refused(destination({servers, tls, {"sslEndpointIdentificationAlgorithm", "https"}}, "pinned")),
              IsEmpty());
  EXPECT_THAT(refused(destination({servers, tls, {"sslTruststoreCertificates", "PEM"}}, "pinned")), SizeIs(1));
}

TEST(TargetRules, AL08_ATokenEndpointIsATargetToo) {
  const std::pair<std::string, std::string> servers{"bootstrapServers", "kafka.example:9093"};
  const std::pair<std::string, std::string> tls{"securityProtocol", "SASL_SSL"};
  EXPECT_THAT(
      refused(destination({servers, tls, {"saslOauthbearerTokenEndpointUrl", "https://idp.example/token"}}, "pinned")),
      IsEmpty());
  const auto issues = refused(destination(
      {servers, tls, {"saslOauthbearerTokenEndpointUrl", "https://idp.example@evil.example/token"}}, "pinned"));
  ASSERT_THAT(issues, SizeIs(1));
  EXPECT_EQ(issues[0].expression, "AidboxTopicDestination.parameter[2]");
}

TEST(TargetRules, AnUnpinnedSecretFollowsThePolicy) {
  const auto plain = destination({{"bootstrapServers", "any.example:9092"}}, "free");
  EXPECT_THAT(refused(plain, vault::TargetMode::kStrict), SizeIs(1));
  std::string log;
  observability::log::capture([&](std::string_view line) { log += line; });
  EXPECT_THAT(refused(plain), IsEmpty());
  EXPECT_THAT(log, HasSubstr("secret/target-warning"));
  log.clear();
  EXPECT_THAT(refused(plain, vault::TargetMode::kOff), IsEmpty());
  EXPECT_THAT(refused(destination({{"bootstrapServers", "localhost:9092"}}, "free")), IsEmpty());
  observability::log::capture(nullptr);
  EXPECT_EQ(log, "");
}

TEST(TargetRules, PublicContentMayGoAnywhere) {
  EXPECT_THAT(refused(destination({{"bootstrapServers", "any.example:9092"}}, "free", "sslTruststoreCertificates"),
                      vault::TargetMode::kStrict),
              IsEmpty());
}

}  // namespace
}  // namespace embergate::delivery
