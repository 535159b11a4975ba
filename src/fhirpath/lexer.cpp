// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/lexer.hpp"

#include <utility>

namespace embergate::fhirpath {
namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }
}  // namespace

bool is_identifier_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_identifier_part(char c) { return is_identifier_start(c) || is_digit(c); }

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

void Lexer::fail(Token& token, std::string message) {
  token.kind = TokenKind::kError;
  token.value = std::move(message);
  at_ = token.begin;
}

// False: an unclosed comment, reported in `token`.
bool Lexer::skip_space(Token& token) {
  for (;;) {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '/' && peek(1) == '*') {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) {
        token.begin = static_cast<std::uint32_t>(at_);
        fail(token, "a comment that begins with /* is not closed; add */");
        return false;
      }
      at_ = end + 2;
    } else {
      return true;
    }
  }
}

Token Lexer::next() {
  Token token;
  if (!skip_space(token)) return token;
  token.begin = static_cast<std::uint32_t>(at_);
  const char c = peek();
  if (at_ >= text_.size()) {
    token.kind = TokenKind::kEnd;
  } else if (is_identifier_start(c)) {
    const std::size_t begin = at_;
    while (is_identifier_part(peek())) ++at_;
    token.kind = TokenKind::kIdentifier;
    token.value = text_.substr(begin, at_ - begin);
  } else if (c == '`') {
    read_quoted(token, '`');
    if (token.kind != TokenKind::kError) token.kind = TokenKind::kIdentifier;
    token.delimited = true;
  } else if (c == '\'') {
    read_quoted(token, '\'');
  } else if (is_digit(c)) {
    read_number(token);
  } else if (c == '@') {
    read_temporal(token);
  } else if (c == '%') {
    read_variable(token);
  } else if (c == '$') {
    read_dollar(token);
  } else {
    read_symbol(token);
  }
  token.end = static_cast<std::uint32_t>(at_);
  return token;
}

void Lexer::read_quoted(Token& token, char quote) {
  token.kind = TokenKind::kString;
  ++at_;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) return;
    if (c != '\\') {
      token.value.push_back(c);
    } else if (!read_escape(token.value)) {
      return fail(token, "\\u must be followed by four hexadecimal digits");
    }
  }
  fail(token, quote == '`' ? "a name that begins with ` is not closed; add `" : "a string is not closed; add '");
}

bool Lexer::read_escape(std::string& out) {
  if (at_ >= text_.size()) return true;
  const char c = text_[at_++];
  switch (c) {
    case 'r':
      out.push_back('\r');
      return true;
    case 'n':
      out.push_back('\n');
      return true;
    case 't':
      out.push_back('\t');
      return true;
    case 'f':
      out.push_back('\f');
      return true;
    case 'u':
      return read_unicode_escape(out);
    default:
      out.push_back(c);
      return true;  // a backslash before any other character means nothing
  }
}

int Lexer::read_four_hex() {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = peek();
    int digit = -1;
    if (is_digit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    value = value * 16 + digit;
    ++at_;
  }
  return value;
}

bool Lexer::read_unicode_escape(std::string& out) {
  const int unit = read_four_hex();
  if (unit < 0) return false;
  auto code_point = static_cast<std::uint32_t>(unit);
  if (code_point >= 0xd800 && code_point < 0xdc00 && peek() == '\\' && peek(1) == 'u') {
    at_ += 2;
    const int low = read_four_hex();
    if (low < 0xdc00 || low > 0xdfff) return false;
    code_point = 0x10000 + ((code_point - 0xd800) << 10) + (static_cast<std::uint32_t>(low) - 0xdc00);
  }
  if (code_point >= 0xd800 && code_point < 0xe000) code_point = 0xfffd;  // half a pair is no character
  append_utf8(out, code_point);
  return true;
}

