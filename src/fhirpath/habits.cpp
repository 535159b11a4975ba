// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/habits.hpp"

#include <algorithm>
#include <iterator>

namespace embergate::fhirpath {
namespace {

struct Habit {
  std::string_view text;
  std::string_view hint;
};
// What people write who know other languages.
constexpr Habit kHabits[] = {
    {"\"", "texts stand between single quotes: 'final'"},
    {"==", "equal is one =, equivalent is ~"},
    {"=", "an operator needs a value on each side; equal is one ="},
    {"&&", "write and"},
    {"&", "write and for conditions; & joins texts"},
    {"||", "write or"},
    {"|", "write or for conditions; | joins collections"},
    {"!", "write .not() behind what is to be negated, or !="},
    {"<>", "different is !="},
    {"@", "write @2015-02-04, @2015-02-04T14:34:28Z or @T14:34"},
    {"'", "a ' inside a text is written \\'"},
    {"`", "names between backticks end with a backtick"},
    {"/*", "a comment ends with */"},
    {")", "a bracket closes more than was opened, or something is missing before it"},
    {",", "arguments are separated by one comma, and only inside the brackets of a function"},
};

}  // namespace

std::string hint_for(std::string_view rest) {
  if (rest.empty()) return "something is missing at the end";
  const auto* const habit = std::find_if(std::begin(kHabits), std::end(kHabits),
                                         [&](const Habit& row) { return rest.starts_with(row.text); });
  return habit == std::end(kHabits)
             ? "strings stand between single quotes, names with other characters between backticks"
             : std::string(habit->hint);
}

}  // namespace embergate::fhirpath
