// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace embergate::core {

namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

}  // namespace

std::string_view whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

std::string shortened(std::string_view text, std::size_t most) {
  std::string begin(whole_characters(text, most));
  if (begin.size() < text.size()) begin += "...";
  return begin;
}

std::size_t utf8_bytes(std::string_view text, std::size_t at) {
  const auto in = [&](std::size_t offset, unsigned char low, unsigned char high) {
    const unsigned char c = byte_at(text, at + offset);
    return c >= low && c <= high;
  };
  const unsigned char lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return in(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return in(1, low, high) && in(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return in(1, low, high) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_bytes(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string as_utf8(std::string text) {
  if (is_utf8(text)) return text;
  std::string clean;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_bytes(text, at);
    clean += length == 0 ? kReplacementCharacter : std::string_view(text).substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return clean;
}

namespace {

// Of the well-formed character of `length` bytes at `at`; the same one for all beyond the basic plane.
unsigned code_point(std::string_view text, std::size_t at, std::size_t length) {
  const auto low = [&](std::size_t offset) { return static_cast<unsigned>(byte_at(text, at + offset)) & 0x3FU; };
  const auto lead = static_cast<unsigned>(byte_at(text, at));
  if (length == 1) return lead;
  if (length == 2) return (lead & 0x1FU) << 6U | low(1);
  return length == 3 ? (lead & 0x0FU) << 12U | low(1) << 6U | low(2) : 0x1'0000U;
}

bool steers(unsigned point) {
  const auto within = [&](unsigned first, unsigned last) { return point >= first && point <= last; };
  return point < 0x20 || within(0x7F, 0x9F) || point == 0xAD || point == 0x061C || within(0x200B, 0x200F) ||
         within(0x2028, 0x202E) || within(0x2060, 0x206F) || point == 0xFEFF;
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_bytes(text, at);
    const unsigned point = code_point(text, at, length);
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (!steers(point)) {
      out += text.substr(at, length);
    } else if (point == '\n' || point == '\r' || point == '\t') {
      out += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", point);
    }
    at += length == 0 ? 1 : length;
  }
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_printable(out, text);
  return out;
}

}  // namespace embergate::core
