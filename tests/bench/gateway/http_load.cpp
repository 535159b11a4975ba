// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway/http_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace embergate::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int socket = -1;
  std::string in;
  Clock::time_point sent;
};

int connect_to(std::uint16_t port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return handle;
  close(handle);
  return -1;
}

// Bytes of the answer at the start of `in`, or 0 while it is not complete.
std::size_t answer_size(std::string_view in) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  constexpr std::string_view kName = "ontent-Length: ";
  const std::size_t at = in.substr(0, head).find(kName);
  const std::size_t length =
      at == std::string_view::npos ? 0 : std::strtoull(in.data() + at + kName.size(), nullptr, 10);
  const std::size_t size = head + 4 + length;
  return size <= in.size() ? size : 0;
}

class Loop {
 public:
  explicit Loop(const HttpLoad& load)
      : load_(load), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(load.connections) {
    for (Connection& connection : connections_) {
      connection.socket = connect_to(load.port);
      if (connection.socket < 0) continue;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &connection;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
      ++open_;
    }
  }
  ~Loop() {
    for (const Connection& connection : connections_) {
      if (connection.socket >= 0) close(connection.socket);
    }
    close(epoll_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  HttpLoadResult run() {
    const auto begin = Clock::now();
    measured_from_ = load_.requests > 0 ? begin : begin + load_.warm_up;
    end_ = load_.requests > 0 ? Clock::time_point::max() : measured_from_ + load_.duration;
    for (Connection& connection : connections_) {
      if (connection.socket >= 0) send_next(connection);
    }
    std::array<epoll_event, 64> events;
    while (waiting_ > 0 && open_ > 0) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (count <= 0) break;
      for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    return result();
  }

 private:
  void send_next(Connection& connection) {
    if (load_.requests > 0 ? sent_ >= load_.requests : Clock::now() >= end_) return;
    out_.clear();
    load_.write_request(out_, sent_++);
    connection.sent = Clock::now();
    ++waiting_;
    // A request is far smaller than the socket's buffer.
    if (send(connection.socket, out_.data(), out_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out_.size()))
      drop(connection);
  }

  void drop(Connection& connection) {
    close(connection.socket);
    connection.socket = -1;
    --open_;
    --waiting_;
    ++failed_;
  }

  void receive(Connection& connection) {
    std::array<char, 16'384> buffer;
    const ssize_t got = recv(connection.socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) return drop(connection);
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t size = answer_size(connection.in);
    if (size == 0) return;
    const auto now = Clock::now();
    --waiting_;
    if (connection.in.compare(0, 10, "HTTP/1.1 2") != 0) {
      ++failed_;
    } else if (now >= measured_from_ && now <= end_) {
      ++answered_;
      last_ = now;
      latencies_.push_back(std::chrono::duration<float, std::milli>(now - connection.sent).count());
    }
    connection.in.erase(0, size);
    send_next(connection);
  }

  HttpLoadResult result() {
    HttpLoadResult out;
    out.answered = answered_;
    out.failed = failed_;
    out.seconds = std::chrono::duration<double>(last_ - measured_from_).count();
    if (latencies_.empty()) return out;
    const auto at = [this](double share) {
      const auto place =
          latencies_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies_.size() - 1));
      std::nth_element(latencies_.begin(), place, latencies_.end());
      return static_cast<double>(*place);
    };
    out.p50_ms = at(0.5);
    out.p99_ms = at(0.99);
    return out;
  }

  const HttpLoad& load_;
  int epoll_;
  std::vector<Connection> connections_;
  std::string out_;
  Clock::time_point measured_from_;
  Clock::time_point end_;
  Clock::time_point last_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t failed_ = 0;
  std::size_t waiting_ = 0;
  std::size_t open_ = 0;
  std::vector<float> latencies_;
};

}  // namespace

HttpLoadResult run(const HttpLoad& load) { return Loop(load).run(); }

}  // namespace embergate::bench
