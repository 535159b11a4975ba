// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP/1.1 client for tests: raw bytes in and out, plain requests, keep-alive. No library behind it,
// so that it can also send what a correct client would never send. Thread: one connection belongs to one thread. Units:
// every call ends at its connection's deadline. Failure: never throws; a reply that did not come has status 0 and says
// why in `error`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embergate::test {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  int status = 0;  // 0: no complete reply within the deadline
  HttpHeaders headers;
  std::string body;
  std::string error;
  // First value, name compared without case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

class HttpConnection {
 public:
  // host: an IPv4 or IPv6 address. source: the IPv4 address to come from, such as 127.0.0.2.
  explicit HttpConnection(std::uint16_t port, std::chrono::milliseconds deadline = std::chrono::seconds(20),
                          const std::string& host = "127.0.0.1", const std::string& source = {});
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  [[nodiscard]] bool connected() const { return socket_ >= 0; }
  bool send(std::string_view bytes);
  // The next final reply; interim ones (100) are skipped and counted. `to_head`: the request was HEAD, so no body
  // follows.
  HttpReply read_reply(bool to_head = false);
  // Host, and Content-Length for a non-empty body, are added unless given.
  HttpReply request(const std::string& method, const std::string& target, const HttpHeaders& headers = {},
                    const std::string& body = {});
  // Everything until the peer closes or the deadline passes.
  std::string read_until_closed();
  // Whether the peer closes (or resets) within the deadline; bytes that come before are kept.
  bool closed_by_peer();
  [[nodiscard]] const std::string& unread() const { return buffer_; }
  [[nodiscard]] int interim_replies() const { return interim_replies_; }
  void finish_sending();  // half-close
  void close();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  enum class Arrival { kBytes, kClosed, kTimeout };
  [[nodiscard]] Deadline deadline() const { return std::chrono::steady_clock::now() + limit_; }
  Arrival receive(Deadline until);
  bool receive_until(std::size_t bytes, Deadline until);
  bool read_chunked_body(std::string& body, Deadline until);

  int socket_ = -1;
  std::chrono::milliseconds limit_;
  std::string buffer_;
  std::string host_;
  int interim_replies_ = 0;
};

// One request on a connection of its own.
HttpReply request(std::uint16_t port, const std::string& method, const std::string& target,
                  const HttpHeaders& headers = {}, const std::string& body = {});

}  // namespace embergate::test
