// SPDX-License-Identifier: Apache-2.0
// Regular expressions of matches(), matchesFull() and replaceMatches(): RE2 only, so time stays linear (S-34).
// Thread: pure functions. Failure: nullptr and a message for people.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhirpath/expression.hpp"

namespace embergate::fhirpath {

struct Pattern {
  std::unique_ptr<RE2> compiled;
  std::string error;  // set when compiled is not
  std::string hint;
  bool too_large = false;  // a bound refused it, not its syntax
};
// flags: any of 'i' (ignore case) and 'm' (^ and $ at line ends). A group is named (?<name>...) or (?P<name>...).
Pattern compile_pattern(std::string_view pattern, std::string_view flags, const Limits& limits);

// What stands in the place of a match. Borrows the text that it was read from.
struct Substitution {
  struct Piece {
    std::string_view text;
    int group = -1;  // instead of the text; -1: the text
  };
  std::vector<Piece> pieces;
  int groups = 0;        // the highest one that is asked for
  std::size_t size = 0;  // bytes; a group counts as two
};
inline constexpr std::string_view kDollarHint = "a dollar sign is written $$";
// Reads "$1", "$0" (the whole match), "${name}" and "$$"; other dollar signs are themselves. Gives what is wrong, or
// nothing: a group that the pattern does not have.
std::string read_substitution(const RE2& pattern, std::string_view text, Substitution& out);

}  // namespace embergate::fhirpath
