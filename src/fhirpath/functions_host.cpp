// SPDX-License-Identifier: Apache-2.0
// What an evaluation gets from its host and gives to it: variables, trace(), defineVariable().
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "embergate/core/text.hpp"
#include "fhirpath/evaluator.hpp"
#include "fhirpath/result_text.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::string_view kWrapperMember = "value";

// Counts what the lines hold so far: names and texts.
std::size_t size_of(const Trace& trace) {
  std::size_t size = 0;
  for (const Trace::Line& line : trace.lines) size += line.name.size() + line.text.size();
  return size;
}

}  // namespace

// The tree of a Resource begins with an object, so the value is a member of one.
core::Result<fhir::ResourcePtr> parse_value(std::string_view json) {
  auto parsed = fhir::Resource::parse(fmt::format(R"({{"{}":{}}})", kWrapperMember, json));
  if (!parsed) return parsed.error();
  if ((*parsed)->root().size() == 1) return parsed;
  return core::make_error(core::ErrorCode::kMalformed, "not valid JSON: text follows the value");
}

bool Evaluator::stream_variable(const AstNode& node, Sink sink) {
  const std::string& name = program_.host_variables[node.a];
  for (const auto& variable : context_.variables) {
    if (variable.name != name) continue;
    if (!variable.value) return true;
    return variable.system_value ? stream_host_value(variable.value, sink) : sink(root_item(variable.value));
  }
  return true;
}

bool Evaluator::stream_host_value(const fhir::Resource* owner, Sink sink) {
  const auto emit = [&](fhir::Node node) {
    if (node.is_null()) return true;
    const fhir::TypeId type = node.is_object() ? type_of_resource(node) : fhir::kNoType;
    const Item element = Item::element(owner, node.index(), kNoIndex, type);
    Item value;
    return step() && sink(values_.to_system(element, value) == Conversion::kValue ? value : element);
  };
  const fhir::Node value = owner->root().member(kWrapperMember);
  if (!value.is_array()) return emit(value);
  for (fhir::Node item = value.first_child(); item; item = item.next_sibling(value)) {
    if (!emit(item)) return false;
  }
  return true;
}

bool Evaluator::stream_trace(const AstNode& node, const Scope& scope, Sink sink) {
  if (!context_.trace) return stream(node.a, scope, sink);
  std::string_view name;
  if (argument_string(node, 0, scope, name) == Outcome::kError) return false;
  Collection input(arena_);
  if (!collect(node.a, scope, input)) return false;
  Collection shown(arena_);
  for (std::uint32_t i = 0; node.count == 2 && i < input.size(); ++i) {
    if (!collect(argument(node, 1), Scope{{&input[i], 1}, i, scope.total}, shown)) return false;
  }
  note_trace(name, node.count == 2 ? all_of(shown) : all_of(input));
  return stream_items(all_of(input), sink);
}

void Evaluator::note_trace(std::string_view name, Items items) {
  Trace& trace = *context_.trace;
  if (trace.cut) return;
  const std::size_t used = size_of(trace) + name.size();
  const std::size_t most = program_.limits.max_trace_bytes;
  if (used > most) {
    trace.cut = true;
    return;
  }
  std::string text;
  for (const Item& item : items) {
    if (!text.empty()) text += ", ";
    text += json_of(values_, item);
    trace.cut = text.size() > most - used;
    if (trace.cut) break;
  }
  trace.lines.push_back({std::string(name), trace.cut ? core::shortened(text, most - used) : std::move(text)});
}

bool Evaluator::stream_define(const AstNode& node, const Scope& scope, Sink sink) {
  Collection input(arena_);
  if (!collect(node.a, scope, input)) return false;
  // The slot outlives this call: it is read further right in the same chain.
  const auto keep = [this](const Collection& items) {
    Item* copy = static_cast<Item*>(arena_.allocate(items.size() * sizeof(Item)));
    std::copy(items.begin(), items.end(), copy);
    return Items{copy, items.size()};
  };
  const Items kept = keep(input);
  if (node.count == 1) {
    slots_[node.extra] = kept;
  } else {
    Collection defined(arena_);
    if (!collect(argument(node, 1), Scope{kept, scope.index, scope.total}, defined)) return false;
    slots_[node.extra] = keep(defined);
  }
  return stream_items(kept, sink);
}

}  // namespace embergate::fhirpath
