// SPDX-License-Identifier: Apache-2.0
// The small grammars of RFC 8259 that the tree builder checks itself: numbers and the escapes of strings.
// Thread: pure functions. Failure: false; nothing is thrown.
#pragma once

#include <string>
#include <string_view>

namespace embergate::fhir {

// The whole of `text` is one JSON number (RFC 8259 section 6).
bool is_json_number(std::string_view text);

// Appends the decoded text of a JSON string's inside (without quotes) to `out`; false on an unknown escape, bad hex
// digits or half a surrogate pair.
bool append_unescaped(std::string& out, std::string_view inside);

}  // namespace embergate::fhir
