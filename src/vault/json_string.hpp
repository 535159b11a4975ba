// SPDX-License-Identifier: Apache-2.0
// One string out of a JSON text, by JSON pointer (RFC 6901, R-29). Thread: pure. Ownership: what is not wanted is wiped
// as it is read. Failure: empty; it says neither place nor content (S-24).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embergate::vault {

using PointerTokens = std::vector<std::string>;
// Unescaped; empty when the text is no pointer, or points at the whole document, which is no string of an object.
std::optional<PointerTokens> tokens_of_pointer(std::string_view pointer);
// Empty: not JSON, nothing there, not a string, or a member on the way occurs twice.
std::optional<std::string> string_at(std::string_view json, const PointerTokens& pointer);

}  // namespace embergate::vault
