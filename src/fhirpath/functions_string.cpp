// SPDX-License-Identifier: Apache-2.0
// String functions. Positions count characters; an empty argument gives an empty result.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fhirpath/evaluator.hpp"
#include "fhirpath/pattern.hpp"
#include "fhirpath/text.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kMaxDynamicPatterns = 64;
constexpr std::uint64_t kStepsPerPattern = 1024;
constexpr std::uint64_t kStepsPerRefusedPattern = 65'536;
constexpr std::size_t kReplacementsPerResult = 32;  // what replaceMatches() may come to at most, in longest texts
constexpr std::size_t kBytesPerStep = 64;
constexpr std::size_t kUsualPieces = 64;  // of a substitution

std::uint64_t program_size(const RE2& pattern) { return static_cast<std::uint64_t>(pattern.ProgramSize()); }

// An expression of more than some instructions may have to try each of them at each byte.
std::uint64_t steps_of_match(const RE2& pattern, std::string_view text) {
  constexpr std::uint64_t kInstructionsPerByteAndStep = 512;
  return text.size() * program_size(pattern) / kInstructionsPerByteAndStep;
}

std::string_view text_of(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

// A match ends as soon as no longer one is possible. With a repetition that has no upper bound, each may have to look
// to the end of the text for that. Finding where many groups lie takes longer.
std::uint64_t steps_of_next_match(const RE2& pattern, std::string_view rest, int groups) {
  constexpr std::uint64_t kStepsPerMatch = 2;
  constexpr std::uint64_t kStepsPerMatchWithGroups = 8;
  constexpr std::uint64_t kGroupsForTheSame = 10;
  const auto times = 1 + static_cast<std::uint64_t>(groups) / kGroupsForTheSame;
  const bool may_look_far = pattern.pattern().find_first_of("*+{") != std::string::npos;
  return times * ((groups > 0 ? kStepsPerMatchWithGroups : kStepsPerMatch) +
                  (may_look_far ? steps_of_match(pattern, rest) : 0));
}

// At the worst each byte of the text begins like what is looked for.
std::uint64_t steps_of_search(std::string_view text, std::string_view wanted) {
  constexpr std::uint64_t kBytesComparedPerStep = 1024;
  return std::uint64_t{text.size()} * wanted.size() / kBytesComparedPerStep;
}

// Patterns that are computed at run time, kept by thread; the one not used for longest makes room.
class DynamicPatterns {
 public:
  // A number for one evaluation, never 0.
  std::uint64_t next_evaluation() { return ++evaluations_; }
  // `is_new` to this evaluation, not to the thread: what an evaluation costs must not depend on those before it.
  const Pattern& find(std::string_view pattern, std::string_view flags, const Limits& limits, std::uint64_t evaluation,
                      bool& is_new) {
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.pattern == pattern && entry.flags == flags && entry.memory == limits.max_pattern_memory;
    });
    const bool is_known = known != entries_.end();
    Entry& entry = is_known ? *known : make_room();
    if (!is_known) {
      entry = {std::string(pattern), std::string(flags), limits.max_pattern_memory,
               compile_pattern(pattern, flags, limits)};
    }
    is_new = std::exchange(entry.evaluation, evaluation) != evaluation;
    entry.last_use = ++uses_;
    return entry.compiled;
  }

 private:
  struct Entry {
    std::string pattern;
    std::string flags;
    std::size_t memory = 0;
    Pattern compiled;
    std::uint64_t last_use = 0;
    std::uint64_t evaluation = 0;  // that used it last
  };

  Entry& make_room() {
    if (entries_.size() < kMaxDynamicPatterns) return entries_.emplace_back();
    return *std::min_element(entries_.begin(), entries_.end(),
                             [](const Entry& a, const Entry& b) { return a.last_use < b.last_use; });
  }

  std::vector<Entry> entries_;
  std::uint64_t uses_ = 0;
  std::uint64_t evaluations_ = 0;
};

}  // namespace

