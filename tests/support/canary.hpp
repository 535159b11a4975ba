// SPDX-License-Identifier: Apache-2.0
// Looks for secrets where none may be. A canary value is easy to recognise; the scanner finds any 12 bytes of it, as
// they are, in hex, in base64 at any offset and in both alphabets, escaped for URLs and JSON, and in UTF-16. Thread:
// add() first, then scan from any. Failure: findings name the canary and the form, with no part of the value.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace embergate::test {

// "cnry-<name>-" with 32 random hex digits and one of the characters that escapes treat in their own ways.
std::string make_canary(std::string_view name);

class CanaryScanner {
 public:
  void add(std::string name, std::string_view value);
  // Findings such as "jaas as base64 in stdout". Empty: clean.
  [[nodiscard]] std::vector<std::string> scan(std::string_view bytes, std::string_view sink) const;
  [[nodiscard]] std::vector<std::string> scan_file(const std::filesystem::path& path) const;
  // Every regular file below, so also WAL, journal and temporary files of a database.
  [[nodiscard]] std::vector<std::string> scan_directory(const std::filesystem::path& path) const;

 private:
  void add_form(const std::string& name, std::string_view form, std::string_view bytes, std::size_t window);

  std::unordered_map<std::string, std::string> windows_;  // bytes to "name as form"
  std::vector<std::size_t> lengths_;                      // of windows, each once
};

}  // namespace embergate::test
