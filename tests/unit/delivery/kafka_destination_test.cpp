// SPDX-License-Identifier: Apache-2.0
#include "delivery/kafka_destination.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <variant>

#include "delivery/pem_text.hpp"

namespace embergate::delivery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Secret {
  std::string name;
};
using Value = std::variant<const char*, int, bool, Secret>;
using Parameters = std::vector<std::pair<std::string, Value>>;

struct Read {
  KafkaDestination result;
  std::vector<fhir::Issue> issues;
};

Read read(const Parameters& parameters, bool with_required = true) {
  topic::TopicDestination destination;
  Parameters all;
  if (with_required) all = {{"kafkaTopic", "events"}, {"bootstrapServers", "broker:9092"}};
  all.insert(all.end(), parameters.begin(), parameters.end());
  for (const auto& [name, value] : all) {
    topic::DestinationParameter parameter;
    parameter.name = name;
    parameter.index = destination.parameters.size();
    if (const auto* text = std::get_if<const char*>(&value)) parameter.text = *text;
    if (const auto* number = std::get_if<int>(&value)) parameter.number = *number;
    if (const auto* boolean = std::get_if<bool>(&value)) parameter.boolean = *boolean;
    if (const auto* secret = std::get_if<Secret>(&value)) parameter.secret_reference = secret->name;
    destination.parameters.push_back(std::move(parameter));
  }
  Read done;
  done.result = read_kafka_destination(destination, done.issues);
  return done;
}

