// SPDX-License-Identifier: Apache-2.0
// What protocols and formats do with ASCII letters and blanks, whatever the locale. Thread: pure functions. Ownership:
// trimmed() gives a part of its argument. Failure: none; bytes beyond ASCII stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace embergate::core {

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Without the spaces and tabs around it (OWS of RFC 9110).
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace embergate::core
