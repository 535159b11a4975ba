// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/target_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::vault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Verdict = TargetRuling::Verdict;

constexpr auto* kPolicyConfig = R"({"secret":{
  "free":   {"path":"/run/free","scope":["AidboxTopicDestination/d"]},
  "local":  {"path":"/run/local","scope":["AidboxTopicDestination/d"],"allow_plaintext":true},
  "pinned": {"path":"/run/pinned","scope":["AidboxTopicDestination/d"],
             "allow":{"bootstrapServers":["B1.Kafka.example.:9093","*.msk.example:9098","[2001:DB8::1]:9093","127.0.0.1:9092"],
                      "url":["https://hooks.example/in","https://idp.example:8443/realms/a/"]}},
  "plain":  {"path":"/run/plain","scope":["AidboxTopicDestination/d"],"allow_plaintext":true,
             "allow":{"bootstrapServers":["b1.kafka.example:9092"]}}}})";

class TargetPolicyTest : public ::testing::Test {
 protected:
  static TargetRuling rule(std::string_view secret, const Target& target, TargetMode mode = TargetMode::kWarn) {
    ConfigRules rules;
    rules.target_mode = mode;
    const auto config = VaultConfig::parse(kPolicyConfig, rules);
    EXPECT_TRUE(config) << config.error().diagnostics;
    return TargetPolicy(*config).rule(*make_secret_name(secret), target);
  }
  static Target server(std::string address) {
    return {Target::Kind::kBootstrap, std::move(address), false, false, false};
  }
  static Target url(std::string address) { return {Target::Kind::kUrl, std::move(address), false, false, false}; }
  static bool allowed(std::string_view secret, const Target& target) {
    return rule(secret, target).verdict == Verdict::kAllowed;
  }
};

TEST_F(TargetPolicyTest, S01_APinnedSecretGoesOnlyWhereItsEntrySays) {
  for (const auto* good :
       {"b1.kafka.example:9093", "B1.KAFKA.EXAMPLE:9093", "b1.kafka.example.:9093", "x.msk.example:9098",
        "x.y.msk.example:9098", "[2001:db8:0:0::1]:9093", "127.1:9092", "b1.kafka.example:9093,x.msk.example:9098"}) {
    EXPECT_TRUE(allowed("pinned", server(good))) << good;
  }
  for (const auto* bad :
       {"evil.example:9093", "b1.kafka.example:9092", "b1.kafka.example.evil.example:9093", "evilmsk.example:9098",
        "msk.example:9098", "b1.kafka.example", "b1.kafka.example:9093,evil:1", "b1.kafka.example:9093@evil:9093", "",
        "b1.kafka.example:9093,", "[2001:db8::2]:9093"}) {
    const auto ruling = rule("pinned", server(bad));
    EXPECT_TRUE(ruling.refused()) << bad;
    EXPECT_THAT(ruling.text, HasSubstr("secret \"pinned\" may not be sent"));
    EXPECT_THAT(ruling.text, Not(HasSubstr("hooks.example")));  // what else is allowed is nobody's business (S-13)
  }
}

TEST_F(TargetPolicyTest, S01_PinsHoldInEveryMode) {
  for (const auto mode : {TargetMode::kOff, TargetMode::kWarn, TargetMode::kStrict}) {
    EXPECT_TRUE(rule("pinned", server("evil.example:9093"), mode).refused());
    EXPECT_FALSE(rule("pinned", server("b1.kafka.example:9093"), mode).refused());
  }
}

TEST_F(TargetPolicyTest, AL02_AnUnpinnedSecretGoesAnywhereUnlessThePolicyIsStrict) {
  EXPECT_EQ(rule("free", server("any.example:9093"), TargetMode::kOff).verdict, Verdict::kAllowed);
  EXPECT_EQ(rule("free", server("any.example:9093"), TargetMode::kWarn).verdict, Verdict::kAllowed);
  const auto strict = rule("free", server("any.example:9093"), TargetMode::kStrict);
  EXPECT_TRUE(strict.refused());
  EXPECT_THAT(strict.text, HasSubstr("BOX_VAULT_TARGET_POLICY is strict"));
  EXPECT_TRUE(rule("free", url("https://any.example/"), TargetMode::kStrict).refused());
}