TEST(KafkaDestination, TakesTheDefaultsOfTheContract) {
  const Read done = read({});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.topic.topic, "events");
  EXPECT_EQ(done.result.topic.compression_type, "none");
  EXPECT_EQ(done.result.connection.bootstrap_servers, "broker:9092");
  EXPECT_EQ(done.result.connection.security_protocol, kafka::SecurityProtocol::kPlaintext);
  EXPECT_FALSE(done.result.connection.batch_size.has_value());
  EXPECT_EQ(done.result.connection.max_request_size, 1'048'576U);
  EXPECT_EQ(done.result.connection.linger_ms, 1);
  EXPECT_FALSE(done.result.key_by_resource_id);
  EXPECT_EQ(done.result.delivery_timeout, core::Milliseconds(120'000));
}

TEST(KafkaDestination, MapsEveryValue) {
  const Read done = read({{"compressionType", "LZ4"},
                          {"batchSize", 0},
                          {"deliveryTimeoutMs", 9'000},
                          {"maxBlockMs", 7},
                          {"maxRequestSize", 5'000},
                          {"requestTimeoutMs", 8'000},
                          {"lingerMs", 20},
                          {"clientId", "gw-1"},
                          {"keyByResourceId", true},
                          {"acks", "all"},
                          {"enableIdempotence", true}});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.topic.compression_type, "lz4");
  EXPECT_EQ(done.result.connection.batch_size, 1U);
  EXPECT_EQ(done.result.connection.max_block_ms, 7U);
  EXPECT_EQ(done.result.connection.max_request_size, 5'000U);
  EXPECT_EQ(done.result.connection.request_timeout_ms, 8'000U);
  EXPECT_EQ(done.result.connection.linger_ms, 20);
  EXPECT_EQ(done.result.connection.client_id, "gw-1");
  EXPECT_TRUE(done.result.key_by_resource_id);
}

TEST(KafkaDestination, NormalisesTheServersSoThatEqualConnectionsAreShared) {
  const Read one =
      read({{"kafkaTopic", "t"}, {"bootstrapServers", " B.example.:9093 , a.Example:09092,[::1]:9094,a.example:9092"}},
           false);
  ASSERT_THAT(one.issues, IsEmpty());
  EXPECT_EQ(one.result.connection.bootstrap_servers, "[::1]:9094,a.example:9092,b.example:9093");
}

TEST(KafkaDestination, MapsALoginByJaasReference) {
  const Read done = read({{"securityProtocol", "SASL_SSL"},
                          {"saslMechanism", "SCRAM-SHA-512"},
                          {"saslJaasConfig", Secret{"events-jaas"}},
                          {"sslEndpointIdentificationAlgorithm", ""}});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.connection.security_protocol, kafka::SecurityProtocol::kSaslSsl);
  EXPECT_EQ(done.result.connection.sasl_mechanism, kafka::SaslMechanism::kScramSha512);
  EXPECT_EQ(done.result.connection.sasl_jaas_config->value(), "events-jaas");
  EXPECT_FALSE(done.result.connection.verify_host_name);
}

TEST(KafkaDestination, MapsALoginByNameAndPasswordReference) {
  const Read done = read({{"securityProtocol", "sasl_plaintext"},
                          {"saslMechanism", "PLAIN"},
                          {"saslUsername", "gw"},
                          {"saslPassword", Secret{"pw"}}});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.connection.sasl_username, "gw");
  EXPECT_EQ(done.result.connection.sasl_password->value(), "pw");
}

TEST(KafkaDestination, MapsAClientCertificate) {
  const Read done = read({{"securityProtocol", "SSL"},
                          {"sslKeystoreKey", Secret{"key"}},
                          {"sslKeystoreCertificateChain", Secret{"chain"}},
                          {"sslKeyPassword", Secret{"password"}},
                          {"sslTruststoreCertificates", Secret{"ca"}},
                          {"maxLoginAgeMs", 3'600'000}});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.connection.ssl_keystore_key->value(), "key");
  EXPECT_EQ(done.result.connection.ssl_keystore_certificate_chain_secret->value(), "chain");
  EXPECT_EQ(done.result.connection.ssl_key_password->value(), "password");
  EXPECT_EQ(done.result.connection.ssl_truststore_certificates_secret->value(), "ca");
  EXPECT_EQ(done.result.connection.max_login_age_ms, 3'600'000U);
}

TEST(KafkaDestination, MapsAKeyStoreBesideAPassword) {
  const Read done = read({{"securityProtocol", "SASL_SSL"},
                          {"saslMechanism", "SCRAM-SHA-512"},
                          {"saslJaasConfig", Secret{"jaas"}},
                          {"sslKeystoreKey", Secret{"store"}},
                          {"sslKeystoreType", "PKCS12"}});
  ASSERT_THAT(done.issues, IsEmpty());
  EXPECT_EQ(done.result.connection.ssl_keystore_type, kafka::KeystoreType::kPkcs12);
  EXPECT_EQ(done.result.connection.sasl_jaas_config->value(), "jaas");
}

TEST(KafkaDestination, MapsLoginsByToken) {
  const Read client = read({{"securityProtocol", "SASL_SSL"},
                            {"saslMechanism", "OAUTHBEARER"},
                            {"saslJaasConfig", Secret{"jaas"}},
                            {"saslOauthbearerTokenEndpointUrl", "https://idp.example/token"},
                            {"saslClientCallbackHandlerClass",
                             "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"}});
  ASSERT_THAT(client.issues, IsEmpty());
  EXPECT_EQ(client.result.connection.sasl_mechanism, kafka::SaslMechanism::kOauthBearer);
  EXPECT_EQ(client.result.connection.sasl_oauthbearer_token_endpoint_url, "https://idp.example/token");
  const Read token =
      read({{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "OAUTHBEARER"}, {"saslPassword", Secret{"token"}}});
  ASSERT_THAT(token.issues, IsEmpty());
  EXPECT_EQ(token.result.connection.sasl_password->value(), "token");
  const Read iam = read({{"kafkaTopic", "events"},
                         {"bootstrapServers", "b-1.c.kafka.eu-west-1.amazonaws.com:9098"},
                         {"securityProtocol", "SASL_SSL"},
                         {"saslMechanism", "AWS_MSK_IAM"},
                         {"saslJaasConfig", "software.amazon.msk.auth.iam.IAMLoginModule required;"},
                         {"saslClientCallbackHandlerClass", "software.amazon.msk.auth.iam.IAMClientCallbackHandler"}},
                        false);
  ASSERT_THAT(iam.issues, IsEmpty());
  EXPECT_FALSE(iam.result.connection.sasl_jaas_config.has_value());
  EXPECT_FALSE(iam.result.connection.sasl_jaas_text.empty());
}

struct Bad {
  Parameters parameters;
  std::string_view text;
  std::string_view code = "invalid";
};
class BadKafkaValues : public ::testing::TestWithParam<Bad> {};

TEST_P(BadKafkaValues, AreRefusedWithAReason) {
  const Read done = read(GetParam().parameters);
  ASSERT_FALSE(done.issues.empty()) << GetParam().text;
  EXPECT_EQ(done.issues[0].code, GetParam().code);
  EXPECT_THAT(done.issues[0].diagnostics, HasSubstr(GetParam().text));
  EXPECT_THAT(done.issues[0].expression, HasSubstr("AidboxTopicDestination.parameter"));
}

INSTANTIATE_TEST_SUITE_P(
    KafkaDestination, BadKafkaValues,
    ::testing::Values(
        Bad{{{"compressionType", "brotli"}}, "compressionType must be one of"},
        Bad{{{"clientId", "a b"}}, "clientId must be"}, Bad{{{"maxRequestSize", 10}}, "maxRequestSize must be between"},
        Bad{{{"lingerMs", 100'000}}, "lingerMs must be between"},
        Bad{{{"requestTimeoutMs", 0}}, "requestTimeoutMs must be between"},
        Bad{{{"deliveryTimeoutMs", 10'000}}, "must not be less than requestTimeoutMs (30000)"},
        Bad{{{"requestTimeoutMs", 200'000}}, "must not be less than requestTimeoutMs (200000)"},
        Bad{{{"acks", "1"}}, "can lose events", "not-supported"}, Bad{{{"acks", "some"}}, "acks must be"},
        Bad{{{"enableIdempotence", false}}, "needs true", "not-supported"},
        Bad{{{"securityProtocol", "TLS"}}, "securityProtocol must be one of"},
        Bad{{{"saslMechanism", "PLAIN"}}, "needs securityProtocol SASL_SSL"},
        Bad{{{"saslJaasConfig", Secret{"x"}}}, "needs securityProtocol SASL_SSL"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslJaasConfig", Secret{"x"}}}, "\"saslMechanism\" is required"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "GSSAPI"}, {"saslJaasConfig", Secret{"x"}}},
            "Kerberos",
            "not-supported"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "OAUTHBEARER"}}, "needs saslJaasConfig"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "OAUTHBEARER"}, {"saslJaasConfig", Secret{"x"}}},
            "needs saslOauthbearerTokenEndpointUrl"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "OAUTHBEARER"},
             {"saslJaasConfig", Secret{"x"}},
             {"saslOauthbearerTokenEndpointUrl", "http://idp.example/token"}},
            "must be an https URL"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "OAUTHBEARER"},
             {"saslJaasConfig", Secret{"x"}},
             {"saslOauthbearerTokenEndpointUrl", "https://user:pw@idp.example/token"}},
            "no user or password before the host"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "OAUTHBEARER"},
             {"saslPassword", Secret{"token"}},
             {"saslUsername", "gw"}},
            "no meaning with OAUTHBEARER"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "PLAIN"},
             {"saslJaasConfig", Secret{"x"}},
             {"saslOauthbearerTokenEndpointUrl", "https://idp.example/token"}},
            "needs saslMechanism OAUTHBEARER"},
        Bad{{{"securityProtocol", "SASL_PLAINTEXT"}, {"saslMechanism", "AWS_MSK_IAM"}, {"saslJaasConfig", Secret{"x"}}},
            "needs securityProtocol SASL_SSL"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "AWS_MSK_IAM"}}, "needs saslJaasConfig"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "AWS_MSK_IAM"},
             {"saslJaasConfig", "software.amazon.msk.auth.iam.IAMLoginModule required;"}},
            "shown to Amazon MSK only"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "AWS_MSK_IAM"},
             {"saslJaasConfig", "software.amazon.msk.auth.iam.IAMLoginModule required awsRoleSecretAccessKey=x;"}},
            "secret reference"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "PLAIN"},
             {"saslJaasConfig", Secret{"x"}},
             {"saslClientCallbackHandlerClass", "com.example.Handler"}},
            "there is no Java here",
            "not-supported"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "PLAIN"},
             {"saslJaasConfig", "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true;"}},
            "not supported",
            "not-supported"},
        Bad{{{"sslKeystoreKey", Secret{"key"}}}, "needs securityProtocol SSL"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreKey", "-----BEGIN PRIVATE KEY-----"}}, "carries a private key"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreCertificateChain", Secret{"c"}}}, "needs sslKeystoreKey"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeyPassword", Secret{"c"}}}, "needs sslKeystoreKey"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreKey", Secret{"k"}}, {"sslKeyPassword", "plain"}},
            "secret reference"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreKey", Secret{"k"}}, {"sslKeystoreType", "JKS"}},
            "keytool -importkeystore",
            "not-supported"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreKey", Secret{"k"}}, {"sslKeystoreType", "BCFKS"}},
            "must be one of pem, pkcs12"},
        Bad{{{"securityProtocol", "SSL"},
             {"sslKeystoreKey", Secret{"k"}},
             {"sslKeystoreType", "PKCS12"},
             {"sslKeystoreCertificateChain", Secret{"c"}}},
            "the store holds the chain"},
        Bad{{{"maxLoginAgeMs", 60'000}}, "needs a login"},
        Bad{{{"securityProtocol", "SSL"}, {"sslKeystoreKey", Secret{"k"}}, {"maxLoginAgeMs", 10}},
            "maxLoginAgeMs must be between"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "MAGIC"}, {"saslJaasConfig", Secret{"x"}}}, "unknown"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "PLAIN"}}, "SASL needs saslJaasConfig"},
        Bad{{{"securityProtocol", "SASL_SSL"}, {"saslMechanism", "PLAIN"}, {"saslUsername", "x"}},
            "SASL needs saslJaasConfig"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "PLAIN"},
             {"saslJaasConfig", "PlainLoginModule required;"}},
            "secret reference"},
        Bad{{{"securityProtocol", "SASL_SSL"},
             {"saslMechanism", "PLAIN"},
             {"saslJaasConfig", Secret{"x"}},
             {"saslUsername", "y"}},
            "exclude each other"},
        Bad{{{"sslTruststoreCertificates", "x"}}, "needs securityProtocol SSL"},
        Bad{{{"securityProtocol", "SSL"}, {"sslTruststoreCertificates", "x"}}, "is not PEM"},
        Bad{{{"securityProtocol", "SSL"}, {"sslEndpointIdentificationAlgorithm", "dns"}},
            "must be one of https, none"}));

