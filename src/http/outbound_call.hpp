// SPDX-License-Identifier: Apache-2.0
// One call of the client from name to answer, within one deadline: look up, check the address, connect, TLS, send,
// read. Thread: everything runs on the executor it was made with, a strand; abort() is posted there. Ownership: kept
// alive by run(). Failure: the classes that client.hpp names.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "embergate/http/client.hpp"
#include "embergate/http/url.hpp"
#include "http/egress.hpp"
#include "http/name_lookup.hpp"
#include "http/response_parser.hpp"
#include "http/tls_settings.hpp"

namespace embergate::http {

class OutboundCall : public std::enable_shared_from_this<OutboundCall> {
 public:
  OutboundCall(boost::asio::any_io_executor strand, OutboundRequest request, const Egress& egress, TrustStore& trust);
  ~OutboundCall();
  OutboundCall(const OutboundCall&) = delete;
  OutboundCall& operator=(const OutboundCall&) = delete;

  boost::asio::awaitable<core::Result<OutboundResponse>> run();
  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }
  void abort();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using Step = boost::asio::awaitable<core::Result<void>>;

  core::Result<void> prepare();
  core::Result<void> write_head();
  [[nodiscard]] bool permitted(const boost::asio::ip::address& address) const;
  boost::asio::awaitable<core::Result<OutboundResponse>> exchange();
  boost::asio::awaitable<Addresses> find_addresses();
  Step connect();
  Step shake_hands();
  Step send_all();
  boost::asio::awaitable<core::Result<OutboundResponse>> read_answer();
  boost::asio::awaitable<std::size_t> read_some(std::string& room, boost::system::error_code& failure);

  void wait_until(core::SteadyTime deadline);
  void deadline_passed();
  void cut();
  [[nodiscard]] core::Error fault(core::ErrorCode code, const char* text) const;

  boost::asio::any_io_executor executor_;
  OutboundRequest request_;
  const Egress& egress_;
  TrustStore& trust_;
  std::optional<Endpoint> endpoint_;
  std::string wire_;  // head and body as sent; wiped
  Socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  boost::asio::steady_timer timer_;
  core::SteadyTime end_;
  core::SteadyTime deadline_;
  std::function<void()> abandon_lookup_;
  bool expired_ = false;
  bool stopped_ = false;
};

}  // namespace embergate::http
