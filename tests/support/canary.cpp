// SPDX-License-Identifier: Apache-2.0
#include "support/canary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "support/temp_dir.hpp"

namespace embergate::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWindow = 12;

std::string hex_of(std::string_view bytes, bool upper) {
  std::string out;
  for (const unsigned char c : bytes) out += upper ? fmt::format("{:02X}", c) : fmt::format("{:02x}", c);
  return out;
}

std::string url_of(std::string_view bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return out;
}

std::string json_of(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string utf16_of(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += c;
    out += '\0';
  }
  return out;
}

// The characters that depend on `bytes` alone when they start at `offset` of what was encoded.
std::string base64_of(std::string_view bytes, std::size_t offset, bool url_alphabet) {
  const std::string alphabet =
      std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") + (url_alphabet ? "-_" : "+/");
  bytes.remove_prefix(std::min((3 - offset) % 3, bytes.size()));
  std::string out;
  for (; bytes.size() >= 3; bytes.remove_prefix(3)) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
    const unsigned group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += alphabet[(group >> shift) & 0x3FU];
  }
  return out;
}

}  // namespace

std::string make_canary(std::string_view name) {
  static std::random_device device;
  constexpr std::string_view kSpecial = " %\"\\'";
  std::string digits;
  for (int i = 0; i < 4; ++i) digits += fmt::format("{:08x}", device());
  const auto pick = device() % (kSpecial.size() + 1);
  const std::string special = pick < kSpecial.size() ? std::string(1, kSpecial[pick]) : "\xC3\xA9";
  return fmt::format("cnry-{}-{}{}{}", name, digits.substr(0, 16), special, digits.substr(16));
}

void CanaryScanner::add(std::string name, std::string_view value) {
  add_form(name, "plain text", value, kWindow);
  add_form(name, "hex", hex_of(value, false), 2 * kWindow);
  add_form(name, "hex", hex_of(value, true), 2 * kWindow);
  add_form(name, "URL escapes", url_of(value), kWindow);
  add_form(name, "JSON escapes", json_of(value), kWindow);
  add_form(name, "UTF-16", utf16_of(value), 2 * kWindow);
  for (std::size_t offset = 0; offset < 3; ++offset) {
    add_form(name, "base64", base64_of(value, offset, false), kWindow);
    add_form(name, "base64", base64_of(value, offset, true), kWindow);
  }
}

void CanaryScanner::add_form(const std::string& name, std::string_view form, std::string_view bytes,
                             std::size_t window) {
  if (std::find(lengths_.begin(), lengths_.end(), window) == lengths_.end()) lengths_.push_back(window);
  for (std::size_t at = 0; at + window <= bytes.size(); ++at) {
    windows_.emplace(std::string(bytes.substr(at, window)), fmt::format("{} as {}", name, form));
  }
}

std::vector<std::string> CanaryScanner::scan(std::string_view bytes, std::string_view sink) const {
  std::set<std::string> found;
  std::string window;
  for (const std::size_t length : lengths_) {
    for (std::size_t at = 0; at + length <= bytes.size(); ++at) {
      window.assign(bytes.substr(at, length));
      if (const auto hit = windows_.find(window); hit != windows_.end())
        found.insert(fmt::format("{} in {}", hit->second, sink));
    }
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> CanaryScanner::scan_file(const fs::path& path) const {
  return scan(read_file(path), path.string());
}

std::vector<std::string> CanaryScanner::scan_directory(const fs::path& path) const {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    for (auto& finding : scan_file(entry.path())) found.push_back(std::move(finding));
  }
  return found;
}

}  // namespace embergate::test
