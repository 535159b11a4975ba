// SPDX-License-Identifier: Apache-2.0
// An HTTP peer on loopback that answers each request with the bytes that a script gives, plain or over TLS: so that it
// can also answer what no server would. One request for each connection, then it closes. Thread: the script runs on
// threads of the peer. Ownership: the destructor ends every connection. Failure: ends the test program when no port can
// be had.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/pki.hpp"

namespace embergate::test {

class ScriptedPeer {
 public:
  // Gets the whole request, head and body; returns the raw answer. kSilence: no answer, the connection stays open.
  using Script = std::function<std::string(const std::string& request)>;
  static constexpr const char* kSilence = "<silence>";
  // HTTP/1.1 with Content-Length.
  static std::string answer(int status, const std::string& body, const std::string& fields = "");

  // port 0: any free one.
  explicit ScriptedPeer(Script script, const std::optional<Issued>& tls = std::nullopt, int tls_version = 0,
                        std::uint16_t port = 0);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path = "/") const;  // on localhost
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  struct Tls;
  void accept_all();
  void serve(int socket);
  std::string read_request(const std::function<int(char*, int)>& read);
  void hold(int socket) const;

  Script script_;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread acceptor_;
};

}  // namespace embergate::test