Outcome Evaluator::string_function(const AstNode& node, const Item& input, const Scope& scope, Item& out) {
  using enum Function;
  Item converted;
  const Conversion conversion = values_.to_system(input, converted);
  if (conversion == Conversion::kEmpty) return Outcome::kNone;
  if (conversion == Conversion::kObject || converted.tag() != Tag::kString) {
    return error(node, fmt::format("{}() works on a string, here is {}", info_of(node.function).name,
                                   conversion == Conversion::kObject ? "an element with children"
                                                                     : system_name(converted.tag())));
  }
  const std::string_view text = converted.as_string();
  if (!steps(text.size() / kBytesPerStep)) return Outcome::kError;
  switch (node.function) {
    case kIndexOf:
    case kLastIndexOf:
    case kStartsWith:
    case kEndsWith:
    case kContains: {
      std::string_view wanted;
      const Outcome outcome = argument_string(node, 0, scope, wanted);
      return outcome == Outcome::kOne ? string_search(node, text, wanted, out) : outcome;
    }
    case kSubstring:
      return substring(node, text, scope, out);
    case kUpper:
    case kLower: {
      thread_local std::string changed;  // make_string copies it
      change_case(text, node.function == kUpper, changed);
      return make_string(node, changed, out);
    }
    case kReplace:
      return replace(node, text, scope, out);
    case kMatches:
    case kMatchesFull:
    case kReplaceMatches:
      return match(node, text, scope, out);
    case kLength:
      return one(out, Item::integer(static_cast<std::int64_t>(character_count(text))));
    case kTrim:
      return one(out, Item::string(trimmed(text)));
    default:
      return recode(node, text, scope, out);
  }
}

Outcome Evaluator::string_search(const AstNode& node, std::string_view text, std::string_view wanted, Item& out) {
  if (!steps(steps_of_search(text, wanted))) return Outcome::kError;
  switch (node.function) {
    case Function::kStartsWith:
      return one(out, Item::boolean(text.starts_with(wanted)));
    case Function::kEndsWith:
      return one(out, Item::boolean(text.ends_with(wanted)));
    case Function::kContains:
      return one(out, Item::boolean(text.find(wanted) != std::string_view::npos));
    default:
      break;
  }
  const std::size_t at = node.function == Function::kIndexOf ? text.find(wanted) : text.rfind(wanted);
  if (at == std::string_view::npos) return one(out, Item::integer(-1));
  return one(out, Item::integer(static_cast<std::int64_t>(character_count(text.substr(0, at)))));
}

Outcome Evaluator::substring(const AstNode& node, std::string_view text, const Scope& scope, Item& out) {
  std::int64_t start = 0;
  const Outcome outcome = argument_integer(node, 0, scope, start);
  if (outcome != Outcome::kOne) return outcome;
  std::int64_t length = INT64_MAX;
  if (node.count == 2) {
    const Outcome second = argument_integer(node, 1, scope, length);
    if (second == Outcome::kError) return second;
  }
  if (start < 0) return Outcome::kNone;
  const std::size_t begin = offset_of_character(text, static_cast<std::size_t>(start));
  if (begin >= text.size()) return Outcome::kNone;
  if (length <= 0) return one(out, Item::string(""));
  const std::string_view rest = text.substr(begin);
  return one(out, Item::string(rest.substr(0, offset_of_character(rest, static_cast<std::size_t>(length)))));
}

Outcome Evaluator::replace(const AstNode& node, std::string_view text, const Scope& scope, Item& out) {
  std::string_view pattern;
  std::string_view substitute;
  const Outcome first = argument_string(node, 0, scope, pattern);
  if (first != Outcome::kOne) return first;
  const Outcome second = argument_string(node, 1, scope, substitute);
  if (second != Outcome::kOne) return second;
  const std::size_t most = program_.limits.max_string_bytes;
  std::string result;
  if (pattern.empty()) {
    for (std::size_t at = 0; at < text.size() && result.size() <= most;) {
      const std::size_t length = offset_of_character(text.substr(at), 1);
      result.append(substitute).append(text.substr(at, length));
      at += length;
    }
    result.append(substitute);
    return make_string(node, result, out);
  }
  if (!steps(steps_of_search(text, pattern))) return Outcome::kError;
  std::size_t at = 0;
  for (std::size_t hit = text.find(pattern); hit != std::string_view::npos && result.size() <= most;
       hit = text.find(pattern, at)) {
    result.append(text.substr(at, hit - at)).append(substitute);
    at = hit + pattern.size();
  }
  result.append(text.substr(at));
  return make_string(node, result, out);
}

