// SPDX-License-Identifier: Apache-2.0
#include "support/gzip_lines.hpp"

#include <zlib.h>

#include <array>

#include "embergate/core/assert.hpp"

namespace embergate::test {

std::string read_gzip(const std::filesystem::path& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  EG_ASSERT(file != nullptr);
  std::string text;
  std::array<char, 65536> buffer;
  int count = 0;
  while ((count = gzread(file, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  EG_ASSERT(count == 0 && gzclose(file) == Z_OK);
  return text;
}

std::vector<std::string> read_gzip_lines(const std::filesystem::path& path) {
  const std::string text = read_gzip(path);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace embergate::test
