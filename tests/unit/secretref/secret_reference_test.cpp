// SPDX-License-Identifier: Apache-2.0
#include "embergate/secretref/secret_reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embergate::secretref {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kReason =
    R"({"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"})";
const std::string kUrl = "http://health-samurai.io/fhir/secret-reference";

std::string reference_extension(const std::string& name) {
  return R"({"url":")" + kUrl + R"(","valueString":")" + name + R"("})";
}
std::string element(const std::string& name) {
  return R"({"extension":[)" + kReason + "," + reference_extension(name) + "]}";
}

const vault::ConfigInForce& config() {
  static const vault::ConfigInForce loaded(
      std::make_shared<const vault::VaultConfig>(*vault::VaultConfig::parse(R"({"secret":{
    "s":     {"path": "/run/s", "scope": ["Client/basic", "IdentityProvider/idp", "TokenIntrospector/ti", "AidboxTopicDestination/d"]},
    "wide":  {"path": "/run/w", "scope": ["Client"]}}})")));
  return loaded;
}

fhir::ResourcePtr parse(const std::string& json) {
  auto resource = fhir::Resource::parse(json);
  EXPECT_TRUE(resource) << json;
  return resource ? *resource : nullptr;
}

// "code path" per issue.
std::vector<std::string> issues_of(const std::string& json, std::string_view id, const Options& options = {},
                                   const vault::ConfigInForce& vault_config = config()) {
  std::vector<std::string> found;
  for (const auto& issue : validate(*parse(json), id, vault_config, options))
    found.push_back(issue.code + " " + issue.expression);
  return found;
}
std::string client(const std::string& members) { return R"({"resourceType":"Client","id":"basic",)" + members + "}"; }
std::string client_with(const std::string& sibling) { return client(R"("_secret":)" + sibling); }
std::string destination(const std::string& parameter) {
  return R"({"resourceType":"AidboxTopicDestination","id":"d","parameter":[{"name":"kafkaTopic","valueString":"t"},)" +
         parameter + "]}";
}

TEST(SecretReference, IsTheMaskedPairInEitherOrder) {
  for (const auto& sibling : {element("s"), R"({"extension":[)" + reference_extension("s") + "," + kReason + "]}"}) {
    const auto resource = parse(client_with(sibling));
    const auto name = reference_in(resource->root().member("_secret"));
    ASSERT_TRUE(name);
    EXPECT_EQ(name->value(), "s");
    EXPECT_THAT(issues_of(client_with(sibling), "basic"), IsEmpty());
  }
}

TEST(SecretReference, TellsWhatItsFileShouldHold) {
  const auto kind_of = [](const std::string& parameter) {
    const auto resource = parse(destination(R"({"name":")" + parameter + R"(","_valueString":)" + element("s") + "}"));
    const auto references = references_in(*resource);
    EXPECT_EQ(references.size(), 1U) << parameter;
    return references.at(0).kind;
  };
  using vault::ContentKind;
  EXPECT_EQ(kind_of("saslJaasConfig"), ContentKind::kJaas);
  EXPECT_EQ(kind_of("saslPassword"), ContentKind::kSingleLine);
  EXPECT_EQ(kind_of("sslTruststoreCertificates"), ContentKind::kAuthorities);
  EXPECT_EQ(kind_of("sslKeystoreCertificateChain"), ContentKind::kCertificateChain);
  EXPECT_EQ(kind_of("sslKeystoreKey"), ContentKind::kBinary);  // PEM or PKCS#12
  EXPECT_EQ(kind_of("header"), ContentKind::kHeader);
}

TEST(SecretReference, MayBeSpelledWithEscapes) {
  const std::string escaped =
      R"({"extension":[)" + kReason +
      R"(,{"url":"http:\/\/health-samurai.io\/fhir\/\u0073ecret-\u0072eference","valueString":"s"}]})";
  EXPECT_THAT(issues_of(client_with(escaped), "basic"), IsEmpty());
  EXPECT_THAT(issues_of(client(R"("_description":)" + escaped), "basic"), ElementsAre("invalid Client.description"));
}

