// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server: keep-alive, strict framing, limits and deadlines (S-29 to S-33, decision 29). Knows no FHIR.
// Thread: construct and stop on any thread; handlers run as coroutines on the io threads, one strand a connection.
// Ownership: Server owns its connections; the Exchange lives as long as its handler runs. The execution context
// outlives the Server; what the handler captures outlives its last exchange, so shut down first. Failure: listen() says
// why a port cannot be had; protocol faults are answered here (400, 408, 414, 415, 417, 431, 505) and the connection
// closed; at a connection cap one that had its last answer, or else the one that has waited longest for a request,
// gives way, and where none waits the new one gets 503; an exception of a handler, or a header with control
// characters, becomes 500.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/http/listener_tls.hpp"
#include "embergate/http/trusted_proxies.hpp"

namespace embergate::http {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string target;  // as sent: path and query, not decoded
  std::vector<Header> headers;
  std::string remote_address;  // of the caller: the peer, or whom a trusted proxy names
  // First value of the header, compared without case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_body() const;
};

struct Response {
  int status = 200;
  std::vector<Header> headers;  // Content-Length, Date, Connection are the server's own
  std::string body;
  std::vector<std::string> more = {};     // of the body, in this order; each part is freed once it is sent
  std::shared_ptr<const void> hold = {};  // given up when the answer is sent, or cannot be

  [[nodiscard]] std::size_t body_bytes() const {
    std::size_t bytes = body.size();
    for (const std::string& part : more) bytes += part.size();
    return bytes;
  }
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  // At most once. kTooLarge above `limit` bytes, kTimeout below the minimum rate (S-31), kMalformed on bad framing,
  // kUnavailable and retriable while all bodies hold what they may; the connection closes after each.
  virtual boost::asio::awaitable<core::Result<std::string>> read_body(std::size_t limit) = 0;
};

using Handler = std::function<boost::asio::awaitable<Response>(Exchange&)>;

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;  // 0: any free one
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_header_fields = 100;
  std::size_t max_target_bytes = 8 * 1024;
  std::chrono::milliseconds header_deadline{10'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds body_grace{10'000};  // before the minimum rate applies
  std::size_t body_min_bytes_per_second = 1024;
  std::chrono::milliseconds write_deadline{30'000};
  // Of an answer above a mebibyte, for each write_deadline: a peer that takes less would keep much for long.
  std::size_t large_answer_min_bytes_per_second = 32 * 1024;
  // What all request bodies may hold together until their requests are done, those up to 64 KiB aside (S-30).
  std::size_t max_bodies_bytes = 256 * 1024 * 1024;
  std::size_t max_connections = 4'096;
  std::size_t max_connections_per_address = 1'024;
  // Null: none. Their connections count in the total only.
  std::shared_ptr<const TrustedProxies> trusted_proxies;
  std::shared_ptr<const ListenerTls> tls;  // null: plain HTTP; the handshake has the deadline of a head
};

class Server {
 public:
  Server(boost::asio::any_io_executor executor, ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  core::Result<std::uint16_t> listen();  // the port bound
  // Stops accepting, closes idle connections, lets running exchanges end (at most `limit`), then closes the rest.
  boost::asio::awaitable<void> shutdown(std::chrono::milliseconds limit);
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace embergate::http
