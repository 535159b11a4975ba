// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::fhirpath {
namespace {

constexpr std::string_view kNamed = "(?<";      // as the standard writes it
constexpr std::string_view kRe2Named = "(?P<";  // as every release of RE2 reads it

// Length of what begins a character class: a bracket that closes nothing belongs to it.
std::size_t class_head(std::string_view rest) {
  std::size_t length = rest.starts_with("[^") ? 2 : 1;
  if (rest.substr(length).starts_with(']')) ++length;
  return length;
}

// Length of a quoted part: "\Q" to "\E" or to the end, or a backslash and what it stands before.
std::size_t quoted_length(std::string_view rest, bool in_class) {
  if (in_class || !rest.starts_with("\\Q")) return std::min<std::size_t>(2, rest.size());
  const std::size_t end = rest.find("\\E", 2);
  return end == std::string_view::npos ? rest.size() : end + 2;
}

// "[:alpha:]" within a class.
std::size_t posix_class_length(std::string_view rest) {
  const std::size_t end = rest.starts_with("[:") ? rest.find(":]", 2) : std::string_view::npos;
  return end == std::string_view::npos ? 1 : end + 2;
}

bool begins_named_group(std::string_view rest) {
  if (!rest.starts_with(kNamed)) return false;
  const std::string_view name = rest.substr(kNamed.size());
  return !name.starts_with('=') && !name.starts_with('!');  // those look behind
}

// Groups that are named (?<name>...) as RE2 reads them.
std::string for_re2(std::string_view pattern) {
  if (pattern.find(kNamed) == std::string_view::npos) return std::string(pattern);
  std::string out;
  bool in_class = false;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::string_view rest = pattern.substr(at);
    std::size_t length = 1;
    if (rest.front() == '\\') {
      length = quoted_length(rest, in_class);
    } else if (in_class) {
      length = posix_class_length(rest);
      in_class = rest.front() != ']';
    } else if (rest.front() == '[') {
      length = class_head(rest);
      in_class = true;
    } else if (begins_named_group(rest)) {
      out += kRe2Named;
      at += kNamed.size();
      continue;
    }
    out += rest.substr(0, length);
    at += length;
  }
  return out;
}

// The names of groups as they were written.
std::string as_written(std::string text, std::string_view pattern) {
  if (pattern.find(kRe2Named) != std::string_view::npos) return text;
  const std::size_t at = text.find(kRe2Named);
  return at == std::string::npos ? text : text.replace(at, kRe2Named.size(), kNamed);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// The number of a group of the pattern, or -1.
int group_of(const RE2& pattern, std::string_view name) {
  constexpr std::size_t kMostDigits = 4;
  if (!is_number(name)) {
    const auto& groups = pattern.NamedCapturingGroups();
    const auto found = groups.find(std::string(name));
    return found == groups.end() ? -1 : found->second;
  }
  if (name.size() > kMostDigits) return -1;
  int number = 0;
  for (const char digit : name) number = number * 10 + (digit - '0');
  return number <= pattern.NumberOfCapturingGroups() ? number : -1;
}

// What belongs to a dollar sign: "$", "1", "{name}", or nothing. Two digits when there are so many groups.
std::string_view reference_in(const RE2& pattern, std::string_view rest) {
  if (rest.starts_with('$')) return rest.substr(0, 1);
  if (rest.starts_with('{')) return rest.substr(0, rest.find('}') + 1);
  if (rest.empty() || !is_digit(rest.front())) return {};
  const std::string_view two = rest.substr(0, 2);
  return two.size() == 2 && is_number(two) && group_of(pattern, two) >= 0 ? two : rest.substr(0, 1);
}

std::string no_group(const RE2& pattern, std::string_view name) {
  if (is_number(name)) return fmt::format("the regular expression has no group {}", name);
  std::string known;
  for (const auto& [number, group] : pattern.CapturingGroupNames())
    known += fmt::format("{}{}", known.empty() ? "; it has " : ", ", group);
  return fmt::format("the regular expression has no group named '{}'{}", name, known);
}

}  // namespace

Pattern compile_pattern(std::string_view pattern, std::string_view flags, const Limits& limits) {
  Pattern result;
  if (pattern.size() > limits.max_pattern_bytes) {
    result.too_large = true;
    result.error = fmt::format("the regular expression is longer than {} bytes", limits.max_pattern_bytes);
    result.hint = "split it into several matches() joined with and or or";
    return result;
  }
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(limits.max_pattern_memory));
  std::string text = for_re2(pattern);
  for (const char flag : flags) {
    if (flag == 'i') {
      options.set_case_sensitive(false);
    } else if (flag == 'm') {
      text.insert(0, "(?m)");
    } else {
      result.error = fmt::format("unknown flag '{}' of a regular expression", flag);
      result.hint = "known are i (ignore case) and m (^ and $ at each line)";
      return result;
    }
  }
  auto compiled = std::make_unique<RE2>(text, options);
  if (!compiled->ok()) {
    result.too_large = compiled->error_code() == RE2::ErrorPatternTooLarge;
    result.error = fmt::format("the regular expression is not accepted: {}", as_written(compiled->error(), pattern));
    result.hint = "the syntax is that of RE2: no look-around, no back-references, repetitions of at most 1000";
    return result;
  }
  result.compiled = std::move(compiled);
  return result;
}

std::string read_substitution(const RE2& pattern, std::string_view text, Substitution& out) {
  out.pieces.clear();
  out.groups = 0;
  out.size = 0;
  const auto add = [&out](Substitution::Piece piece) {
    if (piece.group < 0 && piece.text.empty()) return;
    out.groups = std::max(out.groups, piece.group);
    out.size += piece.group < 0 ? piece.text.size() : 2;
    out.pieces.push_back(piece);
  };
  std::size_t from = 0;  // what lies before has been added
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    std::string_view name = reference_in(pattern, text.substr(at + 1));
    const std::size_t end = at + 1 + name.size();
    if (name.empty()) {
      at = end;
      continue;
    }
    const bool is_sign = name == "$";
    add({text.substr(from, at + (is_sign ? 1 : 0) - from)});
    at = from = end;
    if (is_sign) continue;
    if (name.front() == '{') name = name.substr(1, name.size() - 2);
    const int group = group_of(pattern, name);
    if (group < 0) return no_group(pattern, name);
    add({{}, group});
  }
  add({text.substr(from)});
  return {};
}

}  // namespace embergate::fhirpath
