// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/text.hpp"

#include <array>
#include <cstdint>

#include "embergate/fhir/outcome.hpp"
#include "fhirpath/lexer.hpp"

namespace embergate::fhirpath {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

struct Entity {
  std::string_view name;
  char character;
};
constexpr Entity kEntities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Reads the two-byte letters whose other case is at a fixed distance: Latin-1, Greek, Cyrillic.
std::uint32_t other_case(std::uint32_t c, bool upper) {
  if (upper) {
    if ((c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) || (c >= 0x430 && c <= 0x44f))
      return c - 0x20;
    if (c >= 0x450 && c <= 0x45f) return c - 0x50;
    if (c >= 0x100 && c <= 0x137 && c % 2 == 1 && c != 0x131) return c - 1;
    if (c == 0xff) return 0x178;
    return c;
  }
  if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) || (c >= 0x410 && c <= 0x42f))
    return c + 0x20;
  if (c >= 0x400 && c <= 0x40f) return c + 0x50;
  if (c >= 0x100 && c <= 0x136 && c % 2 == 0 && c != 0x130) return c + 1;
  if (c == 0x178) return 0xff;
  return c;
}

}  // namespace

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += is_continuation(c) ? 0 : 1;
  return count;
}

std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t count = 1;
  while (at + count < text.size() && is_continuation(text[at + count])) ++count;
  return count;
}

std::size_t offset_of_character(std::string_view text, std::size_t position) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_continuation(text[at]) && position-- == 0) return at;
    ++at;
  }
  return text.size();
}

std::string changed_case(std::string_view text, bool upper) {
  std::string out;
  change_case(text, upper, out);
  return out;
}

void change_case(std::string_view text, bool upper, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      const bool changes = upper ? byte >= 'a' && byte <= 'z' : byte >= 'A' && byte <= 'Z';
      out.push_back(static_cast<char>(changes ? byte ^ 0x20 : byte));
    } else if (byte >= 0xc2 && byte < 0xe0 && i + 1 < text.size()) {
      const std::uint32_t character = (byte & 0x1fU) << 6U | (static_cast<unsigned char>(text[++i]) & 0x3fU);
      append_utf8(out, other_case(character, upper));
    } else {
      out.push_back(text[i]);
    }
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string to_base64(std::string_view bytes, bool url_safe) {
  const std::string_view digits = url_safe ? kBase64Url : kBase64;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out.push_back(j <= have ? digits[group >> (18 - 6 * j) & 63U] : '=');
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text, bool url_safe) {
  const std::string_view digits = url_safe ? kBase64Url : kBase64;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = (group << 6U | static_cast<std::uint32_t>(digit)) & 0xffffffU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>(group >> static_cast<unsigned>(bits) & 255U));
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    bool replaced = false;
    for (const Entity& entity : kEntities) {
      if (c != entity.character) continue;
      out += entity.name;
      replaced = true;
    }
    if (!replaced) out.push_back(c);
  }
  return out;
}

std::string unescape_html(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool replaced = false;
    for (const Entity& entity : kEntities) {
      if (!text.starts_with(entity.name)) continue;
      out.push_back(entity.character);
      text.remove_prefix(entity.name.size());
      replaced = true;
      break;
    }
    if (replaced) continue;
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

std::string escape_json(std::string_view text) {
  std::string out;
  fhir::append_json_escaped(out, text);
  return out;
}

std::string unescape_json(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    switch (c) {
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'b':
        out.push_back('\b');
        break;
      case 'u': {
        std::uint32_t unit = 0;
        std::size_t digits = 0;
        while (digits < 4 && i + 1 < text.size() && hex_digit(text[i + 1]) >= 0) {
          unit = unit * 16 + static_cast<std::uint32_t>(hex_digit(text[++i]));
          ++digits;
        }
        append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        break;
      }
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace embergate::fhirpath
