// SPDX-License-Identifier: Apache-2.0
#include "kafka/token_text.hpp"

namespace embergate::kafka {
namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

void append_escaped(std::string& text, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  text.push_back('%');
  text.push_back(kDigits[byte >> 4U]);
  text.push_back(kDigits[byte & 15U]);
}

std::string encode(std::string_view text, std::string_view kept, bool plus_for_blank) {
  std::string encoded;
  encoded.reserve(text.size() * 3);
  for (const char c : text) {
    if (is_alphanumeric(c) || kept.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else if (c == ' ' && plus_for_blank) {
      encoded.push_back('+');
    } else {
      append_escaped(encoded, c);
    }
  }
  return encoded;
}

}  // namespace

std::string uri_encode(std::string_view text) { return encode(text, "-_.~", false); }

std::string form_encode(std::string_view text) { return encode(text, "-_.*", true); }

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

}  // namespace embergate::kafka
