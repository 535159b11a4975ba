// SPDX-License-Identifier: Apache-2.0
// A listener on loopback that answers by script. Thread: its own; asked() and the end wait until all answers are given.
// Failure: a port that cannot be had fails the test.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace embergate::test {

// Answers one connection with each text, in order, and keeps what it was asked.
class Listener {
 public:
  explicit Listener(std::string answer) : Listener(std::vector{std::move(answer)}) {}
  // `user`: holds the sockets of the connections, in place of who runs the test; takes root.
  explicit Listener(std::vector<std::string> answers, std::optional<uid_t> user = std::nullopt)
      : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(handle_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(handle_, 1), 0);
    EXPECT_EQ(::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, user, answers = std::move(answers)] {
      if (user) ::setfsuid(*user);  // of this thread alone
      for (const std::string& answer : answers) serve(answer);
    });
  }
  ~Listener() {
    if (thread_.joinable()) thread_.join();
    ::close(handle_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int port() const { return port_; }
  std::string asked() {
    thread_.join();
    return asked_;
  }

 private:
  void serve(const std::string& answer) {
    const int peer = ::accept(handle_, nullptr, nullptr);
    std::string part(4'096, '\0');
    asked_.clear();
    while (asked_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(peer, part.data(), part.size(), 0);
      if (got <= 0) break;
      asked_.append(part, 0, static_cast<std::size_t>(got));
    }
    static_cast<void>(::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
    ::close(peer);
  }

  int handle_;
  int port_ = 0;
  std::string asked_;
  std::thread thread_;
};

}  // namespace embergate::test