class BadServers : public ::testing::TestWithParam<const char*> {};

TEST_P(BadServers, AreRefused) {
  const Read done = read({{"kafkaTopic", "t"}, {"bootstrapServers", GetParam()}}, false);
  ASSERT_EQ(done.issues.size(), 1U) << GetParam();
  EXPECT_THAT(done.issues[0].diagnostics, HasSubstr("is not host:port"));
}
INSTANTIATE_TEST_SUITE_P(KafkaDestination, BadServers,
                         ::testing::Values("", "broker", "broker:", ":9092", "broker:0", "broker:65536", "broker:9x",
                                           "a:1,,b:2", "a:1,", "a b:1", "a..b:1", "-a:1", "[]:1", "a b://c:1",
                                           "http://u@c:1", "a:1/", "a:1;b:1", "a :1", "a:+1", "::1", ",", "SASL_SSL://",
                                           "\xc2\xa0"
                                           "a:1"));

// What kafka-clients 4.3.1 makes of the same text was tried with ProducerConfig and parseAndValidateAddresses().
TEST(KafkaDestination, Login40_Login48_TakesTheListOfServersAsKafkaItselfDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1:9092\n", "127.0.0.1:9092"},
      {"\t127.0.0.1:9092\r\n,\n127.0.0.2:9092 ", "127.0.0.1:9092,127.0.0.2:9092"},
      {"SASL_PLAINTEXT://127.0.0.1:9092", "127.0.0.1:9092"},
      {"PLAINTEXT://a:9092, SSL://b:9092", "a:9092,b:9092"},
      {"://a:9092", "a:9092"},
      {"http://a:1", "a:1"},
      {"::1:9092", "[::1]:9092"},
      {"SSL://[::1]:9092", "[::1]:9092"},
      {"[::1:9092", "[::1]:9092"},
      {"::1]:9092", "[::1]:9092"},
      {"[0:0:0:0:0:0:0:1]:9092", "[::1]:9092"},
      {"[127.0.0.1]:9092", "127.0.0.1:9092"},
      {"[fe80::1%eth0]:9092", "[fe80::1%eth0]:9092"},
      {"a:09092,A:9092", "a:9092"},
  };
  for (const auto& [text, normal] : cases) {
    const Read done = read({{"kafkaTopic", "t"}, {"bootstrapServers", text}}, false);
    EXPECT_THAT(done.issues, IsEmpty()) << text;
    EXPECT_EQ(done.result.connection.bootstrap_servers, normal) << text;
  }
}

