// SPDX-License-Identifier: Apache-2.0
// Reads the packed files of tests/data. A file that is missing or broken ends the test program (EG_ASSERT): no test may
// pass without it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace embergate::test {

std::string read_gzip(const std::filesystem::path& path);
// Its lines without line ends; no empty last one.
std::vector<std::string> read_gzip_lines(const std::filesystem::path& path);

}  // namespace embergate::test
