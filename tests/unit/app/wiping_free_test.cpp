// SPDX-License-Identifier: Apache-2.0
#include "app/wiping_free.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace embergate::app {
namespace {

// The compiler must not conclude that nobody reads what is written there.
char* volatile seen_by_others = nullptr;

// Whether the heap of this process holds the pattern anywhere, read as another process would read it.
bool is_in_heap(const std::string& reversed) {
  const std::string pattern(reversed.rbegin(), reversed.rend());
  std::ifstream maps("/proc/self/maps");
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[heap]") == std::string::npos) continue;
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
    std::vector<char> bytes(end - begin);
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    // The copy in `pattern` is short enough to lie within the string object on the stack.
    if (std::search(bytes.begin(), bytes.end(), pattern.begin(), pattern.end()) != bytes.end()) return true;
  }
  return false;
}

TEST(WipingFree, LeavesNothingOfWhatAnybodyFrees) {
  if (!wipes_freed_memory()) return;  // a sanitizer has the allocator
  const std::string reversed = "4321-yrnc-eerf";
  const auto make = [&](std::size_t size) {
    char* block = static_cast<char*>(std::malloc(size));
    seen_by_others = block;
    std::memset(block, 'x', size);
    for (std::size_t i = 0; i < reversed.size(); ++i) block[64 + i] = reversed[reversed.size() - 1 - i];
    return block;
  };
  char* first = make(512);
  EXPECT_TRUE(is_in_heap(reversed));
  std::free(first);
  EXPECT_FALSE(is_in_heap(reversed));
  char* second = make(512);
  char* const fence = static_cast<char*>(std::malloc(512));  // so that it cannot grow where it is
  char* moved = static_cast<char*>(std::realloc(second, 8'192));
  ASSERT_NE(moved, nullptr);
  std::memset(moved + 64, 'x', reversed.size());
  EXPECT_FALSE(is_in_heap(reversed));
  std::free(moved);
  std::free(fence);
  char* const shrunk = static_cast<char*>(std::realloc(make(512), 32));
  EXPECT_FALSE(is_in_heap(reversed)) << "what a smaller block gives back";
  std::free(shrunk);
}

TEST(WipingFree, KeepsContentAcrossRealloc) {
  char* text = static_cast<char*>(std::malloc(10));
  std::strcpy(text, "ember");
  for (std::size_t size = 16; size <= 1'000'000; size *= 3) {
    text = static_cast<char*>(std::realloc(text, size));
    ASSERT_STREQ(text, "ember");
  }
  std::free(text);
}

}  // namespace
}  // namespace embergate::app