class BadTopics : public ::testing::TestWithParam<std::string> {};
TEST_P(BadTopics, AreRefused) {
  const Read done = read({{"kafkaTopic", GetParam().c_str()}, {"bootstrapServers", "a:1"}}, false);
  ASSERT_EQ(done.issues.size(), 1U) << GetParam();
  EXPECT_THAT(done.issues[0].diagnostics, HasSubstr("kafkaTopic must be"));
}
INSTANTIATE_TEST_SUITE_P(KafkaDestination, BadTopics,
                         ::testing::Values("", ".", "..", "a b", "a/b", "\xc3\xa4", std::string(250, 'a')));

TEST(KafkaDestination, AsksForTopicAndServers) {
  const Read done = read({}, false);
  ASSERT_EQ(done.issues.size(), 2U);
  EXPECT_THAT(done.issues[0].diagnostics, HasSubstr("\"kafkaTopic\" is required"));
  EXPECT_THAT(done.issues[1].diagnostics, HasSubstr("\"bootstrapServers\" is required"));
}

std::string certificate(const std::string& body) {
  return "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n";
}
const std::string kBase64 = "MIIB" + std::string(124, 'A');

TEST(PemText, AcceptsOneOrMoreCertificates) {
  EXPECT_EQ(problem_with_certificates(certificate(kBase64)), "");
  EXPECT_EQ(problem_with_certificates("\n" + certificate(kBase64) + "\r\n" + certificate(kBase64)), "");
}