TEST_F(TargetPolicyTest, S03_NoPinnedSecretCrossesTheNetworkInClear) {
  auto target = server("b1.kafka.example:9093");
  target.plaintext = true;
  EXPECT_THAT(rule("pinned", target).text, HasSubstr("without TLS"));
  EXPECT_TRUE(rule("pinned", target).refused());
  target.address = "127.0.0.1:9092";
  EXPECT_TRUE(allowed("pinned", target));
  target.address = "b1.kafka.example:9092";
  EXPECT_TRUE(allowed("plain", target));
  EXPECT_EQ(rule("free", target).verdict, Verdict::kWarned);
  EXPECT_EQ(rule("free", target, TargetMode::kOff).verdict, Verdict::kAllowed);
  EXPECT_TRUE(allowed("local", target));
  EXPECT_TRUE(allowed("free", {Target::Kind::kBootstrap, "localhost:9092", true, false, false}));
  EXPECT_EQ(rule("free", url("http://idp.example/token")).verdict, Verdict::kWarned);
  EXPECT_TRUE(allowed("free", url("http://[::1]:8080/token")));
  EXPECT_EQ(rule("free", {Target::Kind::kBootstrap, "127.evil.example:9092", true, false, false}).verdict,
            Verdict::kWarned);
}

TEST_F(TargetPolicyTest, S03_UnderFirstUseNoPeerIsShownAnUnpinnedSecretInClear) {
  auto target = server("any.example:9092");
  target.plaintext = true;
  EXPECT_EQ(rule("free", target, TargetMode::kFirstUse).verdict, Verdict::kWarned);  // SCRAM shows it to nobody
  target.shows_secret = true;
  const auto ruling = rule("free", target, TargetMode::kFirstUse);
  EXPECT_TRUE(ruling.refused());
  EXPECT_THAT(ruling.text, HasSubstr("allow_plaintext"));
  EXPECT_EQ(rule("local", target, TargetMode::kFirstUse).verdict, Verdict::kAllowed);
  EXPECT_EQ(rule("free", target, TargetMode::kWarn).verdict, Verdict::kWarned);
  target.address = "127.0.0.1:9092";
  EXPECT_EQ(rule("free", target, TargetMode::kFirstUse).verdict, Verdict::kAllowed);
  target.address = "127.0.0.1:9092,any.example:9092";
  EXPECT_TRUE(rule("free", target, TargetMode::kFirstUse).refused());
  auto endpoint = url("http://idp.example/token");
  endpoint.shows_secret = true;
  EXPECT_TRUE(rule("free", endpoint, TargetMode::kFirstUse).refused());
}

TEST_F(TargetPolicyTest, S04_NothingBesideAPinnedSecretSwitchesVerificationOff) {
  auto target = server("b1.kafka.example:9093");
  target.verification_off = true;
  EXPECT_TRUE(rule("pinned", target).refused());
  EXPECT_EQ(rule("free", target).verdict, Verdict::kWarned);
  EXPECT_EQ(rule("free", target, TargetMode::kOff).verdict, Verdict::kAllowed);
  target = server("b1.kafka.example:9093");
  target.own_authorities = true;
  EXPECT_TRUE(rule("pinned", target).refused());
  EXPECT_THAT(rule("free", target).text, HasSubstr("authorities which stand in the resource itself"));
}

TEST_F(TargetPolicyTest, S08_UrlsAreComparedInOneSpellingAndBySegments) {
  for (const auto* good :
       {"https://hooks.example/in", "https://HOOKS.example./in/", "https://hooks.example:443/in/a?x=1",
        "HTTPS://hooks.example/x/../in/b", "https://hooks.example/%69n", "https://idp.example:8443/realms/a/token"}) {
    EXPECT_TRUE(allowed("pinned", url(good))) << good;
  }
  for (const auto* bad :
       {"https://hooks.example/inside", "https://hooks.example/", "https://hooks.example/in/../out",
        "https://hooks.example/in/%2e%2e/out", "http://hooks.example/in", "https://hooks.example:8443/in",
        "https://hooks.example@evil.example/in", "https://hooks.example:443@evil.example/in",
        "https://hooks.example.evil.example/in", "https://evil.example\\@hooks.example/in",
        "https://h\xC3\xB6oks.example/in", "ftp://hooks.example/in", "https:///in", "hooks.example/in", "",
        "https://hooks.example /in", "https://hooks.example/in%", "https://idp.example:8443/realms/ab"}) {
    EXPECT_TRUE(rule("pinned", url(bad)).refused()) << bad;
  }
}

