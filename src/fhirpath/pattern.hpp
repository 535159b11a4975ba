// SPDX-License-Identifier: Apache-2.0
// Regular expressions of matches(), matchesFull() and replaceMatches(): RE2 only, so time stays linear (S-34).
// Thread: pure functions. Failure: nullptr and a message for people.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

#include "embergate/fhirpath/expression.hpp"

namespace embergate::fhirpath {

struct Pattern {
  std::unique_ptr<RE2> compiled;
  std::string error;  // set when compiled is not
  std::string hint;
  bool too_large = false;  // a bound refused it, not its syntax
};
// flags: any of 'i' (ignore case) and 'm' (^ and $ at line ends).
Pattern compile_pattern(std::string_view pattern, std::string_view flags, const Limits& limits);
// "$1" and "${name}" to RE2's "\1"; empty groups for what the pattern does not have.
std::string replacement_of(const RE2& pattern, std::string_view text);

}  // namespace embergate::fhirpath
