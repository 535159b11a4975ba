// SPDX-License-Identifier: Apache-2.0
#include "embergate/delivery/target_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embergate/observability/log.hpp"
#include "support/fake_target_store.hpp"

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
  return refused_targets(made, *vault::VaultConfig::parse(kConfig, rules), nullptr);
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

class FirstUse : public ::testing::Test {
 protected:
  using Texts = std::vector<std::pair<std::string, std::string>>;
  static Texts home() {
    return {{"kafkaTopic", "t"},
            {"bootstrapServers", "a.example:9093,b.example:9093"},
            {"securityProtocol", "SASL_SSL"},
            {"saslMechanism", "SCRAM-SHA-512"}};
  }
  static Texts with(std::size_t index, const std::string& value) {
    Texts texts = home();
    texts.at(index).second = value;
    return texts;
  }
  static Texts and_also(const std::string& name, const std::string& value) {
    Texts texts = home();
    texts.emplace_back(name, value);
    return texts;
  }
  void SetUp() override {
    const vault::SecretName free("free");
    const vault::NamedTarget target{
        {"a.example:9093", "b.example:9093"}, "SASL_SSL", "SCRAM-SHA-512", "https", "system", ""};
    table_.rows.emplace(free, vault::TargetBinding{free, target, {}, "AidboxTopicDestination/d", false, {}});
    ASSERT_TRUE(bindings_.load());
  }
  std::vector<fhir::Issue> refused(const Texts& texts, const std::string& secret = "free") {
    return refused_targets(destination(texts, secret), *config_.load(), &bindings_);
  }

  test::TargetTable table_;
  vault::ConfigInForce config_{std::make_shared<const vault::VaultConfig>(*vault::VaultConfig::parse(kConfig))};
  vault::TargetBindings bindings_{config_, std::make_unique<test::FakeTargetStore>(table_)};
};

TEST_F(FirstUse, S07_ADestinationThatAimsTheSecretElsewhereIsRefusedHoweverItDoesSo) {
  EXPECT_THAT(refused(home()), IsEmpty());
  EXPECT_THAT(refused(with(1, "B.example.:9093")), IsEmpty());
  std::vector<std::string> texts;
  for (const Texts& aimed : {with(1, "evil.example:9093"), with(1, "a.example:9093,b.example:9093,evil.example:9093"),
                             with(2, "SASL_PLAINTEXT"), with(3, "SCRAM-SHA-256"), with(3, "PLAIN"),
                             and_also("sslEndpointIdentificationAlgorithm", "none")}) {
    const auto issues = refused(aimed);
    ASSERT_THAT(issues, SizeIs(1)) << aimed.back().second;
    EXPECT_EQ(issues[0].code, "forbidden");
    EXPECT_EQ(issues[0].expression, "AidboxTopicDestination.parameter[1]");
    EXPECT_THAT(issues[0].diagnostics, HasSubstr("target-changed: secret \"free\""));
    EXPECT_THAT(issues[0].diagnostics, HasSubstr("$vault-retarget"));
    texts.push_back(issues[0].diagnostics);
  }
  // The same words whatever differs, or a writer could find the bound target part by part (S-13).
  EXPECT_THAT(texts, ::testing::Each(texts.front()));
}

TEST_F(FirstUse, AnAllowOfTheSecretCoversWhatItsFirstUseDoesNot) {
  const vault::SecretName pinned("pinned");
  table_.rows.emplace(pinned, vault::TargetBinding{pinned, {}, {}, "AidboxTopicDestination/d", true, {}});
  ASSERT_TRUE(bindings_.load());
  EXPECT_THAT(refused(with(1, "kafka.example:9093"), "pinned"), IsEmpty());
  EXPECT_THAT(refused(home(), "pinned"), SizeIs(1));
}

TEST_F(FirstUse, S03_PlainAndOauthWithoutTlsNeedAllowPlaintext) {
  const Texts plain{{"kafkaTopic", "t"},
                    {"bootstrapServers", "any.example:9092"},
                    {"securityProtocol", "SASL_PLAINTEXT"},
                    {"saslMechanism", "PLAIN"}};
  table_.rows.clear();
  vault::TargetBindings none(config_, std::make_unique<test::FakeTargetStore>(table_));
  const auto issues = refused_targets(destination(plain, "free"), *config_.load(), &none);
  ASSERT_THAT(issues, SizeIs(1));
  EXPECT_THAT(issues[0].diagnostics, HasSubstr("allow_plaintext"));
  Texts local = plain;
  local[1].second = "localhost:9092";
  EXPECT_THAT(refused_targets(destination(local, "free"), *config_.load(), &none), IsEmpty());
}

TEST(TargetRules, S13_TellNothingOfThePinsOfASecretThatTheDestinationMayNotUse) {
  auto made = destination({{"bootstrapServers", "evil.example:9093"}, {"securityProtocol", "SASL_SSL"}}, "pinned");
  made.id = "foreign";
  EXPECT_THAT(refused(made), IsEmpty());
}

TEST(TargetRules, PublicContentMayGoAnywhere) {
  EXPECT_THAT(refused(destination({{"bootstrapServers", "any.example:9092"}}, "free", "sslTruststoreCertificates"),
                      vault::TargetMode::kStrict),
              IsEmpty());
}

}  // namespace
}  // namespace embergate::delivery
