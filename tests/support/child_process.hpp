// SPDX-License-Identifier: Apache-2.0
// A program that a test runs: its environment is exactly the one given, its output goes to files, and it dies with the
// test. Thread: one at a time. Failure: a program that cannot be started ends with code 127 and a line on its standard
// error; waits end at their deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace embergate::test {

using Environment = std::map<std::string, std::string>;

struct ChildOptions {
  std::vector<std::string> command;  // the program's path and its arguments
  Environment environment;
  std::string output_file;
  std::string error_file;
  bool unprivileged = false;     // as user and group nobody, when the test itself runs as root
  std::uint64_t open_files = 0;  // hard limit; 0: that of the test
};

class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();  // kills what still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void signal(int number);
  // The exit code, or 128 + the signal that ended it; nothing when it still runs at the deadline.
  std::optional<int> wait(std::chrono::milliseconds deadline);
  void kill();  // SIGKILL, and waits for the end

 private:
  bool collect();  // whether it has ended
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct ProgramResult {
  std::optional<int> exit_code;  // empty: killed at the deadline
  std::string output;
  std::string error;
};
// Runs a program to its end; output and error go through files in `directory`.
ProgramResult run_program(std::vector<std::string> command, const Environment& environment,
                          const std::string& directory, bool unprivileged = false,
                          std::chrono::milliseconds deadline = std::chrono::seconds(30));

// What every child needs to run at all: the search path, and the settings of the sanitizers.
Environment base_environment();

}  // namespace embergate::test
