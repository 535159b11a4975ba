// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/process_protection.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace embergate::vault {

std::vector<std::string> protect_process() {
  std::vector<std::string> warnings;
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    warnings.push_back(fmt::format(
        "core files could not be switched off ({}); a crash may write secrets to disk. Start with `ulimit -c 0`.",
        std::strerror(errno)));
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    warnings.push_back(
        fmt::format("the process could not be made undumpable ({}); processes of the same user can read its memory.",
                    std::strerror(errno)));
  }
  return warnings;
}

}  // namespace embergate::vault