TEST(SecretReference, BI02_IsRefusedInEveryFormThatIsOnlyNearlyOne) {  // S-14, S-15
  const std::string reference = reference_extension("s");
  const std::vector<std::string> malformed{
      R"({"extension":[)" + reference + "]}",
      R"({"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"},)" +
          reference + "]}",
      R"({"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueString":"masked"},)" +
          reference + "]}",
      R"({"extension":[)" + reference + "," + reference + "]}",
      R"({"extension":[)" + kReason + "," + reference + "," + reference + "]}",
      R"({"extension":[)" + kReason + "," + reference + R"(,{"url":"http://other","valueString":"x"}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"("}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":""}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":7}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":["s"]}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":"a b"}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueCode":"s"}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":"s","valueCode":"s"}]})",
      R"({"extension":[)" + kReason + R"(,{"url":")" + kUrl + R"(","valueString":"s","extension":[]}]})",
      R"({"id":"x","extension":[)" + kReason + "," + reference + "]}",
      R"({"extension":)" + reference + "}",
      R"({"extension":[)" + kReason + R"(,{"url":"x","extension":[)" + reference + "]}]}",
      "[" + element("s") + "]",
  };
  for (const auto& sibling : malformed) {
    EXPECT_THAT(issues_of(client_with(sibling), "basic"), ElementsAre("invalid Client.secret")) << sibling;
    EXPECT_FALSE(reference_in(parse(client_with(sibling))->root().member("_secret"))) << sibling;
  }
}

TEST(SecretReference, BI01_DoesNotStandBesideAValue) {  // S-15
  EXPECT_THAT(issues_of(client(R"("secret":"x","_secret":)" + element("s")), "basic"),
              ElementsAre("invalid Client.secret"));
  EXPECT_THAT(issues_of(client(R"("secret":null,"_secret":)" + element("s")), "basic"),
              ElementsAre("invalid Client.secret"));
  EXPECT_THAT(
      issues_of(destination(R"({"name":"saslJaasConfig","valueString":"x","_valueString":)" + element("s") + "}"), "d"),
      ElementsAre("invalid AidboxTopicDestination.parameter[1].value"));
  EXPECT_THAT(references_in(*parse(client(R"("secret":"x","_secret":)" + element("s")))), IsEmpty());
}

TEST(SecretReference, BI03_IsFoundWhereverItMustNotBe) {  // S-16
  const auto e = element("s");
  const std::vector<std::pair<std::string, std::string>> misplaced{
      {client(R"("_description":)" + e), "Client.description"},
      {client(R"("_id":)" + e), "Client.id"},
      {client(R"("meta":{"_source":)" + e + "}"), "Client.meta.source"},
      {client(R"("auth":{"_secret":)" + e + "}"), "Client.auth.secret"},
      {client(R"("extension":[)" + reference_extension("s") + "]"), "Client"},
      {client(R"("modifierExtension":[)" + reference_extension("s") + "]"), "Client"},
      {client(R"("secret":{"_string":)" + e + "}"), "Client.secret.string"},
      {R"({"resourceType":"Patient","name":[{"family":"A"},{"_family":)" + e + "}]}", "Patient.name[1].family"},
      {R"({"resourceType":"Patient","contained":[)" + client_with(e) + "]}", "Patient.contained[0].secret"},
      {R"({"resourceType":"Bundle","entry":[{"resource":)" + client_with(e) + "}]}", "Bundle.entry[0].resource.secret"},
      {R"({"resourceType":"Parameters","parameter":[{"name":"saslJaasConfig","_valueString":)" + e + "}]}",
       "Parameters.parameter[0].valueString"},
      {destination(R"({"name":"bootstrapServers","_valueString":)" + e + "}"),
       "AidboxTopicDestination.parameter[1].valueString"},
      {destination(R"({"name":"saslJaasConfig","value":{"_string":)" + e + "}}"),
       "AidboxTopicDestination.parameter[1].value.string"},
      {R"({"resourceType":"TokenIntrospector","_secret":)" + e + "}", "TokenIntrospector.secret"},
  };
  for (const auto& [json, path] : misplaced) {
    EXPECT_THAT(issues_of(json, "basic"), ElementsAre("invalid " + path)) << json;
    EXPECT_THAT(references_in(*parse(json)), IsEmpty()) << json;
  }
}

