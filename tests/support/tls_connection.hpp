// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTPS client for tests: one connection that verifies the peer against one CA and the name localhost.
// Thread: one connection belongs to one thread. Units: every call ends within 20 s. Failure: never throws; a reply that
// did not come has status 0 and says why.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/http_client.hpp"

namespace embergate::test {

class TlsConnection {
 public:
  // version: TLS1_3_VERSION and the like; 0: whatever both speak.
  TlsConnection(std::uint16_t port, const std::string& ca_pem, int version = 0);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  [[nodiscard]] bool connected() const;                // and verified
  [[nodiscard]] std::string peer_certificate() const;  // PEM of the leaf
  HttpReply request(const std::string& method, const std::string& target, const std::string& body = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::test
