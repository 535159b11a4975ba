// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/new_file.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.hpp"

namespace embergate::store::sqlite {
namespace {

// Each removes what is left in the directory, and must not take for that what another has made a moment before.
TEST(NewFile, IsNotRemovedByAnotherThatIsMadeInTheSameDirectory) {
  constexpr int kThreads = 4;
  constexpr int kFiles = 2'000;
  const test::TempDir directory;
  std::atomic<int> failed{0};
  std::atomic<int> gone{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kFiles; ++i) {
        const auto file = NewFile::make(directory.file("copy" + std::to_string(thread)));
        if (!file) {
          ++failed;
        } else if (!std::filesystem::exists((*file)->path())) {
          ++gone;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(gone, 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "and none is left";
}

}  // namespace
}  // namespace embergate::store::sqlite
