// SPDX-License-Identifier: Apache-2.0
#include "app/start_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace embergate::app {
namespace {

constexpr std::size_t kFirstPart = 65'536;

struct Handle {
  int number;
  ~Handle() {
    if (number >= 0) ::close(number);
  }
};

std::string reason_of(int error) {
  switch (error) {
    case ENOENT:
      return "does not exist";
    case EACCES:
    case EPERM:
      return fmt::format("may not be read by the user of this process (uid {})", ::geteuid());
    case ENOTDIR:
      return "lies beneath something that is no directory";
    default:
      return fmt::format("cannot be read: {}", std::strerror(error));
  }
}

// A pipe whose writer has nothing yet: "<(command)" of a shell.
bool wait_for_more(int file) {
  constexpr int kPatienceMs = 5'000;
  pollfd one{file, POLLIN, 0};
  return ::poll(&one, 1, kPatienceMs) > 0;
}

// False: errno says why. Gets one byte more than `most` where there is more.
bool read_up_to(int file, std::size_t most, std::string& text) {
  std::size_t size = 0;
  while (true) {
    if (size == text.size()) {
      if (size > most) break;
      text.resize(std::min(2 * size, most + 1));
    }
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_more(file)))) continue;
    if (got < 0) return false;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return true;
}

}  // namespace

std::optional<std::string> read_start_file(const std::string& path, std::size_t most, std::string& reason) {
  const Handle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.number < 0) {
    reason = reason_of(errno);
    return std::nullopt;
  }
  struct stat status{};
  if (::fstat(file.number, &status) != 0) {
    reason = reason_of(errno);
    return std::nullopt;
  }
  if (S_ISDIR(status.st_mode)) {
    reason = "is a directory; it must be a file";
    return std::nullopt;
  }
  // A short file fits at once: no copy of a secret stays behind in memory that it has outgrown.
  const std::size_t expected = S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
  std::string text(std::min(std::max(expected, kFirstPart), most) + 1, '\0');
  if (!read_up_to(file.number, most, text)) {
    reason = reason_of(errno);
    return std::nullopt;
  }
  if (text.size() <= most) return text;
  reason = fmt::format("is larger than {} bytes", most);
  return std::nullopt;
}

}  // namespace embergate::app
