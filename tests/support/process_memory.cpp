// SPDX-License-Identifier: Apache-2.0
#include "support/process_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

namespace embergate::test {
namespace {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

constexpr std::uint64_t kGuard = 4'096;  // what glibc puts below the stack of a thread

std::vector<Range> heap_ranges(pid_t process) {
  std::vector<Range> ranges;
  std::ifstream maps(fmt::format("/proc/{}/maps", process));
  std::uint64_t end_of_guard = 0;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    Range range;
    char dash = 0;
    std::string rights;
    words >> std::hex >> range.begin >> dash >> range.end >> rights;
    const bool stack = range.begin == end_of_guard || line.ends_with("[stack]");
    if (words && rights.starts_with("rw") && !stack) ranges.push_back(range);
    end_of_guard = rights.starts_with("---") && range.end - range.begin == kGuard ? range.end : 0;
  }
  return ranges;
}

void append_range(std::string& bytes, int memory, const Range& range) {
  std::array<char, 65'536> block{};
  for (std::uint64_t at = range.begin; at < range.end;) {
    const std::size_t wanted = std::min<std::uint64_t>(block.size(), range.end - at);
    const ssize_t got = pread(memory, block.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) return;
    // Pages that nobody has written hold zeros.
    const bool written = std::any_of(block.begin(), block.begin() + got, [](char c) { return c != 0; });
    if (written) bytes.append(block.data(), static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
}

}  // namespace

std::optional<std::string> heap_of(pid_t process) {
  const int memory = open(fmt::format("/proc/{}/mem", process).c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) return std::nullopt;
  std::string bytes;
  for (const Range& range : heap_ranges(process)) append_range(bytes, memory, range);
  close(memory);
  return bytes.empty() ? std::nullopt : std::optional(std::move(bytes));
}

}  // namespace embergate::test
