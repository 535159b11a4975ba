// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/pattern.hpp"

#include <fmt/format.h>

namespace embergate::fhirpath {
namespace {

void append_group(std::string& out, const RE2& pattern, int group) {
  if (group >= 0 && group <= std::min(9, pattern.NumberOfCapturingGroups())) out += fmt::format("\\{}", group);
}

int group_of(const RE2& pattern, std::string_view name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos)
    return name.size() == 1 ? name[0] - '0' : -1;
  const auto& groups = pattern.NamedCapturingGroups();
  const auto found = groups.find(std::string(name));
  return found == groups.end() ? -1 : found->second;
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
  std::string text(pattern);
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
    result.error = fmt::format("the regular expression is not accepted: {}", compiled->error());
    result.hint = "the syntax is that of RE2: no look-around, no back-references, repetitions of at most 1000";
    return result;
  }
  result.compiled = std::move(compiled);
  return result;
}

std::string replacement_of(const RE2& pattern, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      out += "\\\\";
      continue;
    }
    if (c != '$' || i + 1 == text.size()) {
      out.push_back(c);
      continue;
    }
    const char next = text[i + 1];
    if (next >= '0' && next <= '9') {
      append_group(out, pattern, next - '0');
      ++i;
    } else if (next == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) {
        out.push_back(c);
        continue;
      }
      append_group(out, pattern, group_of(pattern, text.substr(i + 2, end - i - 2)));
      i = end;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace embergate::fhirpath
