// SPDX-License-Identifier: Apache-2.0
#include "support/held_sync.hpp"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "embergate/core/assert.hpp"

namespace embergate::test {
namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

std::vector<pid_t> threads_of(pid_t process) {
  std::vector<pid_t> threads;
  DIR* directory = ::opendir(("/proc/" + std::to_string(process) + "/task").c_str());
  if (directory == nullptr) return threads;
  while (const dirent* entry = ::readdir(directory)) {
    const int thread = std::atoi(static_cast<const char*>(entry->d_name));
    if (thread > 0) threads.push_back(thread);
  }
  ::closedir(directory);
  return threads;
}

bool enters_sync(pid_t thread) {
  __ptrace_syscall_info info{};
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return false;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  return info.entry.nr == SYS_fsync || info.entry.nr == SYS_fdatasync;
}

bool trace(const std::vector<pid_t>& threads) {
  for (const pid_t thread : threads) {
    if (::ptrace(PTRACE_SEIZE, thread, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) != 0) return false;
    if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) return false;
  }
  return true;
}

// Threads that enter a sync are left where they are; when this process ends, the kernel lets all go on.
void hold_syncs() {
  for (;;) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread < 0) ::_exit(0);
    if (!WIFSTOPPED(status)) continue;
    const int signal = WSTOPSIG(status);
    const bool is_event = (status >> 16) != 0;
    if (signal == kSyscallStop && enters_sync(thread)) continue;
    const long passed_on = is_event || signal == kSyscallStop ? 0 : signal;
    ::ptrace(PTRACE_SYSCALL, thread, nullptr, passed_on);
  }
}

}  // namespace

bool HeldSync::possible() {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  if (child < 0) return false;
  const bool may = ::ptrace(PTRACE_SEIZE, child, nullptr, 0) == 0;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  return may;
}

HeldSync::HeldSync(pid_t process) {
  const std::vector<pid_t> threads = threads_of(process);
  std::array<int, 2> ready{};
  EG_ASSERT(!threads.empty() && ::pipe(ready.data()) == 0);
  tracer_ = ::fork();
  EG_ASSERT(tracer_ >= 0);
  if (tracer_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char traced = trace(threads) ? 1 : 0;
    if (::write(ready[1], &traced, 1) == 1 && traced == 1) hold_syncs();
    ::_exit(1);
  }
  char traced = 0;
  EG_ASSERT(::read(ready[0], &traced, 1) == 1 && traced == 1);
  ::close(ready[0]);
  ::close(ready[1]);
}

HeldSync::~HeldSync() {
  ::kill(tracer_, SIGKILL);
  ::waitpid(tracer_, nullptr, 0);
}

}  // namespace embergate::test
