// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/process_protection.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace embergate::vault {
namespace {

// In a process of its own: what it does cannot be undone.
[[noreturn]] void protect_and_tell() {
  const bool silent = protect_process().empty();
  rlimit limit{1, 1};
  getrlimit(RLIMIT_CORE, &limit);
  const bool closed = limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  std::_Exit(silent && closed ? 0 : 1);
}

TEST(ProcessProtection, SwitchesCoreFilesAndDumpingOff) {
  EXPECT_EXIT(protect_and_tell(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace embergate::vault
