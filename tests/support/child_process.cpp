// SPDX-License-Identifier: Apache-2.0
#include "support/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "embergate/core/assert.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

constexpr uid_t kNobody = 65'534;
constexpr int kCannotStart = 127;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Between fork and exec: only calls that are safe after a fork of a process with threads.
[[noreturn]] void become(int program, char* const* arguments, char* const* environment, int output, int error,
                         bool unprivileged, rlim_t open_files) {
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  const rlimit limit{open_files, open_files};
  bool fine = open_files == 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0;
  if (fine && unprivileged) fine = setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // By descriptor: the folders above the program may be closed to nobody.
  if (fine) fexecve(program, arguments, environment);
  constexpr char kText[] = "the program cannot be started\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText, sizeof(kText) - 1);
  _exit(kCannotStart);
}

int open_output(const std::string& path) {
  const int handle = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
  EG_ASSERT(handle >= 0);
  return handle;
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  EG_ASSERT(!options.command.empty());
  std::vector<std::string> words = options.command;
  std::vector<std::string> settings;
  for (const auto& [name, value] : options.environment) settings.push_back(name + "=" + value);
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(settings);
  const int program = open(words.front().c_str(), O_RDONLY | O_CLOEXEC);
  const int output = open_output(options.output_file);
  const int error = open_output(options.error_file);
  const bool unprivileged = options.unprivileged && geteuid() == 0;
  pid_ = fork();
  if (pid_ == 0) become(program, arguments.data(), environment.data(), output, error, unprivileged, options.open_files);
  EG_ASSERT(pid_ > 0);
  for (const int handle : {program, output, error}) close(handle);
}

ChildProcess::~ChildProcess() { kill(); }

bool ChildProcess::collect() {
  if (exit_code_) return true;
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

bool ChildProcess::running() { return !collect(); }

void ChildProcess::signal(int number) {
  if (running()) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds deadline) {
  eventually([this] { return collect(); }, deadline);
  return exit_code_;
}

void ChildProcess::kill() {
  signal(SIGKILL);
  EG_ASSERT(wait(std::chrono::seconds(30)).has_value());
}

ProgramResult run_program(std::vector<std::string> command, const Environment& environment,
                          const std::string& directory, bool unprivileged, std::chrono::milliseconds deadline) {
  ChildOptions options{std::move(command), environment, directory + "/program.out", directory + "/program.err",
                       unprivileged};
  unlink(options.output_file.c_str());
  unlink(options.error_file.c_str());
  ChildProcess child(options);
  const std::optional<int> code = child.wait(deadline);
  child.kill();
  return {code, read_file(options.output_file), read_file(options.error_file)};
}

Environment base_environment() {
  Environment environment{{"LANG", "C.UTF-8"}};
  for (const char* name : {"PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

}  // namespace embergate::test
