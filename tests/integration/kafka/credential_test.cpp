// SPDX-License-Identifier: Apache-2.0
// What a bundle of secrets becomes, without a broker.
#include "kafka/credential.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "support/pki.hpp"

namespace embergate::kafka {
namespace {

using ::testing::HasSubstr;
using Texts = std::vector<std::string>;
constexpr const char* kScram =
    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"gw\" password=";

std::shared_ptr<const vault::Secret> secret(const std::string& text) {
  return std::make_shared<const vault::Secret>(text);
}

core::Result<Credential> credential(const ConnectionSettings& settings, const Texts& texts,
                                    TokenSourceFactory* tokens = nullptr) {
  std::vector<std::shared_ptr<const vault::Secret>> values;
  for (const std::string& text : texts) values.push_back(secret(text));
  return make_credential(settings, values, tokens);
}

ConnectionSettings scram() {
  ConnectionSettings settings;
  settings.security_protocol = SecurityProtocol::kSaslPlaintext;
  settings.sasl_mechanism = SaslMechanism::kScramSha512;
  settings.sasl_jaas_config = vault::SecretName("jaas");
  return settings;
}

ConnectionSettings certificate() {
  ConnectionSettings settings;
  settings.security_protocol = SecurityProtocol::kSsl;
  settings.ssl_keystore_key = vault::SecretName("key");
  return settings;
}

std::size_t certificates_in(const std::string& pem) {
  std::size_t count = 0;
  for (std::size_t at = pem.find("BEGIN CERT"); at != std::string::npos; at = pem.find("BEGIN CERT", at + 1)) ++count;
  return count;
}

class FixedTokens final : public TokenSourceFactory {
 public:
  core::Result<std::shared_ptr<TokenSource>> make(const ConnectionSettings& /*settings*/,
                                                  TokenMaterial material) override {
    login_made = !material.login.username.empty();
    token_made = !material.bearer_token.empty();
    authorities = material.authorities;
    return std::shared_ptr<TokenSource>(std::make_shared<Source>());
  }
  bool login_made = false;
  bool token_made = false;
  std::string authorities;

