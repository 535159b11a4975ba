// SPDX-License-Identifier: Apache-2.0
// Bodies that tests send: patients, topics, destinations, clients, secret references. Thread: pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace embergate::test::samples {

inline const std::string kTopicUrl = "http://gw.example/topics/patients";

nlohmann::json patient(const std::string& id, const std::string& family);
// A patient of about 1.2 KiB, as applications write them.
nlohmann::json full_patient(const std::string& id, const std::string& family);

nlohmann::json trigger(const std::string& type, const std::string& criteria = {});
nlohmann::json topic(const std::string& url, const std::vector<nlohmann::json>& triggers);

// The extension pair of contract 1.3.
nlohmann::json secret_reference(const std::string& name);

struct Destination {
  std::string id = "events";
  std::string topic_url = kTopicUrl;
  std::string kafka_topic;
  std::string bootstrap;
  std::string security_protocol = "SASL_SSL";
  std::string mechanism = "SCRAM-SHA-512";
  std::string jaas_secret = "events-jaas";
  std::string ca_file;                                       // its content becomes sslTruststoreCertificates
  std::vector<std::pair<std::string, std::string>> texts;    // further parameters
  std::vector<std::pair<std::string, std::string>> secrets;  // further parameters, with the secret each refers to
  [[nodiscard]] nlohmann::json json() const;
};

nlohmann::json client_with_reference(const std::string& id, const std::string& secret_name);
nlohmann::json client_with_inline_secret(const std::string& id, const std::string& secret);
nlohmann::json allow_policy(const std::string& client_id);
nlohmann::json bundle(const std::string& type, const std::vector<nlohmann::json>& entries);
nlohmann::json bundle_entry(const std::string& method, const std::string& url,
                            const nlohmann::json& resource = nullptr);

std::string scram_jaas(const std::string& user, const std::string& password);
std::string plain_jaas(const std::string& user, const std::string& password);
// Client and secret encoded as RFC 6749 2.3.1 wants it, so that they may hold any character.
std::string oauth_jaas(const std::string& client, const std::string& secret, const std::string& scope);

}  // namespace embergate::test::samples
