// SPDX-License-Identifier: Apache-2.0
// One outbound HTTP/1.1 request and its answer: token endpoints, webhooks, introspection, providers, key sets. No
// redirect is ever followed (S-09): a 3xx is an answer like another, and the caller's failure. The address that is
// really connected to is checked (S-36), TLS is 1.2 or newer with verification of chain and host name (S-37).
// Thread: send() on any executor, send_and_wait() on any thread that may block; both safe together. Ownership: the
// executor outlives its calls; stop() ends calls under way and refuses later ones. What is sent is wiped afterwards;
// wiping the answer is the caller's part. Units: milliseconds for the whole call, bytes. Failure: an Error whose text
// begins with the class and says no more (refused, timeout, tls, dns, too-large, malformed; S-10, S-36): never an
// address, a certificate or what the peer said. kInvalid: the request itself cannot be sent.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/http/server.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::http {

struct SecretHeader {
  std::string name;
  vault::Secret value;
};

struct OutboundRequest {
  std::string method = "GET";
  std::string url;              // absolute, http or https; no user part, no fragment
  std::vector<Header> headers;  // Host, Content-Length, Connection are the client's own
  std::vector<SecretHeader> secret_headers;
  vault::Secret body;
  core::Milliseconds timeout{10'000};
  std::size_t max_body = 1024 * 1024;
  std::string ca_pem;             // trusts these certificates only; empty: the system's
  bool trust_system = false;      // beside ca_pem the system's, too
  bool operator_address = false;  // from the operator and not from a resource: exempt from the egress rule
  bool allow_plaintext = false;   // http: to a peer that is not loopback
};

struct OutboundResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  // First value, name compared without case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

// Link-local, multicast, unspecified and IPv4-mapped addresses are always refused (S-36).
struct EgressRule {
  bool allow_loopback = true;                // false under the strict target policy
  std::vector<std::string> denied_networks;  // further ones, as 10.0.0.0/8 or fd00::/8
};

class Client {
 public:
  // kInvalid when a denied network is not one.
  static core::Result<std::unique_ptr<Client>> make(const EgressRule& rule);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  boost::asio::awaitable<core::Result<OutboundResponse>> send(OutboundRequest request);
  // `stopping`: looked at while waiting; true ends the call soon.
  core::Result<OutboundResponse> send_and_wait(OutboundRequest request, const std::atomic<bool>& stopping);
  void stop();

 private:
  struct Impl;
  class Membership;
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::http
