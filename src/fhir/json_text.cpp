// SPDX-License-Identifier: Apache-2.0
#include "fhir/json_text.hpp"

#include <cstdint>

namespace embergate::fhir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Skips digits; false when there is none.
bool digits(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at > begin;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hex digits at `at`, or -1.
int hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  }
  out += static_cast<char>(0x80 | (code & 0x3F));
}

// The \u escape whose first hex digit stands at `at`; moves `at` behind it.
bool append_code_point(std::string& out, std::string_view text, std::size_t& at) {
  const int first = hex4(text, at);
  if (first < 0) return false;
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, static_cast<std::uint32_t>(first));
    return true;
  }
  if (first > 0xDBFF || text.substr(at, 2) != "\\u") return false;
  const int second = hex4(text, at + 2);
  if (second < 0xDC00 || second > 0xDFFF) return false;
  at += 6;
  append_utf8(
      out, 0x10000U + (static_cast<std::uint32_t>(first - 0xD800) << 10) + static_cast<std::uint32_t>(second - 0xDC00));
  return true;
}

}  // namespace

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits(text, at)) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits(text, at)) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits(text, at)) return false;
  }
  return at == text.size();
}

bool append_unescaped(std::string& out, std::string_view inside) {
  std::size_t at = 0;
  while (at < inside.size()) {
    const std::size_t escape = inside.find('\\', at);
    out.append(inside.substr(at, escape - at));
    if (escape == std::string_view::npos) return true;
    if (escape + 1 >= inside.size()) return false;
    at = escape + 2;
    switch (inside[escape + 1]) {
      case '"':
        out += '"';
        break;
      case '\\':
        out += '\\';
        break;
      case '/':
        out += '/';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u':
        if (!append_code_point(out, inside, at)) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

}  // namespace embergate::fhir
