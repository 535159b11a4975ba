// SPDX-License-Identifier: Apache-2.0
// The real program (EG_BINARY) as a child process: started with an environment, waited for, killed, ended, started
// again on the same data. It chooses its own port and says it in its log. Thread: one at a time, but port(), which any
// thread may ask. Failure: a program that does not get ready fails the start with the end of its log; EG_BINARY missing
// ends the test program.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "support/child_process.hpp"

namespace embergate::test {

std::string gateway_binary();  // EG_BINARY

class Gateway {
 public:
  // `directory` gets the database and one pair of output files for each start.
  explicit Gateway(std::filesystem::path directory);

  void set(const std::string& name, const std::string& value) { environment_[name] = value; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  void run_unprivileged() { unprivileged_ = true; }
  void limit_open_files(std::uint64_t limit) { open_files_ = limit; }

  void launch();  // returns at once
  [[nodiscard]] testing::AssertionResult wait_ready(std::chrono::milliseconds deadline = std::chrono::seconds(60));
  [[nodiscard]] testing::AssertionResult start();  // both
  // Until it has said its port; asks nothing of it.
  [[nodiscard]] testing::AssertionResult wait_listening(std::chrono::milliseconds deadline = std::chrono::seconds(60));
  void kill();  // as the kernel does it: no warning
  // SIGTERM; the exit code, or nothing when it still runs at the deadline (it is killed then).
  std::optional<int> terminate(std::chrono::milliseconds deadline = std::chrono::seconds(30));
  std::optional<int> wait(std::chrono::milliseconds deadline) { return child_->wait(deadline); }
  [[nodiscard]] bool running() { return child_ && child_->running(); }
  [[nodiscard]] pid_t pid() const { return child_->pid(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t metrics_port() const { return metrics_port_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path database_directory() const { return directory_ / "db"; }
  [[nodiscard]] std::string output() const;  // of all starts
  [[nodiscard]] std::string error_output() const;
  // Whether an event of this name was logged since the last start.
  [[nodiscard]] bool logged(const std::string& event) const;
  [[nodiscard]] int starts() const { return starts_; }

 private:
  [[nodiscard]] std::string output_file() const;
  [[nodiscard]] std::string error_file() const;
  [[nodiscard]] std::string last_words() const;
  bool find_port();

  std::filesystem::path directory_;
  Environment environment_;
  bool unprivileged_ = false;
  std::uint64_t open_files_ = 0;
  std::unique_ptr<ChildProcess> child_;
  std::atomic<std::uint16_t> port_{0};
  std::uint16_t metrics_port_ = 0;
  int starts_ = 0;
};

// A port of loopback that nobody listens on, outside the range that the kernel gives to clients.
std::uint16_t free_port();

}  // namespace embergate::test
