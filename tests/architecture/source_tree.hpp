// SPDX-License-Identifier: Apache-2.0
// Where the checkout is that the tests of its structure read.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace embergate::test {

inline const std::filesystem::path kRoot = EMBERGATE_SOURCE_DIR;

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace embergate::test