TEST(SecretReference, IsTakenByEveryFieldOfTheContract) {
  const auto e = element("s");
  const std::vector<std::tuple<std::string, std::string, std::string>> fields{
      {client_with(e), "basic", "Client.secret"},
      {R"({"resourceType":"IdentityProvider","client":{"_secret":)" + e + "}}", "idp",
       "IdentityProvider.client.secret"},
      {R"({"resourceType":"IdentityProvider","client":{"_private-key":)" + e + "}}", "idp",
       "IdentityProvider.client.private-key"},
      {R"({"resourceType":"IdentityProvider","client":{"_certificate":)" + e + "}}", "idp",
       "IdentityProvider.client.certificate"},
      {R"({"resourceType":"TokenIntrospector","jwt":{"_secret":)" + e + "}}", "ti", "TokenIntrospector.jwt.secret"},
      {R"({"resourceType":"TokenIntrospector","jwt":{"keys":[{"kty":"RSA"},{"_k":)" + e + "}]}}", "ti",
       "TokenIntrospector.jwt.keys[1].k"},
      {R"({"resourceType":"TokenIntrospector","introspection_endpoint":{"_authorization":)" + e + "}}", "ti",
       "TokenIntrospector.introspection_endpoint.authorization"},
  };
  for (const auto& [json, id, path] : fields) {
    EXPECT_THAT(issues_of(json, id), IsEmpty()) << json;
    const auto references = references_in(*parse(json));
    ASSERT_EQ(references.size(), 1U) << json;
    EXPECT_EQ(references[0].path, path);
    EXPECT_EQ(references[0].name.value(), "s");
  }
  for (const auto* parameter : {"saslJaasConfig", "sslKeystoreKey", "header", "sslKeystoreCertificateChain",
                                "sslKeyPassword", "saslPassword"}) {
    const auto json = destination(R"({"name":")" + std::string(parameter) + R"(","_valueString":)" + e + "}");
    EXPECT_THAT(issues_of(json, "d"), IsEmpty()) << parameter;
    EXPECT_EQ(references_in(*parse(json))[0].path, "AidboxTopicDestination.parameter[1].value");
  }
  const auto repeated =
      destination(R"({"name":"header","_valueString":)" + e + R"(},{"name":"header","_valueString":)" + e + "}");
  EXPECT_EQ(references_in(*parse(repeated)).size(), 2U);
}

TEST(SecretReference, MustBeKnownAndInScope) {  // contract 1.9
  EXPECT_THAT(issues_of(client_with(element("nobody")), "basic"), ElementsAre("not-found Client.secret"));
  EXPECT_THAT(issues_of(client_with(element("nobody")), "basic", {false, false}), IsEmpty());
  EXPECT_THAT(issues_of(client_with(element("s")), "basic", {},
                        vault::ConfigInForce(std::make_shared<const vault::VaultConfig>())),
              ElementsAre("not-found Client.secret"));
  EXPECT_THAT(issues_of(client_with(element("s")), "other"), ElementsAre("forbidden Client.secret"));
  EXPECT_THAT(issues_of(client_with(element("s")), "other", {false, false}), ElementsAre("forbidden Client.secret"));
  const auto issue = validate(*parse(client_with(element("s"))), "other", config(), {}).at(0);
  EXPECT_EQ(issue.diagnostics,
            "secret \"s\" is not available to Client/other: name one whose scope in the vault config has it");
}

TEST(SecretReference, ThatIsUnknownIsAnsweredWithTheNearestNameThatTheResourceMayUse) {  // S-13
  const vault::ConfigInForce vault_config(
      std::make_shared<const vault::VaultConfig>(*vault::VaultConfig::parse(R"({"secret":{
    "events-jaas":  {"path": "/run/e", "scope": ["AidboxTopicDestination/d"]},
    "evnts-jaas2":  {"path": "/run/x", "scope": ["AidboxTopicDestination/other"]},
    "labs-jaas":    {"path": "/run/l", "scope": ["AidboxTopicDestination/d"]}}})")));
  const auto text = [&](const std::string& name, const std::string& id) {
    const auto json = destination(R"({"name":"saslJaasConfig","_valueString":)" + element(name) + "}");
    return validate(*parse(json), id, vault_config, {}).at(0).diagnostics;
  };
  EXPECT_EQ(text("evnts-jaas", "d"), "secret \"evnts-jaas\" is not in the vault config; did you mean \"events-jaas\"?");
  EXPECT_EQ(text("evnts-jaas2", "d"),
            "secret \"evnts-jaas2\" is not available to AidboxTopicDestination/d; did you mean \"events-jaas\"?");
  EXPECT_EQ(text("evnts-jaas", "third"),
            "secret \"evnts-jaas\" is not in the vault config: add it there, or name one that is");
}

TEST(SecretReference, IsCheckedAgainstTheStoredIdAlone) {  // S-17, S-18
  // The body says "basic"; what counts is the id that the resource will have.
  EXPECT_THAT(issues_of(client_with(element("s")), ""), ElementsAre("forbidden Client.secret"));
  EXPECT_THAT(issues_of(client_with(element("s")), "Basic"), ElementsAre("forbidden Client.secret"));
  EXPECT_THAT(issues_of(client_with(element("wide")), "anything"), IsEmpty());
}

