// SPDX-License-Identifier: Apache-2.0
#include "support/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "embergate/core/assert.hpp"

namespace embergate::test {

Terminal::Terminal() : control_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)), line_(-1) {
  EG_ASSERT(control_ >= 0 && grantpt(control_) == 0 && unlockpt(control_) == 0);
  std::array<char, 128> name{};
  EG_ASSERT(ptsname_r(control_, name.data(), name.size()) == 0);
  path_ = name.data();
  line_ = open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  EG_ASSERT(line_ >= 0);
}

Terminal::~Terminal() {
  close(line_);
  close(control_);
}

const std::string& Terminal::text() {
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = read(control_, part.data(), part.size())) > 0;)
    text_.append(part.data(), static_cast<std::size_t>(got));
  return text_;
}

}  // namespace embergate::test