const RE2* Evaluator::pattern_of(const AstNode& node, const Scope& scope, std::uint32_t flags_argument,
                                 Outcome& outcome) {
  outcome = Outcome::kOne;
  if (node.extra != kNoNode) return program_.patterns[node.extra].get();
  std::string_view pattern;
  outcome = argument_string(node, 0, scope, pattern);
  if (outcome != Outcome::kOne) return nullptr;
  std::string_view flags;
  if (node.count > flags_argument) {
    outcome = argument_string(node, flags_argument, scope, flags);
    if (outcome != Outcome::kOne) return nullptr;
  }
  thread_local DynamicPatterns patterns;
  if (evaluation_ == 0) evaluation_ = patterns.next_evaluation();
  bool is_new = false;
  const Pattern& found = patterns.find(pattern, flags, program_.limits, evaluation_, is_new);
  // Compiling is the dearest single thing an evaluation can do.
  const std::uint64_t cost =
      found.compiled ? kStepsPerPattern + 4 * program_size(*found.compiled) : kStepsPerRefusedPattern;
  if (is_new && !steps(cost)) outcome = Outcome::kError;
  if (outcome == Outcome::kError) return nullptr;
  if (!found.compiled) {
    std::string message = fmt::format("{}; {}", found.error, found.hint);
    outcome = found.too_large ? exhausted(node, std::move(message)) : error(node, std::move(message));
  }
  return found.compiled.get();
}

Outcome Evaluator::match(const AstNode& node, std::string_view text, const Scope& scope, Item& out) {
  const bool replaces = node.function == Function::kReplaceMatches;
  Outcome outcome = Outcome::kOne;
  const RE2* pattern = pattern_of(node, scope, replaces ? 2 : 1, outcome);
  if (!pattern) return outcome;
  if (!steps(steps_of_match(*pattern, text))) return Outcome::kError;
  const re2::StringPiece piece(text.data(), text.size());
  if (!replaces) {
    const bool hit =
        node.function == Function::kMatches ? RE2::PartialMatch(piece, *pattern) : RE2::FullMatch(piece, *pattern);
    return one(out, Item::boolean(hit));
  }
  std::string_view substitute;
  outcome = argument_string(node, 1, scope, substitute);
  if (outcome != Outcome::kOne) return outcome;
  if (pattern->pattern().empty()) return one(out, Item::string(text));
  if (!steps(substitute.size() / kBytesPerStep)) return Outcome::kError;
  thread_local Substitution by;  // keeps its room
  if (by.pieces.capacity() > kUsualPieces) by = {};
  if (const std::string wrong = read_substitution(*pattern, substitute, by); !wrong.empty())
    return error(node, fmt::format("{}; {}", wrong, kDollarHint));
  // A match at every byte, each replaced by the whole substitution, is the most that can come out.
  if ((text.size() + 1) * by.size > kReplacementsPerResult * program_.limits.max_string_bytes)
    return exhausted(node, "replaceMatches() could build a text that is too long");
  return replace_all(node, *pattern, by, text, out);
}

