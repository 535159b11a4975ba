// SPDX-License-Identifier: Apache-2.0
// A terminal that a child process writes to: its path goes where a file for the output would. Thread: one at a time.
// Failure: a system without terminals ends the test program. Bounds: what is not read waits in the kernel, which holds
// a few KiB; call text() while the child runs.
#pragma once

#include <string>

namespace embergate::test {

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  const std::string& text();  // all that was written so far, with "\r\n" as terminals have it

 private:
  int control_;
  int line_;  // kept open: a terminal without users forgets what it holds
  std::string path_;
  std::string text_;
};

}  // namespace embergate::test