TEST(SecretReference, WithoutANameIsOnlyAPlaceholder) {  // contract 1.8
  EXPECT_THAT(issues_of(client_with(R"({"extension":[)" + kReason + "]}"), "basic"),
              ElementsAre("invalid Client.secret"));
}

TEST(SecretReference, BI04_CannotComeTwiceInOneObject) {
  EXPECT_FALSE(fhir::Resource::parse(client(R"("_secret":)" + element("s") + R"(,"_secret":)" + element("wide"))));
}

TEST(InlineCredential, IsRefusedWithTheReferenceToWriteInstead) {  // decision record on inline credentials
  const std::string password = "hunter2-hunter2";
  const std::vector<std::pair<std::string, std::string>> refused{
      {destination(
           R"({"name":"saslJaasConfig","valueString":"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\")" +
           password + R"(\";"})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(
           R"({"name":"saslJaasConfig","valueString":"x.OAuthBearerLoginModule required clientId=\"u\" clientSecret=\")" +
           password + R"(\";"})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"saslJaasConfig","valueString":"x.PlainLoginModule required \"pass\\167ord\"=\")" +
                   password + R"(\";"})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"sslKeystoreKey","valueString":")" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"saslPassword","valueString":")" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"sslKeyPassword","valueString":")" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"header","valueString":"Authorization: Bearer )" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"header","valueString":"cookie:)" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {destination(R"({"name":"header","valueString":"X-Api-Key: )" + password + R"("})"),
       "AidboxTopicDestination.parameter[1].value"},
      {R"({"resourceType":"TokenIntrospector","jwt":{"secret":")" + password + R"("}})",
       "TokenIntrospector.jwt.secret"},
      {R"({"resourceType":"TokenIntrospector","jwt":{"secret":7}})", "TokenIntrospector.jwt.secret"},
      {R"({"resourceType":"TokenIntrospector","jwt":{"keys":[{"k":")" + password + R"("}]}})",
       "TokenIntrospector.jwt.keys[0].k"},
      {R"({"resourceType":"TokenIntrospector","introspection_endpoint":{"authorization":")" + password + R"("}})",
       "TokenIntrospector.introspection_endpoint.authorization"},
      {R"({"resourceType":"IdentityProvider","client":{"secret":")" + password + R"("}})",
       "IdentityProvider.client.secret"},
      {R"({"resourceType":"IdentityProvider","client":{"private-key":")" + password + R"("}})",
       "IdentityProvider.client.private-key"},
  };
  for (const auto& [json, path] : refused) {
    const auto issues = validate(*parse(json), "d", config(), {});
    ASSERT_EQ(issues.size(), 1U) << json;
    EXPECT_EQ(issues[0].code, "invalid");
    EXPECT_EQ(issues[0].expression, path);
    EXPECT_THAT(issues[0].diagnostics, HasSubstr(kUrl));
    EXPECT_THAT(issues[0].diagnostics, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(validate(*parse(refused[0].first), "d", config(), {true, true}).at(0).diagnostics,
              HasSubstr("BOX_VAULT_INLINE_KEY_FILE"));
}

TEST(InlineCredential, IsNotSeenWhereThereIsNone) {
  for (const auto& json :
       {destination(
            R"({"name":"saslJaasConfig","valueString":"software.amazon.msk.auth.iam.IAMLoginModule required;"})"),
        destination(R"({"name":"header","valueString":"X-Tenant: a"})"),
        destination(R"({"name":"saslUsername","valueString":"u"})"),
        destination(R"({"name":"sslKeystoreCertificateChain","valueString":"-----BEGIN CERTIFICATE-----"})"),
        std::string(R"({"resourceType":"IdentityProvider","client":{"id":"c","certificate":"x"}})"),
        client(R"("secret":"inline")"), std::string(R"({"resourceType":"Patient","name":[{"family":"A"}]})")}) {
    EXPECT_THAT(issues_of(json, "d"), IsEmpty()) << json;
  }
}

TEST(SecretReference, ReportsEveryFaultAtOnce) {
  const auto json = destination(R"({"name":"saslJaasConfig","_valueString":)" + element("nobody") +
                                R"(},{"name":"saslPassword","valueString":"x"},)" +
                                R"({"name":"acks","_valueString":)" + element("s") + "}");
  EXPECT_THAT(issues_of(json, "d"), ElementsAre("not-found AidboxTopicDestination.parameter[1].value",
                                                "invalid AidboxTopicDestination.parameter[2].value",
                                                "invalid AidboxTopicDestination.parameter[3].valueString"));
}

}  // namespace
}  // namespace embergate::secretref
