// SPDX-License-Identifier: Apache-2.0
#include "embergate/http/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/connection.hpp"
#include "http/networks.hpp"
#include "http/registry.hpp"

namespace embergate::http {
namespace asio = boost::asio;
using boost::system::error_code;
using core::ErrorCode;
using core::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Tcp = asio::ip::tcp;

namespace {

// After running out of descriptors or memory; connections that end meanwhile give them back.
constexpr milliseconds kAcceptPause{100};
constexpr milliseconds kShutdownStep{5};
constexpr std::string_view kRefusal =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

// Deadlines are watched by one timer for all connections, a quarter of the shortest of them exact.
milliseconds watch_interval(const ServerOptions& options) {
  const milliseconds shortest =
      std::min({options.header_deadline, options.idle_timeout, options.body_grace, options.write_deadline});
  return std::clamp(shortest / 4, milliseconds(5), milliseconds(250));
}

std::string shown(const std::string& host, std::uint16_t port) {
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// kInvalid: the host is to blame, and not the port.
core::Error not_of_this_machine(const std::string& host) {
  return core::make_error(ErrorCode::kInvalid,
                          "cannot listen on host '" + host + "': it is not an address of this machine");
}

Result<asio::ip::address> find_address(const asio::any_io_executor& executor, std::string host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  error_code failure;
  asio::ip::address address = asio::ip::make_address(host, failure);
  if (!failure) return address;
  Tcp::resolver resolver(executor);
  const auto found = resolver.resolve(host, "", Tcp::resolver::passive, failure);
  if (!failure && !found.empty()) return found.begin()->endpoint().address();
  return not_of_this_machine(host);
}

core::Error listen_error(const std::string& host, std::uint16_t port, const error_code& failure) {
  if (failure == boost::system::errc::address_not_available) return not_of_this_machine(host);
  const std::string where = "address " + shown(host, port);
  if (failure == asio::error::address_in_use) {
    return core::make_error(ErrorCode::kUnavailable,
                            where + " is in use: stop the program that listens there or choose another port");
  }
  if (failure == asio::error::access_denied) {
    return core::make_error(ErrorCode::kUnavailable, where + " may not be used: ports below 1024 need a privilege");
  }
  return core::make_error(ErrorCode::kUnavailable, where + " cannot be listened on: " + failure.message());
}

// Cheap, and without waiting: a flood gets no memory of ours, nor a TLS handshake.
void refuse(Connection::Socket socket, bool plain) {
  if (!plain) return;
  error_code ignored;
  char thrown_away[4096];
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kRefusal), ignored);
  socket.shutdown(Tcp::socket::shutdown_send, ignored);
  socket.read_some(asio::buffer(thrown_away), ignored);
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  using Strand = Connection::Strand;

  Impl(asio::any_io_executor io, ServerOptions options, Handler handler)
      : executor(std::move(io)),
        strand(asio::make_strand(executor)),
        context(std::make_shared<ServerContext>()),
        registry(std::make_shared<Registry>(options.max_connections, options.max_connections_per_address)),
        acceptor(strand),
        watch_timer(strand),
        accept_timer(strand) {
    context->bodies = std::make_shared<core::ByteBudget>(options.max_bodies_bytes);
    context->options = std::move(options);
    context->handler = std::move(handler);
  }

  Result<std::uint16_t> open();
  static asio::awaitable<void> accept_connections(std::shared_ptr<Impl> self);
  static asio::awaitable<void> watch_deadlines(std::shared_ptr<Impl> self);
  void start(Connection::Socket socket);
  static void close_displaced(const std::shared_ptr<Connection>& connection);
  void stop_accepting();
  template <class Action>
  void on_each_connection(Action action);