TEST_F(TargetPolicyTest, S08_EscapesThatAServerMayDecodeBeforeItSplitsThePathAreRefused) {
  for (const auto* bad :
       {"https://hooks.example/in/%2e%2e/in", "https://hooks.example/in/a%2fb", "https://hooks.example/in/a%2Fb",
        "https://hooks.example/in/..%2fout", "https://hooks.example/in/a%5cb", "https://hooks.example/in/a%5C..%5Cout",
        "https://hooks.example/in/a%2Eb", "https://hooks.example/in/%2E", "https://hooks.example/in%2f",
        "https://hooks.example/in/..;/out", "https://hooks.example/in/.;x=1/a"}) {
    const auto ruling = rule("pinned", url(bad));
    EXPECT_TRUE(ruling.refused()) << bad;
    EXPECT_THAT(ruling.text, HasSubstr("%2F, %5C and %2E")) << bad;
  }
  EXPECT_TRUE(allowed("pinned", url("https://hooks.example/in/%20a?x=%2F%2e")));  // a query is no path
  EXPECT_TRUE(allowed("pinned", url("https://hooks.example/in/a.b;c=1")));
}

TEST_F(TargetPolicyTest, S08_APinWithSuchAnEscapeStopsTheStart) {
  for (const auto* pin : {"https://hooks.example/a%2fb", "https://hooks.example/a%2Fb", "https://hooks.example/%5c",
                          "https://hooks.example/%2e%2e/a", "https://hooks.example/a%2E"}) {
    const auto config = VaultConfig::parse(std::string(R"({"secret":{"s":{"path":"/run/s","scope":["Client/c"],)") +
                                           R"("allow":{"url":[")" + pin + R"("]}}}})");
    ASSERT_FALSE(config) << pin;
    EXPECT_THAT(config.error().diagnostics, HasSubstr("/secret/s/allow/url/0"));
    EXPECT_THAT(config.error().diagnostics, HasSubstr("%2F, %5C and %2E"));
  }
}

TEST_F(TargetPolicyTest, RefusesNamesThatTheConfigHasNot) {
  EXPECT_TRUE(rule("nobody", server("a:1"), TargetMode::kOff).refused());
}

TEST(NormalHost, KnowsEverySpellingOfAnAddress) {
  for (const auto* spelling : {"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "017700000001",
                               "0177.0.0.01", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "127.0.0.1."}) {
    EXPECT_EQ(normal_host(spelling), "127.0.0.1") << spelling;
    EXPECT_TRUE(is_loopback_host(normal_host(spelling)));
  }
  EXPECT_EQ(normal_host("[0:0:0:0:0:0:0:1]"), "[::1]");
  EXPECT_EQ(normal_host("xn--hks-sna.Example"), "xn--hks-sna.example");
  EXPECT_EQ(normal_host("0x7f.example"), "0x7f.example");
  for (const auto* none : {"", ".", "a..b", "-a", "a-", "a b", "a/b", "a@b", "1.2.3.4.5", "256.1.1.1", "1.2.3.256",
                           "08.1.1.1", "4294967296", "[::1", "[x]", "h\xC3\xB6", "a%41"}) {
    EXPECT_EQ(normal_host(none), "") << none;
  }
  EXPECT_EQ(normal_server("A.b:9092"), "a.b:9092");
  for (const auto* none : {"a", "a:", "a:0", "a:65536", "a:+1", "a:1:2", ":1", "[::1]9092"}) {
    EXPECT_EQ(normal_server(none), "") << none;
  }
}

}  // namespace
}  // namespace embergate::vault
