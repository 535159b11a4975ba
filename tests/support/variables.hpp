// SPDX-License-Identifier: Apache-2.0
// An environment as main() gets it, and a command that is run in one. Thread: any, one object at a time. Ownership:
// holds the texts, which a reader of secrets overwrites. Failure: none.
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace embergate::test {

class Variables {
 public:
  explicit Variables(std::vector<std::string> entries) : entries_(std::move(entries)) {
    for (std::string& entry : entries_) pointers_.push_back(entry.data());
    pointers_.push_back(nullptr);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

  char** get() { return pointers_.data(); }
  [[nodiscard]] const std::string& at(std::size_t index) const { return entries_[index]; }

 private:
  std::vector<std::string> entries_;
  std::vector<char*> pointers_;
};

struct Said {
  int code;
  std::string out;
  std::string error;
};

// `command`: takes the environment and the streams of its answer and its errors, and gives its exit code.
template <class Command>
Said run_with(std::vector<std::string> entries, const Command& command) {
  Variables variables(std::move(entries));
  std::ostringstream out;
  std::ostringstream error;
  const int code = command(variables.get(), out, error);
  return {code, out.str(), error.str()};
}

}  // namespace embergate::test
