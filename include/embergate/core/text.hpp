// SPDX-License-Identifier: Apache-2.0
// Texts made shorter for people, without half a character. Thread: pure functions. Ownership: whole_characters() gives
// a part of its argument. Failure: none; what is not UTF-8 is cut somewhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embergate::core {

// The longest beginning of `text` that has at most `most` bytes and ends with a whole UTF-8 character.
std::string_view whole_characters(std::string_view text, std::size_t most);
// The same, with "..." behind it when something was left out.
std::string shortened(std::string_view text, std::size_t most);

}  // namespace embergate::core