 private:
  class Source final : public TokenSource {
   public:
    core::Result<BearerToken> fetch(core::SteadyTime /*deadline*/, const std::atomic<bool>& /*stopping*/) override {
      return BearerToken{};
    }
  };
};

TEST(Credential, ComesFromAJaasLineOfTheRightModule) {
  EXPECT_TRUE(credential(scram(), {std::string(kScram) + "\"v1\";"}).has_value());
  const auto refused = credential(
      scram(), {"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"gw\" password=\"v1\";"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().diagnostics, HasSubstr("SCRAM-SHA-512"));
}

TEST(Credential, SaysWhichSecretCannotBeUsed) {
  auto settings = scram();
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  const auto part = [&](const std::string& jaas, const std::string& authorities) {
    const std::vector<std::shared_ptr<const vault::Secret>> values{std::make_shared<vault::Secret>(jaas),
                                                                   std::make_shared<vault::Secret>(authorities)};
    EXPECT_FALSE(make_credential(settings, values, nullptr).has_value());
    const auto names = refused_secrets(settings, unusable_part(settings, values));
    return names.size() == 1 ? std::string(names.front().value()) : std::string();
  };
  const std::string plain =
      "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"gw\" password=\"v1\";";
  EXPECT_EQ(part(plain, "PEM"), settings.sasl_jaas_config->value());
  EXPECT_EQ(unusable_part(settings, {std::make_shared<vault::Secret>(std::string(kScram) + "\"v1\";"),
                                     std::make_shared<vault::Secret>(std::string())}),
            vault::Refused::kCertificateUnusable);
  const auto of_authorities = refused_secrets(settings, vault::Refused::kAuthorities);
  ASSERT_EQ(of_authorities.size(), 1U);
  EXPECT_EQ(of_authorities.front().value(), "ca");
}

// They were `refused` while the AWS credentials were.
TEST(Credential, AuthoritiesAreNotToBlameForALoginThatIsNoSecretOfOurs) {
  ConnectionSettings settings;
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.sasl_mechanism = SaslMechanism::kMskIam;
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  EXPECT_TRUE(refused_secrets(settings, vault::Refused::kLogin).empty());
  EXPECT_TRUE(refused_secrets(settings, vault::Refused::kLoginUnusable).empty());
  EXPECT_EQ(refused_secrets(settings, vault::Refused::kAuthorities).size(), 1U);
  settings = certificate();
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  const auto by_certificate = refused_secrets(settings, vault::Refused::kLogin);
  ASSERT_EQ(by_certificate.size(), 1U);
  EXPECT_EQ(by_certificate.front().value(), "key");
}

TEST(Credential, ComesFromAPasswordFileAndTheNameOfTheSettings) {
  auto settings = scram();
  settings.sasl_jaas_config.reset();
  settings.sasl_password = vault::SecretName("password");
  settings.sasl_username = "gw";
  EXPECT_TRUE(credential(settings, {"v1"}).has_value());
  EXPECT_FALSE(credential(settings, {""}).has_value());
}

TEST(Credential, HasASourceOfTokensFromAJaasLineOrAFileThatIsTheToken) {
  auto settings = scram();
  settings.sasl_mechanism = SaslMechanism::kOauthBearer;
  const std::string line =
      "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=a clientSecret=b;";
  FixedTokens tokens;
  auto made = credential(settings, {line}, &tokens);
  ASSERT_TRUE(made.has_value()) << made.error().diagnostics;
  EXPECT_NE(made->tokens, nullptr);
  EXPECT_TRUE(tokens.login_made);
  settings.sasl_jaas_config.reset();
  settings.sasl_password = vault::SecretName("token");
  EXPECT_TRUE(credential(settings, {"eyJh.eyJh.c2ln"}, &tokens).has_value());
  EXPECT_TRUE(tokens.token_made);
  EXPECT_FALSE(credential(settings, {"eyJh.eyJh.c2ln"}).has_value()) << "there is no source of tokens";
}

TEST(Credential, OfMskIamNeedsNoSecretWhenTheSurroundingsHoldThem) {
  auto settings = scram();
  settings.sasl_mechanism = SaslMechanism::kMskIam;
  settings.sasl_jaas_config.reset();
  settings.sasl_jaas_text = "software.amazon.msk.auth.iam.IAMLoginModule required;";
  FixedTokens tokens;
  EXPECT_TRUE(members_of(settings).empty());
  EXPECT_TRUE(needs_credential(settings));
  EXPECT_TRUE(credential(settings, {}, &tokens).has_value());
}

class Certificates : public ::testing::Test {
 protected:
  test::Authority root_{"root"};
  test::Authority middle_ = root_.intermediate("middle");
  test::Issued leaf_ = middle_.issue("gw");
};

TEST_F(Certificates, ThatTheConnectionTrustsAreTrustedOfItsTokenEndpointToo) {
  auto settings = scram();
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.sasl_mechanism = SaslMechanism::kOauthBearer;
  const std::string line =
      "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=gw clientSecret=v1;";
  settings.ssl_truststore_certificates = "inline";
  FixedTokens tokens;
  ASSERT_TRUE(credential(settings, {line}, &tokens).has_value());
  EXPECT_EQ(tokens.authorities, "inline");
  settings.ssl_truststore_certificates.clear();
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  ASSERT_TRUE(credential(settings, {line, root_.certificate()}, &tokens).has_value());
  EXPECT_EQ(tokens.authorities, root_.certificate());
}

TEST_F(Certificates, ComeFromTwoFilesWithTheWholeChainInOrder) {
  auto settings = certificate();
  settings.ssl_keystore_certificate_chain_secret = vault::SecretName("chain");
  ASSERT_EQ(members_of(settings).size(), 2U);
  // The order in the file does not matter.
  auto made = credential(settings, {leaf_.key, root_.certificate() + middle_.certificate() + leaf_.certificate});
  ASSERT_TRUE(made.has_value()) << made.error().diagnostics;
  EXPECT_EQ(made->key_pair->certificate_chain, leaf_.certificate + middle_.certificate() + root_.certificate());
}

TEST_F(Certificates, ComeFromOneFileWithKeyAndChain) {
  auto made = credential(certificate(), {leaf_.key + leaf_.certificate + middle_.certificate()});
  ASSERT_TRUE(made.has_value()) << made.error().diagnostics;
  EXPECT_EQ(certificates_in(made->key_pair->certificate_chain), 2U);
}

TEST_F(Certificates, ComeFromAChainInTheResourceItself) {
  auto settings = certificate();
  settings.ssl_keystore_certificate_chain = leaf_.certificate;
  const auto members = members_of(settings);
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[1].literal, leaf_.certificate);
  EXPECT_EQ(secret_names(settings).size(), 1U);
  EXPECT_TRUE(credential(settings, {leaf_.key, leaf_.certificate}).has_value());
}

TEST_F(Certificates, OfAnEncryptedKeyNeedItsPassword) {
  const std::string file = test::encrypted_key(leaf_.key, "pass") + leaf_.certificate;
  const auto without = credential(certificate(), {file});
  ASSERT_FALSE(without.has_value());
  EXPECT_THAT(without.error().diagnostics, HasSubstr("sslKeyPassword is missing"));
  auto settings = certificate();
  settings.ssl_key_password = vault::SecretName("password");
  ASSERT_EQ(members_of(settings)[1].password, 0U);
  const auto right = credential(settings, {"pass", file});
  ASSERT_TRUE(right.has_value()) << right.error().diagnostics;
  right->key_pair->private_key.with_plaintext(
      [](std::string_view key) { EXPECT_TRUE(key.starts_with("-----BEGIN PRIVATE KEY")); });
  const auto wrong = credential(settings, {"other", file});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().diagnostics, HasSubstr("does not open"));
}

TEST_F(Certificates, ComeFromAPkcs12StoreInMemory) {
  auto settings = certificate();
  settings.ssl_keystore_type = KeystoreType::kPkcs12;
  settings.ssl_key_password = vault::SecretName("password");
  const std::string store = test::pkcs12(leaf_, middle_.certificate(), "pass");
  const auto made = credential(settings, {"pass", store});
  ASSERT_TRUE(made.has_value()) << made.error().diagnostics;
  EXPECT_EQ(made->key_pair->certificate_chain, leaf_.certificate + middle_.certificate());
  EXPECT_THAT(credential(settings, {"other", store}).error().diagnostics, HasSubstr("does not open the PKCS#12"));
  EXPECT_THAT(credential(settings, {"pass", leaf_.key}).error().diagnostics, HasSubstr("is PEM"));
  EXPECT_THAT(credential(settings, {"pass", "\xfe\xed\xfe\xed rest"}).error().diagnostics, HasSubstr("keytool"));
}

TEST_F(Certificates, ThatDoNotBelongTogetherAreRefused) {
  auto settings = certificate();
  settings.ssl_keystore_certificate_chain_secret = vault::SecretName("chain");
  const auto other = credential(settings, {leaf_.key, root_.issue("gw").certificate});
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().diagnostics, HasSubstr("belongs to its private key"));
  EXPECT_THAT(credential(certificate(), {leaf_.key}).error().diagnostics, HasSubstr("there is no client certificate"));
  EXPECT_THAT(credential(certificate(), {leaf_.certificate}).error().diagnostics, HasSubstr("no private key"));
  EXPECT_THAT(credential(certificate(), {"\xfe\xed\xfe\xed"}).error().diagnostics, HasSubstr("keytool"));
}

