// SPDX-License-Identifier: Apache-2.0
#include "support/samples.hpp"

#include "support/temp_dir.hpp"

namespace embergate::test::samples {
namespace {

using nlohmann::json;

constexpr const char* kProfile =
    "http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-kafkaAtLeastOnceProfile";

json text_parameter(const std::string& name, const std::string& value) {
  return {{"name", name}, {"valueString", value}};
}

// As Kafka's tokenizer reads it: a backslash stands before quotes and backslashes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string jaas(const std::string& module, const std::string& user, const std::string& password) {
  return "org.apache.kafka.common.security." + module + " required username=" + quoted(user) +
         " password=" + quoted(password) + ";";
}

}  // namespace

json patient(const std::string& id, const std::string& family) {
  json body{{"resourceType", "Patient"}, {"name", {{{"family", family}}}}};
  if (!id.empty()) body["id"] = id;
  return body;
}

json full_patient(const std::string& id, const std::string& family) {
  json body = patient(id, family);
  body["identifier"] = {{{"use", "usual"}, {"system", "urn:oid:1.2.36.146.595.217.0.1"}, {"value", "12345"}}};
  body["active"] = true;
  body["gender"] = "female";
  body["birthDate"] = "1974-12-25";
  body["telecom"] = {{{"system", "phone"}, {"value", "(03) 5555 6473"}, {"use", "work"}, {"rank", 1}}};
  body["address"] = {{{"use", "home"},
                      {"line", {"534 Erewhon St"}},
                      {"city", "PleasantVille"},
                      {"state", "Vic"},
                      {"postalCode", "3999"},
                      {"period", {{"start", "1974-12-25"}}}}};
  body["contact"] = {{{"name", {{"family", "du Marche"}, {"given", {"Benedicte"}}}}, {"gender", "female"}}};
  body["text"] = {{"status", "generated"},
                  {"div", "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + std::string(420, 'x') + "</div>"}};
  return body;
}

json trigger(const std::string& type, const std::string& criteria) {
  json out{{"resource", type}, {"supportedInteraction", {"create", "update", "delete"}}};
  if (!criteria.empty()) out["fhirPathCriteria"] = criteria;
  return out;
}

json topic(const std::string& url, const std::vector<json>& triggers) {
  return {{"resourceType", "AidboxSubscriptionTopic"}, {"status", "active"}, {"url", url}, {"trigger", triggers}};
}

json secret_reference(const std::string& name) {
  return {{"extension",
           {{{"url", "http://hl7.org/fhir/StructureDefinition/data-absent-reason"}, {"valueCode", "masked"}},
            {{"url", "http://health-samurai.io/fhir/secret-reference"}, {"valueString", name}}}}};
}

json Destination::json() const {
  nlohmann::json parameters = nlohmann::json::array();
  parameters.push_back(text_parameter("kafkaTopic", kafka_topic));
  parameters.push_back(text_parameter("bootstrapServers", bootstrap));
  parameters.push_back(text_parameter("securityProtocol", security_protocol));
  if (security_protocol.starts_with("SASL")) {
    parameters.push_back(text_parameter("saslMechanism", mechanism));
    parameters.push_back({{"name", "saslJaasConfig"}, {"_valueString", secret_reference(jaas_secret)}});
  }
  if (!ca_file.empty()) parameters.push_back(text_parameter("sslTruststoreCertificates", read_file(ca_file)));
  for (const auto& [name, text] : texts) parameters.push_back(text_parameter(name, text));
  for (const auto& [name, secret] : secrets)
    parameters.push_back({{"name", name}, {"_valueString", secret_reference(secret)}});
  parameters.push_back({{"name", "keyByResourceId"}, {"valueBoolean", true}});
  return {{"resourceType", "AidboxTopicDestination"},
          {"id", id},
          {"meta", {{"profile", {kProfile}}}},
          {"topic", topic_url},
          {"kind", "kafka-at-least-once"},
          {"parameter", parameters}};
}

json client_with_reference(const std::string& id, const std::string& secret_name) {
  return {
      {"resourceType", "Client"}, {"id", id}, {"grant_types", {"basic"}}, {"_secret", secret_reference(secret_name)}};
}

json client_with_inline_secret(const std::string& id, const std::string& secret) {
  return {{"resourceType", "Client"}, {"id", id}, {"grant_types", {"basic"}}, {"secret", secret}};
}

json allow_policy(const std::string& client_id) {
  return {{"resourceType", "AccessPolicy"},
          {"id", "allow-" + client_id},
          {"engine", "allow"},
          {"link", {{{"reference", "Client/" + client_id}}}}};
}

json bundle(const std::string& type, const std::vector<json>& entries) {
  return {{"resourceType", "Bundle"}, {"type", type}, {"entry", entries}};
}

json bundle_entry(const std::string& method, const std::string& url, const json& resource) {
  json entry{{"request", {{"method", method}, {"url", url}}}};
  if (!resource.is_null()) entry["resource"] = resource;
  return entry;
}

std::string scram_jaas(const std::string& user, const std::string& password) {
  return jaas("scram.ScramLoginModule", user, password);
}
std::string plain_jaas(const std::string& user, const std::string& password) {
  return jaas("plain.PlainLoginModule", user, password);
}
std::string oauth_jaas(const std::string& client, const std::string& secret, const std::string& scope) {
  return "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=" + quoted(client) +
         " clientSecret=" + quoted(secret) + " scope=" + quoted(scope) + " sasl.oauthbearer.header.urlencode=true;";
}

}  // namespace embergate::test::samples