// As RE2::GlobalReplace(), but each match is counted: a text of a megabyte may have a million of them.
Outcome Evaluator::replace_all(const AstNode& node, const RE2& pattern, const Substitution& by, std::string_view text,
                               Item& out) {
  const re2::StringPiece piece(text.data(), text.size());
  thread_local std::vector<re2::StringPiece> found;  // keeps its room
  found.assign(static_cast<std::size_t>(by.groups) + 1, {});
  std::string result;
  std::size_t from = 0;  // what lies before is in the result
  std::size_t at = 0;    // where the next match may begin
  while (at <= text.size()) {
    if (!steps(steps_of_next_match(pattern, text.substr(at), by.groups))) return Outcome::kError;
    if (!pattern.Match(piece, at, text.size(), RE2::UNANCHORED, found.data(), by.groups + 1)) break;
    const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
    const std::size_t end = begin + found[0].size();
    const bool touches_the_last_one = found[0].empty() && begin == from && from > 0;
    if (!touches_the_last_one) {
      result.append(text.substr(from, begin - from));
      for (const Substitution::Piece& part : by.pieces) {
        result.append(part.group < 0 ? part.text : text_of(found[static_cast<std::size_t>(part.group)]));
      }
      from = end;
    }
    at = found[0].empty() ? end + character_bytes(text, end) : end;
  }
  if (from < text.size()) result.append(text.substr(from));
  return make_string(node, result, out);
}

Outcome Evaluator::recode(const AstNode& node, std::string_view text, const Scope& scope, Item& out) {
  std::string_view form;
  const Outcome outcome = argument_string(node, 0, scope, form);
  if (outcome != Outcome::kOne) return outcome;
  const bool url = form == "urlbase64";
  std::optional<std::string> result;
  switch (node.function) {
    case Function::kEncode:
      if (form == "hex") return make_string(node, to_hex(text), out);
      if (url || form == "base64") return make_string(node, to_base64(text, url), out);
      return Outcome::kNone;
    case Function::kDecode:
      if (form == "hex") result = from_hex(text);
      if (url || form == "base64") result = from_base64(text, url);
      break;
    case Function::kEscape:
      if (form == "html") result = escape_html(text);
      if (form == "json") result = escape_json(text);
      break;
    default:
      if (form == "html") result = unescape_html(text);
      if (form == "json") result = unescape_json(text);
      break;
  }
  return result ? make_string(node, *result, out) : Outcome::kNone;
}

bool Evaluator::stream_strings(const AstNode& node, const Scope& scope, Sink sink) {
  Item input;
  Item converted;
  const Outcome outcome = value(node.a, scope, input);
  if (outcome == Outcome::kError) return false;
  if (outcome == Outcome::kNone || values_.to_system(input, converted) == Conversion::kEmpty) return true;
  if (converted.tag() != Tag::kString)
    return fail(node.position, fmt::format("{}() works on a string", info_of(node.function).name));
  const std::string_view text = converted.as_string();
  std::string_view separator;
  if (node.function == Function::kSplit) {
    const Outcome given = argument_string(node, 0, scope, separator);
    if (given != Outcome::kOne) return given == Outcome::kNone;
  }
  if (!steps(text.size() / kBytesPerStep + steps_of_search(text, separator))) return false;
  std::size_t at = 0;
  while (separator.empty() ? at < text.size() : true) {
    const std::size_t end = separator.empty() ? at + offset_of_character(text.substr(at), 1) : text.find(separator, at);
    if (!step() || !sink(Item::string(text.substr(at, end == std::string_view::npos ? end : end - at)))) return false;
    if (end == std::string_view::npos) break;
    at = end + separator.size();
  }
  return true;
}

Outcome Evaluator::join(const AstNode& node, const Scope& scope, Item& out) {
  std::string_view separator;
  if (node.count == 1 && argument_string(node, 0, scope, separator) == Outcome::kError) return Outcome::kError;
  std::string result;
  bool first = true;
  stream(node.a, scope, [&](const Item& item) {
    Item text;
    const Conversion conversion = values_.to_system(item, text);
    if (conversion == Conversion::kEmpty) return true;
    if (conversion == Conversion::kObject || text.tag() != Tag::kString)
      return fail(node.position, "join() works on strings");
    if (!first) result += separator;
    first = false;
    result += text.as_string();
    return result.size() <= program_.limits.max_string_bytes ||
           exhaust(node.position, "join() builds a text that is too long");
  });
  if (failed_) return Outcome::kError;
  if (first) return Outcome::kNone;
  return make_string(node, result, out);
}

}  // namespace embergate::fhirpath
