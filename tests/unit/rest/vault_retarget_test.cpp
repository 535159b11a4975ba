// SPDX-License-Identifier: Apache-2.0
#include "rest/vault_retarget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace embergate::rest {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

vault::VaultConfig config(vault::TargetMode mode = vault::TargetMode::kFirstUse) {
  vault::ConfigRules rules;
  rules.target_mode = mode;
  return *vault::VaultConfig::parse(R"({"secret":{
    "free":   {"path":"/run/free","scope":["AidboxTopicDestination/d"]},
    "pinned": {"path":"/run/pinned","scope":["AidboxTopicDestination/d"],"allow":{"bootstrapServers":["a:1"]}}}})",
                                    rules);
}

json text(const char* name, const char* value) { return {{"name", name}, {"valueString", value}}; }

json request(const char* secret = "free", const char* resource = "AidboxTopicDestination/d") {
  return {{"resourceType", "Parameters"},
          {"parameter",
           {text("secret", secret),
            text("resource", resource),
            {{"name", "target"},
             {"part",
              {text("bootstrapServers", "B.example:9093, a.example:9093"), text("securityProtocol", "SASL_SSL"),
               text("saslMechanism", "SCRAM-SHA-512")}}}}}};
}

core::Result<vault::TargetBinding> read(const json& body, vault::TargetMode mode = vault::TargetMode::kFirstUse) {
  return read_retarget(body.dump(), config(mode), {});
}

TEST(VaultRetarget, TakesTheTargetInTheWordsOfADestination) {
  const auto binding = read(request());
  ASSERT_TRUE(binding) << binding.error().diagnostics;
  EXPECT_EQ(binding->secret.value(), "free");
  EXPECT_EQ(binding->resource, "AidboxTopicDestination/d");
  EXPECT_FALSE(binding->proven);
  EXPECT_EQ(
      binding->target,
      (vault::NamedTarget{{"a.example:9093", "b.example:9093"}, "SASL_SSL", "SCRAM-SHA-512", "https", "system", ""}));
}

TEST(VaultRetarget, TakesAllParametersOfADestinationAsTheyStandThere) {
  json body = request();
  json& parts = body["parameter"][2]["part"];
  const auto reference = [](const char* name) {
    return json{{"extension",
                 {{{"url", "http://hl7.org/fhir/StructureDefinition/data-absent-reason"}, {"valueCode", "masked"}},
                  {{"url", "http://health-samurai.io/fhir/secret-reference"}, {"valueString", name}}}}};
  };
  parts.push_back(text("kafkaTopic", "events"));
  parts.push_back({{"name", "saslJaasConfig"}, {"_valueString", reference("free")}});
  parts.push_back({{"name", "sslTruststoreCertificates"}, {"_valueString", reference("ca")}});
  parts.push_back({{"name", "keyByResourceId"}, {"valueBoolean", true}});
  parts.push_back(text("sslEndpointIdentificationAlgorithm", ""));
  const auto binding = read(body);
  ASSERT_TRUE(binding) << binding.error().diagnostics;
  EXPECT_EQ(binding->target.authorities, "secret:ca");
  EXPECT_EQ(binding->target.verification, "none");
}

TEST(VaultRetarget, RefusesWhatItCannotConfirmAndSaysWhatToDo) {
  const auto refusal = [](const json& body, vault::TargetMode mode = vault::TargetMode::kFirstUse) {
    const auto binding = read(body, mode);
    EXPECT_FALSE(binding) << body;
    return binding ? std::string() : binding.error().expression + " " + binding.error().diagnostics;
  };
  EXPECT_THAT(refusal(request("ghost")), HasSubstr("secret \"ghost\" is not in the vault config"));
  EXPECT_THAT(refusal(request("pinned")), HasSubstr("allow"));
  EXPECT_THAT(refusal(request("free", "AidboxTopicDestination/other")), HasSubstr("not available to"));
  EXPECT_THAT(refusal(request("free", "Client/d")), HasSubstr("Parameters.parameter('resource')"));
  EXPECT_THAT(refusal(request("free", "AidboxTopicDestination")), HasSubstr("resource"));
  EXPECT_THAT(refusal(request(), vault::TargetMode::kWarn), HasSubstr("BOX_VAULT_TARGET_POLICY"));
  EXPECT_THAT(refusal(json{{"resourceType", "Patient"}}), HasSubstr("Parameters"));
  json body = request();
  body["parameter"].erase(2);
  EXPECT_THAT(refusal(body), HasSubstr("bootstrapServers"));
  body = request();
  body["parameter"].push_back(text("secret", "free"));
  EXPECT_THAT(refusal(body), HasSubstr("secret must be one valueString"));
  body = request();
  body["parameter"].push_back(text("Target", "x"));
  EXPECT_THAT(refusal(body), HasSubstr("takes the parameters secret, resource and target only"));
  body = request();
  body["parameter"][2]["part"][0]["valueString"] = "nowhere";
  EXPECT_THAT(refusal(body), HasSubstr("Parameters.parameter('target').part[0]"));
  body = request();
  body["parameter"][2]["part"].push_back(text("bootstrapServer", "a:1"));
  EXPECT_THAT(refusal(body), HasSubstr("bootstrapServer"));
}

TEST(VaultRetarget, AnswersWithTheNewTargetAndTheOneBefore) {
  const auto now = *read(request());
  vault::TargetBinding before = now;
  before.target.servers = {"old.example:9093"};
  before.proven = true;
  const auto answer = json::parse(retarget_json(now, before));
  EXPECT_EQ(answer["resourceType"], "Parameters");
  EXPECT_THAT(answer.dump(), HasSubstr("a.example:9093,b.example:9093"));
  EXPECT_THAT(answer.dump(), HasSubstr(R"("previousTarget")"));
  EXPECT_THAT(answer.dump(), HasSubstr("old.example:9093"));
  EXPECT_EQ(retarget_json(now, std::nullopt).find("previous"), std::string::npos);
}

}  // namespace
}  // namespace embergate::rest
