// SPDX-License-Identifier: Apache-2.0
// Regular expressions of matches(), matchesFull() and replaceMatches(): RE2 only, so time stays linear (S-34).
// Thread: pure functions. Failure: nullptr and a message for people.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

namespace embergate::fhirpath {

inline constexpr std::size_t kMaxPatternBytes = 1000;

struct Pattern {
  std::unique_ptr<RE2> compiled;
  std::string error;  // set when compiled is not
  std::string hint;
};
// flags: any of 'i' (ignore case) and 'm' (^ and $ at line ends).
Pattern compile_pattern(std::string_view pattern, std::string_view flags);
// "$1" and "${name}" to RE2's "\1"; empty groups for what the pattern does not have.
std::string replacement_of(const RE2& pattern, std::string_view text);

}  // namespace embergate::fhirpath
