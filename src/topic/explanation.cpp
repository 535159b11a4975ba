// SPDX-License-Identifier: Apache-2.0
#include "topic/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "embergate/core/text.hpp"

namespace embergate::topic {
namespace {

using fhirpath::Step;
using Steps = std::span<const Step>;

constexpr std::size_t kQuotedBytes = 160;
constexpr std::size_t kValueBytes = 80;
constexpr std::size_t kReasons = 3;

std::string quoted(const Step& step) { return fmt::format("`{}`", core::shortened(step.expression, kQuotedBytes)); }

// The parts of a part stand behind it, one level deeper. What a filter saw of single items decides nothing by itself.
std::vector<std::size_t> parts_of(Steps steps, std::size_t whole) {
  std::vector<std::size_t> parts;
  for (std::size_t i = whole + 1; i < steps.size() && steps[i].depth > steps[whole].depth; ++i) {
    if (steps[i].depth == steps[whole].depth + 1 && steps[i].input.empty()) parts.push_back(i);
  }
  return parts;
}

// What is written behind `part` in `whole`, when the whole begins with it: ".status", "= 'final'".
std::string_view text_behind(const Step& whole, const Step& part) {
  std::string_view text = whole.expression;
  if (!text.starts_with(part.expression)) return {};
  text.remove_prefix(part.expression.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

std::string value_of(const Step& step) {
  if (step.items == 0) return fmt::format("{} is empty", quoted(step));
  if (step.items > 1) return fmt::format("{} has {} items", quoted(step), step.items);
  return fmt::format("{} is {}", quoted(step), core::shortened(step.result, kValueBytes));
}

// The smallest parts that are false themselves, and so made the whole false.
void collect_false(Steps steps, std::size_t whole, std::vector<std::size_t>& found) {
  const std::size_t before = found.size();
  for (const std::size_t part : parts_of(steps, whole)) {
    if (steps[part].items == 1 && steps[part].result == "false") collect_false(steps, part, found);
  }
  if (found.size() == before) found.push_back(whole);
}

std::string false_part(Steps steps, std::size_t part) {
  std::string text = fmt::format("{} is false", quoted(steps[part]));
  std::string separator = ": ";
  bool compares_lists = false;
  for (const std::size_t operand : parts_of(steps, part)) {
    text += separator + value_of(steps[operand]);
    separator = ", ";
    compares_lists |= steps[operand].items > 1 && text_behind(steps[part], steps[operand]).starts_with('=');
  }
  if (compares_lists) text += " (= compares lists as a whole; .exists($this = ...) asks for one of the items)";
  return text;
}

// From the whole to the first part that is empty by itself.
std::vector<std::size_t> chain_of_empties(Steps steps) {
  std::vector<std::size_t> chain{0};
  while (true) {
    const std::vector<std::size_t> parts = parts_of(steps, chain.back());
    const auto empty = std::find_if(parts.begin(), parts.end(), [&](std::size_t i) {
      return steps[i].items == 0 && !steps[i].result.starts_with("error");
    });
    if (empty == parts.end()) return chain;
    chain.push_back(*empty);
  }
}

// The nearest part above the cause that is more than a longer path: the comparison that could not be decided.
const Step* comparison_in(Steps steps, const std::vector<std::size_t>& chain) {
  for (std::size_t i = chain.size() - 1; i-- > 0;) {
    const std::string_view behind = text_behind(steps[chain[i]], steps[chain[i + 1]]);
    if (!behind.starts_with('.') && !behind.starts_with('[')) return &steps[chain[i]];
  }
  return nullptr;
}

std::string remedy(const Step& cause, bool compared, Interaction interaction) {
  if (cause.expression == "%previous" && interaction == Interaction::kCreate) {
    return "; a create has no previous state: write (%previous.empty() or ...), or compare with !~, which is never "
           "empty";
  }
  if (cause.expression == "%current" && interaction == Interaction::kDelete)
    return "; a delete has no current state: use %previous, or paths without a variable";
  if (!compared) return "; .exists() and .empty() are never empty";
  return "; a comparison with something absent is neither true nor false: ~ and !~ always decide, and .exists() or "
         ".empty() can be asked first";
}

}  // namespace

std::string why_false(Steps steps) {
  if (steps.empty()) return "the criterion is false";
  std::vector<std::size_t> found;
  collect_false(steps, 0, found);
  std::string text = "the criterion is false: ";
  for (std::size_t i = 0; i < std::min(found.size(), kReasons); ++i) {
    if (i > 0) text += "; ";
    text += false_part(steps, found[i]);
  }
  if (found.size() > kReasons) text += fmt::format("; and {} parts more", found.size() - kReasons);
  return text;
}

std::string why_empty(Steps steps, Interaction interaction) {
  std::string text = "the criterion gave the empty collection";
  if (steps.empty()) return text;
  const std::vector<std::size_t> chain = chain_of_empties(steps);
  const Step& cause = steps[chain.back()];
  const Step* comparison = comparison_in(steps, chain);
  text += comparison != nullptr ? fmt::format(": {} is empty because {} is empty", quoted(*comparison), quoted(cause))
                                : fmt::format(": {} is empty", quoted(cause));
  return text + remedy(cause, comparison != nullptr, interaction);
}

}  // namespace embergate::topic