class Takeovers : public Certificates {
 protected:
  static Login login(Credential made, const std::string& principal = {}) {
    Login result{std::make_shared<const Credential>(std::move(made)), nullptr};
    if (!principal.empty()) {
      BearerToken token;
      token.principal = principal;
      result.token = std::make_shared<const BearerToken>(std::move(token));
    }
    return result;
  }
  static Login user(const std::string& name, const std::string& password) {
    Credential made;
    made.username = vault::Secret(name);
    made.password = vault::Secret(password);
    return login(std::move(made));
  }
  Login pair(const test::Issued& issued, const std::string& authorities = {}) const {
    Credential made = *credential(certificate(), {issued.key + issued.certificate});
    made.authorities = authorities;
    return login(std::move(made));
  }
};

TEST_F(Takeovers, AreInPlaceWithinOnePrincipal) {
  EXPECT_EQ(takeover(user("gw", "a"), user("gw", "b")), Takeover::kInPlace);
  EXPECT_EQ(takeover(login({}, "gw"), login({}, "gw")), Takeover::kInPlace);
  EXPECT_EQ(takeover(user("gw", "a"), user("gw", "a")), Takeover::kNothingToDo);
  EXPECT_EQ(takeover(pair(leaf_), pair(leaf_)), Takeover::kNothingToDo);
}

TEST_F(Takeovers, NeedAnotherClientForAnythingElse) {
  EXPECT_EQ(takeover(user("gw", "a"), user("gw2", "a")), Takeover::kReplace);
  EXPECT_EQ(takeover(login({}, "gw"), login({}, "gw2")), Takeover::kReplace);
  EXPECT_EQ(takeover(pair(leaf_), pair(middle_.issue("gw"))), Takeover::kReplace);
  EXPECT_EQ(takeover(pair(leaf_, "one"), pair(leaf_, "two")), Takeover::kReplace);
  EXPECT_EQ(takeover(pair(leaf_), user("gw", "a")), Takeover::kReplace);
}

}  // namespace
}  // namespace embergate::kafka
