// SPDX-License-Identifier: Apache-2.0
#include "support/port_forward.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace embergate::test {
namespace {

sockaddr_in at_port(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

// False: the connection has ended.
bool pass_on(int from, int to) {
  std::array<char, 16'384> bytes{};
  const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t more = ::send(to, bytes.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

}  // namespace

PortForward::PortForward(std::uint16_t to) : to_(to) { open(); }

void PortForward::open() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = at_port(port_);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0)
    give_up("a port to forward");
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  if (::pipe2(stop_, O_CLOEXEC) != 0) give_up("a pipe");
  thread_ = std::thread([this] { carry(); });
}

void PortForward::shut() {
  if (!thread_.joinable()) return;
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
  for (const auto& [one, other] : joined_) {
    ::close(one);
    ::close(other);
  }
  joined_.clear();
}

void PortForward::carry() {
  for (;;) {
    std::vector<pollfd> watched{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [one, other] : joined_) watched.insert(watched.end(), {{one, POLLIN, 0}, {other, POLLIN, 0}});
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    const auto has_news = [&](int socket) {
      return std::any_of(watched.begin() + 2, watched.end(),
                         [&](const pollfd& one) { return one.fd == socket && one.revents != 0; });
    };
    std::erase_if(joined_, [&](const std::pair<int, int>& pair) {
      const bool lives = (!has_news(pair.first) || pass_on(pair.first, pair.second)) &&
                         (!has_news(pair.second) || pass_on(pair.second, pair.first));
      if (lives) return false;
      ::close(pair.first);
      ::close(pair.second);
      return true;
    });
    if (watched[1].revents != 0) let_in();
  }
}

void PortForward::let_in() {
  const int from = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (from < 0) return;
  const int to = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = at_port(to_);
  if (::connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    joined_.emplace_back(from, to);
    return;
  }
  ::close(from);
  ::close(to);
}

}  // namespace embergate::test
