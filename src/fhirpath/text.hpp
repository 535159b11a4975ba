// SPDX-License-Identifier: Apache-2.0
// Texts by characters (Unicode scalar values) and the encodings of encode(), decode(), escape(), unescape().
// Thread: pure functions. Failure: a decoder gives nullopt for text that is not in its form.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace embergate::fhirpath {

std::size_t character_count(std::string_view text);
// Of the character that begins there; 1 at the end of the text.
std::size_t character_bytes(std::string_view text, std::size_t at);
// Byte offset of character `position`; text.size() when there are not so many.
std::size_t offset_of_character(std::string_view text, std::size_t position);
std::string changed_case(std::string_view text, bool upper);
void change_case(std::string_view text, bool upper, std::string& out);  // the same, into memory that is there already
std::string_view trimmed(std::string_view text);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes, bool url_safe);
std::optional<std::string> from_base64(std::string_view text, bool url_safe);
std::string escape_html(std::string_view text);
std::string unescape_html(std::string_view text);
std::string escape_json(std::string_view text);
std::string unescape_json(std::string_view text);

}  // namespace embergate::fhirpath
