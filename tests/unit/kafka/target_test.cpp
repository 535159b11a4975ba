// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pki.hpp"

namespace embergate::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

ConnectionSettings sasl_ssl() {
  ConnectionSettings settings;
  settings.bootstrap_servers = "B.example.:9093,a.example:9093,b.example:9093";
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.sasl_mechanism = SaslMechanism::kPlain;
  settings.sasl_jaas_config = vault::SecretName("jaas");
  return settings;
}

TEST(NamedTarget, HasOneSpelling) {
  const auto target = named_target(sasl_ssl());
  EXPECT_THAT(target.servers, ElementsAre("a.example:9093", "b.example:9093"));
  EXPECT_EQ(target.protocol, "SASL_SSL");
  EXPECT_EQ(target.mechanism, "PLAIN");
  EXPECT_EQ(target.verification, "https");
  EXPECT_EQ(target.authorities, "system");
  EXPECT_EQ(target.url, "");
  ConnectionSettings oauth = sasl_ssl();
  oauth.sasl_oauthbearer_token_endpoint_url = "HTTPS://IDP.example./realms/x/../a/token?x=1";
  EXPECT_EQ(named_target(oauth).url, "https://idp.example:443/realms/a/token/");
}

TEST(NamedTarget, SaysWhoVouchesForThePeer) {
  ConnectionSettings settings = sasl_ssl();
  settings.verify_host_name = false;
  EXPECT_EQ(named_target(settings).verification, "none");
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  EXPECT_EQ(named_target(settings).authorities, "secret:ca");
  settings.security_protocol = SecurityProtocol::kSaslPlaintext;
  EXPECT_EQ(named_target(settings).verification, "");
  EXPECT_EQ(named_target(settings).authorities, "");
}

TEST(NamedTarget, KnowsAuthoritiesByTheirCertificatesNotByTheirText) {
  const std::string one = test::Authority("one").certificate();
  const std::string two = test::Authority("two").certificate();
  const auto authorities = [](const std::string& pem) {
    ConnectionSettings settings = sasl_ssl();
    settings.ssl_truststore_certificates = pem;
    return named_target(settings).authorities;
  };
  EXPECT_THAT(authorities(one), StartsWith("sha256:"));
  EXPECT_EQ(authorities(one), authorities("a comment\n" + one + "\n\n" + one));
  EXPECT_EQ(authorities(one + two), authorities(two + one));
  EXPECT_NE(authorities(one), authorities(two));
  EXPECT_NE(authorities(one), authorities(one + two));
  EXPECT_NE(authorities("no certificate"), authorities("another one"));
}

TEST(NamedTarget, CertificatesAreNoSecretsThatItBinds) {
  ConnectionSettings settings = sasl_ssl();
  settings.ssl_truststore_certificates_secret = vault::SecretName("ca");
  settings.ssl_keystore_key = vault::SecretName("key");
  settings.ssl_keystore_certificate_chain_secret = vault::SecretName("chain");
  EXPECT_THAT(private_secrets(settings), ElementsAre(vault::SecretName("jaas"), vault::SecretName("key")));
}

ConnectionSettings own_aws_identity() {
  ConnectionSettings settings;
  settings.bootstrap_servers = "b-1.c.kafka.eu-west-1.amazonaws.com:9098,b-2.c.kafka.eu-west-1.amazonaws.com:9098";
  settings.security_protocol = SecurityProtocol::kSaslSsl;
  settings.sasl_mechanism = SaslMechanism::kMskIam;
  settings.sasl_jaas_text = "software.amazon.msk.auth.iam.IAMLoginModule required;";
  return settings;
}

// A client that may write destinations could have had it sent to a broker of its own, and used it for 15 minutes.
TEST(OwnAwsIdentity, GoesToAmazonMskOnly) {
  EXPECT_EQ(objection_to_own_aws_identity(own_aws_identity()), std::nullopt);
  for (const char* servers : {"evil.example:9098", "b-1.c.kafka.eu-west-1.amazonaws.com:9098,evil.example:9098",
                              "b-1.c.kafka.eu-west-1.amazonaws.com.evil.example:9098", "127.0.0.1:9098",
                              "b-1.c.kafka.eu-west-1.amazonaws.com:9098,b-1.c.kafka.us-west-2.amazonaws.com:9098"}) {
    ConnectionSettings settings = own_aws_identity();
    settings.bootstrap_servers = servers;
    EXPECT_TRUE(objection_to_own_aws_identity(settings)) << servers;
    settings.sasl_jaas_config = vault::SecretName("jaas");
    settings.sasl_jaas_text.clear();
    EXPECT_FALSE(objection_to_own_aws_identity(settings)) << "a secret has a scope and pins";
  }
}

TEST(OwnAwsIdentity, IsNotShownWithoutItsBrokersCertificateChecked) {
  ConnectionSettings settings = own_aws_identity();
  settings.verify_host_name = false;
  EXPECT_TRUE(objection_to_own_aws_identity(settings));
  settings = own_aws_identity();
  settings.ssl_truststore_certificates = "-----BEGIN CERTIFICATE-----";
  EXPECT_TRUE(objection_to_own_aws_identity(settings));
}

TEST(OwnAwsIdentity, IsNotPickedByTheResource) {
  ConnectionSettings settings = own_aws_identity();
  settings.sasl_jaas_text = "software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=\"payroll\";";
  EXPECT_TRUE(objection_to_own_aws_identity(settings));
}

TEST(OwnAwsIdentity, FollowsTheClusterToNoOtherBroker) {
  const ConnectionSettings settings = own_aws_identity();
  EXPECT_FALSE(objection_to_msk_broker(settings, "b-9.c.kafka.eu-west-1.amazonaws.com:9098"));
  EXPECT_TRUE(objection_to_msk_broker(settings, "b-9.c.kafka.us-west-2.amazonaws.com:9098"));
  EXPECT_TRUE(objection_to_msk_broker(settings, "evil.example:9098"));
  EXPECT_FALSE(objection_to_msk_broker(sasl_ssl(), "evil.example:9098")) << "no matter of other logins";
}

}  // namespace
}  // namespace embergate::kafka
