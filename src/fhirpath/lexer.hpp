// SPDX-License-Identifier: Apache-2.0
// Tokens of an expression, one at a time (FHIRPath 2.0.0 grammar).
// Thread: one user. Failure: a token of kind kError carries the message; reading on after it gives it again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fhirpath/temporal.hpp"

namespace embergate::fhirpath {

enum class TokenKind : std::uint8_t {
  kEnd,
  kError,
  kIdentifier,  // value: the name; `delimited` when in backticks
  kString,      // value: decoded
  kNumber,      // value: as written
  kLong,        // value: without L
  kDate,
  kDateTime,
  kTime,
  kVariable,  // %name; value: the name
  kThis,
  kIndex,
  kTotal,
  kSymbol,  // value: the operator or bracket
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool delimited = false;
  std::uint32_t begin = 0;  // byte offset in the text
  std::uint32_t end = 0;
  std::string value;
  Temporal temporal;

  [[nodiscard]] bool is_symbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && value == symbol; }
  [[nodiscard]] bool is_word(std::string_view word) const {
    return kind == TokenKind::kIdentifier && !delimited && value == word;
  }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool skip_space(Token& token);
  void read_quoted(Token& token, char quote);
  bool read_escape(std::string& out);
  bool read_unicode_escape(std::string& out);
  int read_four_hex();
  void read_number(Token& token);
  void read_temporal(Token& token);
  void read_variable(Token& token);
  void read_dollar(Token& token);
  void read_symbol(Token& token);
  std::size_t take_digits(std::size_t count);
  void fail(Token& token, std::string message);

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_identifier_start(char c);
bool is_identifier_part(char c);
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace embergate::fhirpath
