// SPDX-License-Identifier: Apache-2.0
#include "vault/content.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

constexpr std::size_t kMaxLineBytes = 65'536;
constexpr std::size_t kMaxHeaderBytes = 8'192;

bool is_continuation(unsigned char c) { return (c & 0xC0U) == 0x80U; }

// Length of the well-formed UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF), or
// 0.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_continuation(byte(1)) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return byte(1) >= low && byte(1) <= high && is_continuation(byte(2)) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && is_continuation(byte(2)) && is_continuation(byte(3)) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_byte_order_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// What a template engine leaves behind when it had no data.
bool is_unrendered(std::string_view text) {
  if (text.find("<no value>") != std::string_view::npos) return true;
  const auto body = trimmed(text);
  return body.size() >= 4 && body.starts_with("{{") && body.ends_with("}}");
}

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Headers that decide where a message ends or goes are not a secret's to set.
bool is_framing_header(std::string_view name) {
  constexpr std::array<std::string_view, 4> kFraming{"host", "content-length", "transfer-encoding", "connection"};
  return std::any_of(kFraming.begin(), kFraming.end(),
                     [&](std::string_view other) { return equal_ignoring_case(name, other); });
}

bool is_header_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto name = line.substr(0, colon);
  const auto value = line.substr(colon + 1);
  const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; };
  return std::all_of(name.begin(), name.end(), is_token_char) && !is_framing_header(name) && !trimmed(value).empty() &&
         std::none_of(value.begin(), value.end(), is_control);
}

bool is_pem(ContentKind kind) {
  return kind == ContentKind::kPem || kind == ContentKind::kCertificateChain || kind == ContentKind::kPrivateKey ||
         kind == ContentKind::kKeyAndChain || kind == ContentKind::kAuthorities;
}

bool is_one_line(ContentKind kind) {
  return kind == ContentKind::kSingleLine || kind == ContentKind::kHeader || kind == ContentKind::kBearerToken ||
         kind == ContentKind::kHmacKey || kind == ContentKind::kBase64UrlKey;
}

// RFC 7515 2: no padding, and no length that leaves half a byte.
bool is_base64url(std::string_view text) {
  return text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// A file that is written in place has its first line before it has its last.
bool is_whole_pem(std::string_view text) {
  const auto begin = text.find("-----BEGIN ");
  const auto end = text.rfind("-----END ");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return false;
  return trimmed(text).ends_with("-----");
}

void strip_final_newline(std::string& bytes) {
  if (!bytes.ends_with('\n')) return;
  bytes.pop_back();
  if (bytes.ends_with('\r')) bytes.pop_back();
}

std::string_view refusal_of_text(std::string_view text, ContentKind kind) {
  if (has_byte_order_mark(text)) return reason::kBadEncoding;
  if (text.find('\0') != std::string_view::npos) return reason::kNulByte;
  if (!is_utf8(text)) return reason::kBadEncoding;
  if (is_unrendered(text)) return reason::kUnrenderedTemplate;
  if (is_one_line(kind) && text.find_first_of("\r\n") != std::string_view::npos) return reason::kMultiLine;
  if (kind == ContentKind::kHeader && !is_header_line(text)) return reason::kBadHeader;
  if (kind == ContentKind::kBase64UrlKey && !is_base64url(text)) return reason::kBadEncoding;
  if (is_pem(kind) && !is_whole_pem(text)) return reason::kBadPem;
  return {};
}

}  // namespace

bool is_short_key(const Secret& value, ContentKind kind) {
  constexpr std::size_t kHashBytes = 32;  // of the shortest, SHA-256 (RFC 7518 3.2)
  const auto length = value.with_plaintext([](std::string_view text) { return text.size(); });
  if (kind == ContentKind::kHmacKey) return length < kHashBytes;
  return kind == ContentKind::kBase64UrlKey && length / 4 * 3 + length % 4 * 3 / 4 < kHashBytes;
}

std::size_t size_limit(ContentKind kind, bool raw) {
  if (kind == ContentKind::kHeader) return kMaxHeaderBytes;
  if (is_one_line(kind) && !raw) return kMaxLineBytes;
  return kMaxFileBytes;
}

Content normalise(std::string bytes, ContentKind kind, bool raw) {
  raw |= kind == ContentKind::kPkcs12 || kind == ContentKind::kBinary || kind == ContentKind::kConfig;
  std::string_view refusal;
  if (bytes.size() > size_limit(kind, raw)) {
    refusal = reason::kTooLarge;
  } else {
    if (!raw) strip_final_newline(bytes);
    // What goes on the wire or into a parser has its form checked whatever the entry says.
    const bool checked = !raw || kind == ContentKind::kHeader || is_pem(kind);
    refusal = bytes.empty() ? reason::kEmpty : checked ? refusal_of_text(bytes, kind) : std::string_view{};
  }
  Secret value(std::move(bytes));
  if (!refusal.empty()) return {Secret{}, refusal};
  return {std::move(value), {}};
}

}  // namespace embergate::vault