TEST(PemText, RefusesAnythingElse) {
  EXPECT_THAT(problem_with_certificates(""), HasSubstr("no certificate"));
  EXPECT_THAT(problem_with_certificates("/etc/ssl/ca.pem"), HasSubstr("is not PEM"));
  EXPECT_THAT(problem_with_certificates("-----BEGIN CERTIFICATE-----\nMIIB"), HasSubstr("without END"));
  EXPECT_THAT(problem_with_certificates(certificate("MIIB")), HasSubstr("not Base64"));
  EXPECT_THAT(problem_with_certificates(certificate(std::string(128, '!'))), HasSubstr("not Base64"));
  EXPECT_THAT(
      problem_with_certificates(certificate(kBase64) + "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"),
      HasSubstr("private key"));
}

// A rule that looks at a parameter whose value was not read would blame what is right.
TEST(KafkaDestination, SaysNothingOfRulesThatLookAtAParameterThatCouldNotBeRead) {
  topic::TopicDestination destination;
  for (const auto& [name, text] : {std::pair("saslMechanism", "PLAIN"), std::pair("acks", "0")}) {
    topic::DestinationParameter parameter;
    parameter.name = name;
    parameter.text = text;
    parameter.index = destination.parameters.size();
    destination.parameters.push_back(parameter);
  }
  const std::vector<std::string> unread{"securityProtocol", "kafkaTopic"};
  const auto issues = kafka_destination_faults(destination, unread);
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_THAT(issues[0].diagnostics, HasSubstr("\"bootstrapServers\" is required"));
  EXPECT_THAT(issues[1].diagnostics, HasSubstr("acks 0 and 1 can lose events"));
  EXPECT_EQ(kafka_destination_faults(destination, {}).size(), 4U);
}

}  // namespace
}  // namespace embergate::delivery