void Lexer::read_number(Token& token) {
  const std::size_t begin = at_;
  token.kind = TokenKind::kNumber;
  while (is_digit(peek())) ++at_;
  if (peek() == '.' && is_digit(peek(1))) {
    ++at_;
    while (is_digit(peek())) ++at_;
    token.value = text_.substr(begin, at_ - begin);
    return;
  }
  token.value = text_.substr(begin, at_ - begin);
  if (peek() == 'L' && !is_identifier_part(peek(1))) {
    token.kind = TokenKind::kLong;
    ++at_;
  }
}

std::size_t Lexer::take_digits(std::size_t count) {
  std::size_t taken = 0;
  while (taken < count && is_digit(peek())) {
    ++at_;
    ++taken;
  }
  return taken;
}

void Lexer::read_temporal(Token& token) {
  ++at_;
  const std::size_t begin = at_;
  const auto read_time_part = [this] {
    take_digits(2);
    for (int i = 0; i < 2 && peek() == ':' && is_digit(peek(1)); ++i) {
      ++at_;
      take_digits(2);
    }
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
  };
  std::optional<Temporal> value;
  if (peek() == 'T') {
    ++at_;
    read_time_part();
    token.kind = TokenKind::kTime;
    value = parse_time(text_.substr(begin + 1, at_ - begin - 1));
  } else {
    take_digits(4);
    for (int i = 0; i < 2 && peek() == '-' && is_digit(peek(1)); ++i) {
      ++at_;
      take_digits(2);
    }
    token.kind = TokenKind::kDate;
    if (peek() == 'T') {
      token.kind = TokenKind::kDateTime;
      ++at_;
      if (is_digit(peek())) {
        read_time_part();
        if (peek() == 'Z') {
          ++at_;
        } else if ((peek() == '+' || peek() == '-') && is_digit(peek(1)) && is_digit(peek(2)) && peek(3) == ':') {
          at_ += 4;
          take_digits(2);
        }
      }
    }
    const std::string_view text = text_.substr(begin, at_ - begin);
    value = token.kind == TokenKind::kDate ? parse_date(text) : parse_date_time(text);
  }
  if (!value) {
    return fail(token, "not a date or time; write @2015-02-04, @2015-02-04T14:34:28Z or @T14:34");
  }
  token.temporal = *value;
}

void Lexer::read_variable(Token& token) {
  ++at_;
  if (peek() == '`' || peek() == '\'') {
    read_quoted(token, peek());
  } else {
    const std::size_t begin = at_;
    while (is_identifier_part(peek())) ++at_;
    token.value = text_.substr(begin, at_ - begin);
    // %vs-name and %ext-name are one name also without backticks.
    if ((token.value == "vs" || token.value == "ext") && peek() == '-' && is_identifier_start(peek(1))) {
      while (is_identifier_part(peek()) || (peek() == '-' && is_identifier_part(peek(1)))) ++at_;
      token.value = text_.substr(begin, at_ - begin);
    }
    if (token.value.empty()) return fail(token, "a variable name must follow %");
  }
  if (token.kind != TokenKind::kError) token.kind = TokenKind::kVariable;
}

void Lexer::read_dollar(Token& token) {
  const std::size_t begin = at_++;
  while (is_identifier_part(peek())) ++at_;
  const std::string_view name = text_.substr(begin, at_ - begin);
  if (name == "$this") {
    token.kind = TokenKind::kThis;
  } else if (name == "$index") {
    token.kind = TokenKind::kIndex;
  } else if (name == "$total") {
    token.kind = TokenKind::kTotal;
  } else {
    fail(token, "expected $this, $index or $total");
  }
}

void Lexer::read_symbol(Token& token) {
  static constexpr std::string_view kSymbols[] = {"<=", ">=", "!=", "!~", "(", ")", "[", "]", "{", "}", ".", ":",
                                                  ",",  "+",  "-",  "*",  "/", "&", "|", "<", ">", "=", "~"};
  for (const std::string_view symbol : kSymbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    token.kind = TokenKind::kSymbol;
    token.value = symbol;
    at_ += symbol.size();
    return;
  }
  fail(token, "this character has no meaning here");
}

}  // namespace embergate::fhirpath
