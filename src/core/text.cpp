// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

// Of the well-formed character of `length` bytes at `at`.
unsigned code_point(std::string_view text, std::size_t at, std::size_t length) {
  const auto low = [&](std::size_t offset) { return static_cast<unsigned>(byte_at(text, at + offset)) & 0x3FU; };
  const auto lead = static_cast<unsigned>(byte_at(text, at));
  if (length == 1) return lead;
  if (length == 2) return (lead & 0x1FU) << 6U | low(1);
  if (length == 3) return (lead & 0x0FU) << 12U | low(1) << 6U | low(2);
  return (lead & 0x07U) << 18U | low(1) << 12U | low(2) << 6U | low(3);
}

struct Range {
  unsigned first;
  unsigned last;
};
// Control characters, separators of lines and paragraphs, marks of annotations, and what has the property
// Default_Ignorable_Code_Point: it is not shown, and so hides or carries what people do not see.
constexpr std::array<Range, 19> kUnseen{{{0x00, 0x1F},
                                         {0x7F, 0x9F},
                                         {0xAD, 0xAD},
                                         {0x034F, 0x034F},
                                         {0x061C, 0x061C},
                                         {0x115F, 0x1160},
                                         {0x17B4, 0x17B5},
                                         {0x180B, 0x180F},
                                         {0x200B, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0x3164, 0x3164},
                                         {0xFE00, 0xFE0F},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFA0, 0xFFA0},
                                         {0xFFF0, 0xFFFB},
                                         {0x1BCA0, 0x1BCA3},
                                         {0x1D173, 0x1D17A},
                                         {0xE0000, 0xE0FFF}}};

bool is_unseen(unsigned point) {
  if (point >= 0x20 && point < 0x7F) return false;
  return std::any_of(kUnseen.begin(), kUnseen.end(),
                     [&](const Range& range) { return point >= range.first && point <= range.last; });
}

void append_escape(std::string& out, unsigned point) {
  if (point == '\n' || point == '\r' || point == '\t') {
    out += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
  } else if (point < 0x1'0000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", point);
  } else {
    const unsigned beyond = point - 0x1'0000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}", 0xD800 + (beyond >> 10U), 0xDC00 + (beyond & 0x3FFU));
  }
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_bytes(text, at);
    const unsigned point = code_point(text, at, length);
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (is_unseen(point)) {
      append_escape(out, point);
    } else {
      out += text.substr(at, length);
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

std::string printable_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const std::size_t end = text.find_first_of("\n\t");
    append_printable(out, text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += text[end];
    text.remove_prefix(end + 1);
  }
}

void append_markup_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace embergate::core
