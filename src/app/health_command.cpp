// SPDX-License-Identifier: Apache-2.0
#include "app/health_command.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <ostream>
#include <string>

#include "app/environment.hpp"

namespace embergate::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLimit{5'000};
constexpr std::size_t kLargestAnswer = 1'048'576;

struct Place {
  std::string host;
  std::int64_t port = 8080;
  bool tls = false;
};

core::Result<Place> read_place(char** variables) {
  Environment environment(variables);
  Place place;
  place.host = environment.text("BOX_WEB_HOST").value_or("127.0.0.1");
  if (place.host == "0.0.0.0") place.host = "127.0.0.1";  // where it listens, not where it can be reached
  if (place.host == "::") place.host = "::1";
  const auto take_port = [&place](std::int64_t port) { place.port = port; };
  environment.number("AIDBOX_PORT", take_port, "BOX_WEB_PORT");
  environment.number("BOX_WEB_PORT", take_port);
  if (!environment.faults().empty()) return core::make_error(core::ErrorCode::kInvalid, environment.faults().front());
  if (place.port == 0)
    return core::make_error(core::ErrorCode::kInvalid, "BOX_WEB_PORT is 0, which stands for any free port");
  place.tls = environment.text("BOX_WEB_TLS_CERT").has_value();
  return place;
}

class Connection {
 public:
  ~Connection() {
    if (handle_ >= 0) ::close(handle_);
  }
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open(const Place& place) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    handle_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    limit_waits();
    if (handle_ < 0 || ::connect(handle_, found->ai_addr, found->ai_addrlen) != 0) return false;
    return !place.tls || start_tls();
  }

  bool send(const std::string& text) {
    if (session_) return SSL_write(session_.get(), text.data(), static_cast<int>(text.size())) > 0;
    return ::send(handle_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  // Until the other side closes.
  std::string receive() {
    std::string all;
    std::string part(16'384, '\0');
    while (all.size() < kLargestAnswer && limit_waits()) {
      const auto size = static_cast<int>(part.size());
      const auto got = session_ ? SSL_read(session_.get(), part.data(), size)
                                : static_cast<int>(::recv(handle_, part.data(), part.size(), 0));
      if (got <= 0) break;
      all.append(part, 0, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };

  // What is left of the limit for the next call; false: nothing.
  bool limit_waits() {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end_ - Clock::now()).count();
    if (left <= 0) return false;
    const timeval wait{static_cast<time_t>(left / 1'000'000), static_cast<suseconds_t>(left % 1'000'000)};
    ::setsockopt(handle_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(handle_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return true;
  }

  // The certificate is not checked: this asks the machine's own process whether it answers, and tells it nothing.
  bool start_tls() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    session_.reset(context_ ? SSL_new(context_.get()) : nullptr);
    return session_ && SSL_set_fd(session_.get(), handle_) == 1 && SSL_connect(session_.get()) == 1;
  }

  int handle_ = -1;
  Clock::time_point end_ = Clock::now() + kLimit;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> session_;
};

}  // namespace

int health_command(char** environment, std::ostream& out, std::ostream& error) {
  const auto place = read_place(environment);
  if (!place) {
    error << place.error().diagnostics << "; the health check asks at BOX_WEB_HOST and BOX_WEB_PORT\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Connection connection;
  const std::string where = fmt::format("{}:{}", place->host, place->port);
  if (!connection.open(*place)) {
    error << "no gateway answers at " << where << '\n';
    return 1;
  }
  const std::string answer = connection.send("GET /health HTTP/1.1\r\nHost: " + where + "\r\nConnection: close\r\n\r\n")
                                 ? connection.receive()
                                 : std::string();
  const bool well = answer.starts_with("HTTP/1.1 200 ");
  const auto body = answer.find("\r\n\r\n");
  if (body != std::string::npos) out << answer.substr(body + 4) << '\n';
  if (!well)
    error << where << " answered " << (answer.empty() ? "nothing" : answer.substr(0, answer.find("\r\n"))) << '\n';
  return well ? 0 : 1;
}

}  // namespace embergate::app
