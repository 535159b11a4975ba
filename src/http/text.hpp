// SPDX-License-Identifier: Apache-2.0
// The character classes of RFC 9110 5.5 and 5.6 that the scanners share. Pure functions, any thread, no failure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace embergate::http {

enum CharClass : std::uint8_t {
  kTokenChar = 1,   // tchar: methods, field names, codings
  kTargetChar = 2,  // visible ASCII but for '#': a fragment never travels
  kValueChar = 4,   // tab, visible, space and bytes above 0x7F (those must be UTF-8 as well)
  kHostChar = 8,    // reg-name, IPv6 literal, port
  kDigit = 16,
  kHexDigit = 32
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const auto among = [c](std::string_view set) { return c < 128 && set.find(static_cast<char>(c)) != set.npos; };
    std::uint8_t bits = 0;
    if (digit || alpha || among("!#$%&'*+-.^_`|~")) bits |= kTokenChar;
    if (c > 0x20 && c < 0x7F && c != '#') bits |= kTargetChar;
    if (c == '\t' || (c >= 0x20 && c != 0x7F)) bits |= kValueChar;
    if (digit || alpha || among("-._~%!$&'()*+,;=:[]")) bits |= kHostChar;
    if (digit) bits |= kDigit;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= kHexDigit;
    table[static_cast<std::size_t>(c)] = bits;
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();

constexpr bool is_char(char c, CharClass wanted) { return (kCharClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

// True for the empty text.
constexpr bool all_chars(std::string_view text, CharClass wanted) {
  for (const char c : text) {
    if (!is_char(c, wanted)) return false;
  }
  return true;
}

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

// Without the spaces and tabs around it (OWS).
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// -1 for a character that is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace embergate::http
