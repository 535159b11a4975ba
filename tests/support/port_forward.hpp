// SPDX-License-Identifier: Apache-2.0
// A port of loopback that leads to another one until it is shut: what is connected through it ends then, and no one
// else gets in until it is open again. Thread: the test's; one of its own carries the bytes. Ownership: the destructor
// ends every connection. Failure: ends the test program when no port can be had.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace embergate::test {

class PortForward {
 public:
  explicit PortForward(std::uint16_t to);  // open
  ~PortForward() { shut(); }
  PortForward(const PortForward&) = delete;
  PortForward& operator=(const PortForward&) = delete;

  void open();
  void shut();
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void carry();
  void let_in();

  const std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int stop_[2] = {-1, -1};                   // a pipe; the thread ends when it is closed
  std::vector<std::pair<int, int>> joined_;  // sockets
  std::thread thread_;
};

}  // namespace embergate::test
