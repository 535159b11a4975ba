// SPDX-License-Identifier: Apache-2.0
// Texts as UTF-8 (RFC 3629), made shorter for people without half a character, and fit for a terminal. Thread: pure
// functions. Ownership: whole_characters() gives a part of its argument. Failure: none; what is not UTF-8 is cut
// somewhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embergate::core {

// The longest beginning of `text` that has at most `most` bytes and ends with a whole UTF-8 character.
std::string_view whole_characters(std::string_view text, std::size_t most);
// The same, with "..." behind it when something was left out.
std::string shortened(std::string_view text, std::size_t most);

// Bytes of the well-formed character at `at` (Unicode table 3-7: no overlong form, no surrogate), else 0.
std::size_t utf8_bytes(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
// Each byte that belongs to no well-formed character becomes U+FFFD: what comes from other programs may be cut
// anywhere.
std::string as_utf8(std::string text);
// On one line, and nothing that steers a terminal or hides: control characters (C0, DEL, C1), separators of lines,
// marks of direction, tags and all else that Unicode lets go unseen become \n, \t, \r or \u001b (beyond the basic plane
// a pair, as in JSON); what is not UTF-8 becomes U+FFFD.
void append_printable(std::string& out, std::string_view text);
std::string printable(std::string_view text);
// The same of many lines: line feeds and tabs stay. JSON stays the same JSON.
std::string printable_lines(std::string_view text);

// Appends `text` to `out` as text of XML and HTML, between tags. Quotes stay as they are: not for attributes.
void append_markup_text(std::string& out, std::string_view text);

}  // namespace embergate::core
