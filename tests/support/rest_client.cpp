// SPDX-License-Identifier: Apache-2.0
#include "support/rest_client.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace embergate::test {

using nlohmann::json;

void Transcript::add(const HttpReply& reply) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, value] : reply.headers) text_ += name + ": " + value + "\n";
  text_ += reply.body + "\n";
}

std::string Transcript::text() const {
  std::lock_guard lock(mutex_);
  return text_;
}

std::int64_t RestReply::version() const {
  if (!json.is_object() || !json.contains("meta")) return 0;
  const std::string text = json["meta"].value("versionId", "");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string RestReply::issue_code() const {
  if (!json.is_object() || !json.contains("issue")) return {};
  return json["issue"][0].value("code", "");
}

std::string RestReply::diagnostics() const {
  std::string all;
  if (!json.is_object() || !json.contains("issue")) return all;
  for (const auto& issue : json["issue"]) all += issue.value("diagnostics", "") + "\n";
  return all;
}

std::string RestReply::expression() const {
  if (!json.is_object() || !json.contains("issue") || !json["issue"][0].contains("expression")) return {};
  return json["issue"][0]["expression"][0].get<std::string>();
}

std::ostream& operator<<(std::ostream& out, const RestReply& reply) {
  return out << reply.http.status << " " << reply.http.error << " " << reply.http.body.substr(0, 2'000);
}

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

RestClient::RestClient(std::uint16_t port, std::string user, const std::string& secret,
                       std::shared_ptr<Transcript> transcript)
    : port_(port), transcript_(std::move(transcript)) {
  if (!user.empty()) authorization_ = "Basic " + base64(user + ":" + secret);
}

void RestClient::set_port(std::uint16_t port) {
  if (port == port_) return;
  port_ = port;
  connection_.reset();
}

RestReply RestClient::send_text(const std::string& method, const std::string& path, const std::string& body,
                                HttpHeaders headers) {
  if (!authorization_.empty()) headers.emplace_back("Authorization", authorization_);
  const bool has_type =
      std::any_of(headers.begin(), headers.end(), [](const auto& h) { return h.first == "Content-Type"; });
  if (!body.empty() && !has_type) headers.emplace_back("Content-Type", "application/fhir+json");
  if (!keep_ || !connection_) connection_ = std::make_unique<HttpConnection>(port_, deadline_);
  RestReply reply;
  reply.http = connection_->request(method, path, headers, body);
  if (reply.http.status == 0 || reply.http.header("Connection") == "close") connection_.reset();
  if (transcript_) transcript_->add(reply.http);
  reply.json = json::parse(reply.http.body, nullptr, false);
  return reply;
}

RestReply RestClient::send(const std::string& method, const std::string& path, const json* body, HttpHeaders headers) {
  return send_text(method, path, body == nullptr ? std::string() : body->dump(), std::move(headers));
}
RestReply RestClient::get(const std::string& path, HttpHeaders headers) {
  return send("GET", path, nullptr, std::move(headers));
}
RestReply RestClient::post(const std::string& path, const json& body, HttpHeaders headers) {
  return send("POST", path, &body, std::move(headers));
}
RestReply RestClient::put(const std::string& path, const json& body, HttpHeaders headers) {
  return send("PUT", path, &body, std::move(headers));
}
RestReply RestClient::remove(const std::string& path, HttpHeaders headers) {
  return send("DELETE", path, nullptr, std::move(headers));
}

}  // namespace embergate::test
