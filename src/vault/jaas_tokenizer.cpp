// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/jaas_tokenizer.hpp"

namespace embergate::vault {

namespace {

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool starts_number(char32_t c) { return is_digit(c) || c == U'.' || c == U'-'; }
bool starts_word(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || c == U'_' || c == U'$' || (c >= 0xA0 && c <= 0x10FFFF);
}
bool continues_word(char32_t c) { return starts_word(c) || starts_number(c); }
bool is_line_end(char32_t c) { return c == U'\n' || c == U'\r'; }
bool is_octal(char32_t c) { return c >= U'0' && c <= U'7'; }

// Length and value of the UTF-8 character at the start of `bytes`; length 0: not UTF-8 (RFC 3629).
struct Decoded {
  std::size_t length = 0;
  char32_t value = 0;
};

Decoded decode(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return {};
  char32_t value = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {length, value};
}

}  // namespace

void JaasTokenizer::advance() {
  ++position_;
  if (offset_ >= text_.size()) {
    current_ = kNone;
    return;
  }
  const Decoded decoded = decode(text_.substr(offset_));
  current_ = decoded.length == 0 ? kInvalid : decoded.value;
  offset_ = decoded.length == 0 ? text_.size() : offset_ + decoded.length;
}

void JaasTokenizer::append(std::string& out, char32_t c) const {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

JaasToken JaasTokenizer::next() {
  JaasToken token;
  const bool more = skip_blanks_and_comments();
  token.position = position_;
  if (current_ == kInvalid) {
    token.kind = JaasToken::Kind::kNotUtf8;
  } else if (!more) {
    token.kind = JaasToken::Kind::kEnd;
  } else if (starts_number(current_)) {
    read_number(token);
  } else if (starts_word(current_)) {
    read_word(token);
  } else if (current_ == U'"' || current_ == U'\'') {
    read_quoted(token);
  } else {
    token.kind = JaasToken::Kind::kOther;
    token.other = current_;
    advance();
  }
  return token;
}

bool JaasTokenizer::skip_blanks_and_comments() {
  while (current_ != kNone && current_ != kInvalid) {
    if (current_ <= U' ') {
      advance();
    } else if (current_ != U'/') {
      return true;
    } else {
      advance();
      if (current_ == U'*') {
        if (!skip_block()) return false;
      } else {
        // A single slash begins a comment too, and the character after it belongs to the comment, even a line end: so
        // does Kafka's tokenizer.
        if (current_ != U'/' && current_ != kNone && current_ != kInvalid) advance();
        skip_line();
      }
    }
  }
  return false;
}

void JaasTokenizer::skip_line() {
  while (!is_line_end(current_) && current_ != kNone && current_ != kInvalid) advance();
}

bool JaasTokenizer::skip_block() {
  char32_t before = 0;
  for (advance(); current_ != kNone && current_ != kInvalid; advance()) {
    if (current_ == U'/' && before == U'*') {
      advance();
      return true;
    }
    before = current_;
  }
  return false;
}

// A number has no text for Kafka, so its digits are skipped; a lone minus is an ordinary character.
void JaasTokenizer::read_number(JaasToken& token) {
  if (current_ == U'-') {
    advance();
    if (!is_digit(current_) && current_ != U'.') {
      token.kind = JaasToken::Kind::kOther;
      token.other = U'-';
      return;
    }
  }
  token.kind = JaasToken::Kind::kNumber;
  bool point_seen = false;
  while (is_digit(current_) || (current_ == U'.' && !point_seen)) {
    point_seen = point_seen || current_ == U'.';
    advance();
  }
}

void JaasTokenizer::read_word(JaasToken& token) {
  token.kind = JaasToken::Kind::kWord;
  token.text.reserve(text_.size());  // never grows afterwards: no copy is left behind unwiped
  for (; current_ != kNone && current_ != kInvalid && continues_word(current_); advance()) append(token.text, current_);
}

void JaasTokenizer::read_quoted(JaasToken& token) {
  const char32_t quote = current_;
  token.kind = JaasToken::Kind::kQuoted;
  token.text.reserve(text_.size());
  advance();
  while (current_ != quote) {
    if (current_ == kNone || current_ == kInvalid || is_line_end(current_)) {
      token.kind = current_ == kInvalid ? JaasToken::Kind::kNotUtf8 : JaasToken::Kind::kUnclosed;
      return;
    }
    if (current_ == U'\\') {
      advance();
      if (current_ == kNone || current_ == kInvalid) continue;
      append(token.text, read_escape());
    } else {
      append(token.text, current_);
      advance();
    }
  }
  advance();
}

// At the character after the backslash; leaves current_ after the escape. Octal \0 to \377: a third digit only after 0
// to 3.
char32_t JaasTokenizer::read_escape() {
  const char32_t first = current_;
  advance();
  if (is_octal(first)) {
    char32_t value = first - U'0';
    for (int digits = 1; digits < (first <= U'3' ? 3 : 2) && is_octal(current_); ++digits) {
      value = value * 8 + (current_ - U'0');
      advance();
    }
    return value;
  }
  switch (first) {
    case U'a':
      return 7;
    case U'b':
      return 8;
    case U'f':
      return 12;
    case U'n':
      return 10;
    case U'r':
      return 13;
    case U't':
      return 9;
    case U'v':
      return 11;
    default:
      return first;
  }
}

}  // namespace embergate::vault
