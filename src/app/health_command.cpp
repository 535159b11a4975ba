// SPDX-License-Identifier: Apache-2.0
#include "app/health_command.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include "app/environment.hpp"

namespace embergate::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLimit{5'000};
constexpr std::chrono::milliseconds kBetweenAsks{100};
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
  explicit Connection(Clock::time_point end) : end_(end) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open(const Place& place) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    handle_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle_ < 0 || !limit_waits() || ::connect(handle_, found->ai_addr, found->ai_addrlen) != 0) return false;
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
  Clock::time_point end_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> session_;
};

std::string where(const Place& place) { return fmt::format("{}:{}", place.host, place.port); }

struct Answer {
  bool connected = false;
  std::string text;

  [[nodiscard]] bool well() const { return text.starts_with("HTTP/1.1 200 "); }
};

Answer ask(const Place& place, Clock::time_point end) {
  Connection connection(end);
  if (!connection.open(place)) return {};
  const bool sent = connection.send("GET /health HTTP/1.1\r\nHost: " + where(place) + "\r\nConnection: close\r\n\r\n");
  return {true, sent ? connection.receive() : std::string()};
}

// Again and again until it is well or the time is over. The last answer that says something is what counts:
// the one that the end of the time cuts off says nothing.
Answer ask_until(const Place& place, Clock::time_point end) {
  Answer answer;
  for (;;) {
    const auto now = Clock::now();
    Answer next = ask(place, std::min(end, now + kLimit));
    if (!next.text.empty() || answer.text.empty()) answer = std::move(next);
    if (answer.well() || Clock::now() + kBetweenAsks >= end) return answer;
    std::this_thread::sleep_for(kBetweenAsks);
  }
}

int tell(const Answer& answer, const Place& place, bool waited, std::ostream& out, std::ostream& error) {
  const auto body = answer.text.find("\r\n\r\n");
  if (body != std::string::npos) out << answer.text.substr(body + 4) << '\n';
  if (answer.well()) return 0;
  if (!answer.connected) {
    error << "no gateway answers at " << where(place) << '\n';
  } else {
    const std::string first = answer.text.substr(0, answer.text.find("\r\n"));
    error << where(place) << " answered " << (first.empty() ? "nothing" : first) << '\n';
  }
  return waited && answer.text.empty() ? 3 : 1;
}

}  // namespace

int health_command(char** environment, std::optional<std::chrono::milliseconds> wait, std::ostream& out,
                   std::ostream& error) {
  const auto place = read_place(environment);
  if (!place) {
    error << place.error().diagnostics << "; the health check asks at BOX_WEB_HOST and BOX_WEB_PORT\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto begun = Clock::now();
  if (!wait) return tell(ask(*place, begun + kLimit), *place, false, out, error);
  error << fmt::format("waiting up to {} s until the gateway at {} says pass or warn\n",
                       std::chrono::ceil<std::chrono::seconds>(*wait).count(), where(*place))
        << std::flush;
  return tell(ask_until(*place, begun + *wait), *place, true, out, error);
}

}  // namespace embergate::app
