// SPDX-License-Identifier: Apache-2.0
// The tokens of a JAAS line as java.io.StreamTokenizer cuts them with the switches that Kafka sets (kafka.md 4), for
// `kafka`, which reads it, and the redactor, which has to know its values as they will be used (S-21): `//`
// and `/* */` comments, one `/` that also begins a comment, quotes with escapes, words of letters and `-_$` and every
// character from U+00A0, numbers that are no values. Thread: one owner. Ownership: borrows the text; token texts are
// wiped when the token is destroyed or replaced. Failure: kBroken tokens for what has no meaning; positions are
// 1-based characters, and nothing else about the text gets out (R-27, S-24).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "embergate/vault/secret.hpp"

namespace embergate::vault {

struct JaasToken {
  enum class Kind { kEnd, kWord, kQuoted, kNumber, kOther, kUnclosed, kNotUtf8 };
  Kind kind = Kind::kEnd;
  char32_t other = 0;        // of kOther
  std::size_t position = 0;  // of the first character
  std::string text;          // of kWord and kQuoted

  JaasToken() = default;
  JaasToken(JaasToken&& from) noexcept
      : kind(from.kind), other(from.other), position(from.position), text(std::move(from.text)) {
    wipe(from.text);
  }
  JaasToken& operator=(JaasToken&& from) noexcept {
    wipe(text);
    kind = from.kind;
    other = from.other;
    position = from.position;
    text = std::move(from.text);
    wipe(from.text);
    return *this;
  }
  ~JaasToken() { wipe(text); }

  [[nodiscard]] bool has_text() const { return kind == Kind::kWord || kind == Kind::kQuoted; }
  [[nodiscard]] bool is(char32_t character) const { return kind == Kind::kOther && other == character; }
};

class JaasTokenizer {
 public:
  explicit JaasTokenizer(std::string_view text) : text_(text) { advance(); }
  JaasToken next();

 private:
  static constexpr char32_t kNone = 0xFFFFFFFF;     // end of the text
  static constexpr char32_t kInvalid = 0xFFFFFFFE;  // bytes that are not UTF-8

  void advance();
  void append(std::string& out, char32_t character) const;
  bool skip_blanks_and_comments();
  void skip_line();
  bool skip_block();
  void read_number(JaasToken& token);
  void read_word(JaasToken& token);
  void read_quoted(JaasToken& token);
  char32_t read_escape();

  std::string_view text_;
  std::size_t offset_ = 0;    // of the byte after current_
  std::size_t position_ = 0;  // of current_, in characters from 1
  char32_t current_ = kNone;
};

}  // namespace embergate::vault
