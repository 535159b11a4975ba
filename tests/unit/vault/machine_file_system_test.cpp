// SPDX-License-Identifier: Apache-2.0
// What the machine's file system says where the kernel, or a sandbox, knows fewer calls.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <functional>

#include "embergate/vault/file_system.hpp"
#include "support/temp_dir.hpp"

namespace embergate::vault {
namespace {

// From now on openat2 fails with `error` in this process.
bool refuse_openat2(int error) {
  std::array<sock_filter, 4> steps{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// The test ends with what a process of its own finds: 0 for all well.
int in_a_process_of_its_own(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(MachineFileSystem, SaysNothingAtOnceWhereTheKernelCannotKeepFromAskingAFileSystem) {
  const test::TempDir directory;
  const std::string path = directory.write("secret", "value");
  for (const int error : {ENOSYS, EINVAL, EPERM}) {
    const int found = in_a_process_of_its_own([&] {
      if (!refuse_openat2(error)) return 1;
      const auto files = machine_file_system();
      struct stat status{};
      for (int i = 0; i < 3; ++i) {
        if (files->stat_at_once(path, status) != -EAGAIN) return 2 + i;
      }
      return 0;
    });
    EXPECT_EQ(found, 0) << error;
  }
}

}  // namespace
}  // namespace embergate::vault
