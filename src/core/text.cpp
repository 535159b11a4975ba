// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

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

}  // namespace embergate::core
