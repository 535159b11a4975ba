// SPDX-License-Identifier: Apache-2.0
// How functions with arguments are called, for hints.
#include <algorithm>
#include <iterator>

#include "fhirpath/function_table.hpp"

namespace embergate::fhirpath {
namespace {

struct Usage {
  std::string_view name;
  std::string_view arguments;
};
constexpr Usage kUsages[] = {
    {"exists", "[criteria]"},
    {"all", "criteria"},
    {"subsetOf", "other"},
    {"supersetOf", "other"},
    {"where", "criteria"},
    {"select", "projection"},
    {"repeat", "projection"},
    {"repeatAll", "projection"},
    {"ofType", "type"},
    {"is", "type"},
    {"as", "type"},
    {"coalesce", "value, ..."},
    {"sort", "[key [asc|desc], ...]"},
    {"skip", "count"},
    {"take", "count"},
    {"intersect", "other"},
    {"exclude", "other"},
    {"union", "other"},
    {"combine", "other [, preserveOrder]"},
    {"iif", "criterion, then [, otherwise]"},
    {"toDate", "[format]"},
    {"toDateTime", "[format]"},
    {"toQuantity", "[unit]"},
    {"convertsToDate", "[format]"},
    {"convertsToDateTime", "[format]"},
    {"convertsToQuantity", "[unit]"},
    {"indexOf", "text"},
    {"lastIndexOf", "text"},
    {"substring", "start [, length]"},
    {"startsWith", "text"},
    {"endsWith", "text"},
    {"contains", "text"},
    {"replace", "pattern, substitution"},
    {"matches", "regex [, flags]"},
    {"matchesFull", "regex [, flags]"},
    {"replaceMatches", "regex, substitution [, flags]"},
    {"encode", "format"},
    {"decode", "format"},
    {"escape", "target"},
    {"unescape", "target"},
    {"split", "separator"},
    {"join", "[separator]"},
    {"log", "base"},
    {"power", "exponent"},
    {"round", "[digits]"},
    {"aggregate", "expression [, start]"},
    {"trace", "name [, projection]"},
    {"defineVariable", "name [, value]"},
    {"lowBoundary", "[digits]"},
    {"highBoundary", "[digits]"},
    {"comparable", "quantity"},
    {"duration", "value, unit"},
    {"difference", "value, unit"},
    {"extension", "url"},
    {"hasExtension", "url"},
    {"checkModifiers", "url, ..."},
    {"conformsTo", "url"},
};

}  // namespace

std::string_view usage_of(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kUsages), std::end(kUsages), [&](const Usage& usage) { return usage.name == name; });
  return found == std::end(kUsages) ? std::string_view() : found->arguments;
}

}  // namespace embergate::fhirpath