  asio::any_io_executor executor;
  Strand strand;
  std::shared_ptr<ServerContext> context;
  std::shared_ptr<Registry> registry;
  asio::basic_socket_acceptor<Tcp, Strand> acceptor;
  asio::steady_timer watch_timer;
  asio::steady_timer accept_timer;
};

Result<std::uint16_t> Server::Impl::open() {
  const std::string& host = context->options.host;
  const std::uint16_t port = context->options.port;
  EG_TRY(const asio::ip::address address, find_address(executor, host));
  const Tcp::endpoint endpoint(address, port);
  error_code failure;
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(Tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
  if (failure) {
    error_code ignored;
    acceptor.close(ignored);
    return listen_error(host, port, failure);
  }
  const std::uint16_t bound = acceptor.local_endpoint(failure).port();
  asio::co_spawn(strand, accept_connections(shared_from_this()), asio::detached);
  asio::co_spawn(strand, watch_deadlines(shared_from_this()), asio::detached);
  return bound;
}

asio::awaitable<void> Server::Impl::accept_connections(std::shared_ptr<Impl> self) {
  while (!self->context->stopping) {
    Connection::Socket socket(asio::make_strand(self->executor));
    error_code failure;
    co_await self->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failure));
    if (!failure) {
      self->start(std::move(socket));
    } else if (failure != asio::error::operation_aborted && failure != asio::error::connection_aborted) {
      close_displaced(self->registry->displace_oldest());
      self->accept_timer.expires_after(kAcceptPause);
      co_await self->accept_timer.async_wait(asio::redirect_error(asio::use_awaitable, failure));
    }
  }
}

void Server::Impl::start(Connection::Socket socket) {
  error_code failure;
  const Tcp::endpoint peer = socket.remote_endpoint(failure);
  if (failure) return;
  const asio::ip::address address = plain_address(peer.address());
  const auto& proxies = context->options.trusted_proxies;
  auto admitted = registry->admit(address, proxies && proxies->trust(address));
  if (!admitted) return refuse(std::move(socket), context->options.tls == nullptr);
  close_displaced(admitted->displaced);
  const Strand connection_strand = socket.get_executor();
  auto connection = std::make_shared<Connection>(std::move(socket), context, std::move(admitted->place));
  connection->enter_registry();
  // What escapes run() is lack of memory: the connection ends and nothing else.
  asio::co_spawn(connection_strand, connection->run(), [connection](const std::exception_ptr&) {});
}

void Server::Impl::close_displaced(const std::shared_ptr<Connection>& connection) {
  if (connection) asio::post(connection->strand(), [connection] { connection->give_way(); });
}

asio::awaitable<void> Server::Impl::watch_deadlines(std::shared_ptr<Impl> self) {
  const milliseconds interval = watch_interval(self->context->options);
  // Goes on while stopping, as long as there is a connection to watch.
  while (!self->context->stopping || self->registry->count() > 0) {
    self->watch_timer.expires_after(interval);
    error_code ignored;
    co_await self->watch_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto now = steady_clock::now();
    for (const auto& connection : self->registry->connections()) {
      if (!connection->deadline_passed(now)) continue;
      asio::post(connection->strand(), [connection] { connection->on_deadline(); });
    }
  }
}

void Server::Impl::stop_accepting() {
  context->stopping = true;
  asio::post(strand, [self = shared_from_this()] {
    error_code ignored;
    self->acceptor.close(ignored);
    self->accept_timer.cancel();
  });
}

template <class Action>
void Server::Impl::on_each_connection(Action action) {
  for (const auto& connection : registry->connections()) {
    asio::post(connection->strand(), [connection, action] { action(*connection); });
  }
}

Server::Server(asio::any_io_executor executor, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), std::move(handler))) {}

Server::~Server() {
  impl_->stop_accepting();
  impl_->on_each_connection([](Connection& connection) { connection.abort(); });
}

Result<std::uint16_t> Server::listen() { return impl_->open(); }

asio::awaitable<void> Server::shutdown(milliseconds limit) {
  const std::shared_ptr<Impl> impl = impl_;
  const auto end = steady_clock::now() + limit;
  impl->stop_accepting();
  impl->on_each_connection([](Connection& connection) { connection.finish_soon(); });
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (impl->registry->count() > 0 && steady_clock::now() < end) {
    timer.expires_after(kShutdownStep);
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  impl->on_each_connection([](Connection& connection) { connection.abort(); });
}

std::size_t Server::connections() const { return impl_->registry->count(); }

}  // namespace embergate::http
