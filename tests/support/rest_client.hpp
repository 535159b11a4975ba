// SPDX-License-Identifier: Apache-2.0
// A user of the gateway's REST interface: Basic credentials, JSON bodies, one connection for each request, or a kept
// one for load. Every answer can be kept for a later search for secrets. Thread: one client belongs to one thread; a
// Transcript may be shared. Failure: never throws; see HttpReply.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "support/http_client.hpp"

namespace embergate::test {

// All that the gateway said to testers.
class Transcript {
 public:
  void add(const HttpReply& reply);
  [[nodiscard]] std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

struct RestReply {
  HttpReply http;
  nlohmann::json json;  // discarded value when the body is none
  [[nodiscard]] int status() const { return http.status; }
  [[nodiscard]] std::string id() const { return json.value("id", ""); }
  [[nodiscard]] std::int64_t version() const;  // meta.versionId, or 0
  // Of an OperationOutcome: of the first issue.
  [[nodiscard]] std::string issue_code() const;
  [[nodiscard]] std::string diagnostics() const;  // of all issues
  [[nodiscard]] std::string expression() const;   // of the first issue
};
std::ostream& operator<<(std::ostream& out, const RestReply& reply);

class RestClient {
 public:
  explicit RestClient(std::uint16_t port, std::string user = {}, const std::string& secret = {},
                      std::shared_ptr<Transcript> transcript = nullptr);

  RestReply send(const std::string& method, const std::string& path, const nlohmann::json* body = nullptr,
                 HttpHeaders headers = {});
  RestReply send_text(const std::string& method, const std::string& path, const std::string& body,
                      HttpHeaders headers = {});
  RestReply get(const std::string& path, HttpHeaders headers = {});
  RestReply post(const std::string& path, const nlohmann::json& body, HttpHeaders headers = {});
  RestReply put(const std::string& path, const nlohmann::json& body, HttpHeaders headers = {});
  RestReply remove(const std::string& path, HttpHeaders headers = {});
  // From now on one connection is used for all requests; it is opened again after a failure.
  void keep_connection() { keep_ = true; }
  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }
  void set_port(std::uint16_t port);

 private:
  std::uint16_t port_;
  std::string authorization_;
  std::shared_ptr<Transcript> transcript_;
  std::chrono::milliseconds deadline_ = std::chrono::seconds(60);
  bool keep_ = false;
  std::unique_ptr<HttpConnection> connection_;
};

std::string base64(const std::string& text);

}  // namespace embergate::test
