// SPDX-License-Identifier: Apache-2.0
// What the static pass knows of function calls: what their arguments see, criteria, patterns, variables.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fhirpath/checker.hpp"
#include "fhirpath/function_table.hpp"
#include "fhirpath/pattern.hpp"

namespace embergate::fhirpath {

void Checker::visit_arguments(const AstNode& node, const StaticType& input, const Scope& scope, const Slots& slots,
                              std::vector<StaticType>& results) {
  const Arguments kind = info_of(node.function).arguments;
  Scope inner{input, scope.total};
  inner.self.many = kind == Arguments::kDefineVariable;
  if (kind == Arguments::kAggregate) inner.total = StaticType::unknown();
  if (node.function == Function::kRepeat || node.function == Function::kRepeatAll) inner.self = repeated(node, input);
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const bool in_outer = kind == Arguments::kPlain || (kind == Arguments::kAggregate && i == 1) ||
                          ((kind == Arguments::kTrace || kind == Arguments::kDefineVariable) && i == 0);
    Slots visible = slots;
    results.push_back(visit(program_.arguments[node.b + i], in_outer ? scope : inner, visible));
  }
}

// What $this may be inside repeat(): the input, and what the argument gives of it, again and again. Followed for a
// plain element name only.
StaticType Checker::repeated(const AstNode& node, const StaticType& input) {
  constexpr int kRounds = 8;
  const AstNode& argument = program_.node(program_.arguments[node.b]);
  if (!input.known || argument.op != Op::kMember || program_.node(argument.a).op != Op::kThis)
    return StaticType::unknown();
  StaticType all = input;
  for (int round = 0; round < kRounds; ++round) {
    StaticType found{true, true, true, false, {}};
    bool open = false;
    for (const TypeRef& from : all.types) add_members(argument, program_.members[argument.b], from, found, open);
    if (open) return StaticType::unknown();
    const std::size_t before = all.types.size();
    for (const TypeRef& type : found.types) add_type(all, type);
    if (all.types.size() == before) return all;
  }
  return StaticType::unknown();
}

StaticType Checker::visit_function(NodeId id, const Scope& scope, Slots& slots) {
  const StaticType input = visit(program_.nodes[id].a, scope, slots);
  if (error_) return StaticType::unknown();
  std::vector<StaticType> arguments;
  visit_arguments(program_.nodes[id], input, scope, slots, arguments);
  if (error_) return StaticType::unknown();
  AstNode& node = program_.nodes[id];
  check_pattern(node);
  switch (node.function) {
    case Function::kWhere:
    case Function::kAll:
    case Function::kIif:
      check_criterion(program_.arguments[node.b], arguments.front());
      break;
    case Function::kExists:
      if (node.count == 1) check_criterion(program_.arguments[node.b], arguments.front());
      break;
    case Function::kSkip:
    case Function::kTake:
    case Function::kFirst:
    case Function::kLast:
    case Function::kTail:
      if (!input.ordered)
        warn(node.position,
             fmt::format("{}() on children or descendants: their order is not defined", info_of(node.function).name));
      break;
    case Function::kDefineVariable:
      visit_definition(node, node.count == 2 ? arguments[1] : input, slots);
      break;
    default:
      break;
  }
  return result_of(node, input, arguments);
}

void Checker::visit_definition(AstNode& node, const StaticType& type, Slots& slots) {
  const AstNode& name = program_.node(program_.arguments[node.b]);
  if (name.op != Op::kConstant || name.b != 1 || program_.constants[name.a].tag() != Tag::kString)
    return fail(node.position, "the name of defineVariable() must be a string literal",
                "write defineVariable('name', value)");
  const std::string text(program_.constants[name.a].as_string());
  const auto& hosts = program_.host_variables;
  const bool is_own = std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.name == text; });
  const bool is_fixed =
      text == "context" || text == "resource" || text == "rootResource" || !fixed_variable(text).empty();
  if (is_own || is_fixed || std::find(hosts.begin(), hosts.end(), text) != hosts.end())
    return fail(node.position, fmt::format("the variable %{} is defined already", text), "choose another name");
  node.extra = program_.slot_count++;
  slots.push_back({text, node.extra, type});
}

void Checker::check_criterion(NodeId criterion, const StaticType& type) {
  if (!type.known || type.types.empty()) return;
  const auto may_be_boolean = [this](const TypeRef& ref) {
    return ref.system == Tag::kBoolean ||
           (ref.type != fhir::kNoType && model_.system_type_of(ref.type) == fhir::SystemType::kBoolean);
  };
  if (std::none_of(type.types.begin(), type.types.end(), may_be_boolean)) {
    warn(program_.node(criterion).position,
         fmt::format("the criterion is {}, not a Boolean; use .exists() or a comparison", names_of(type)));
  }
}

void Checker::check_pattern(AstNode& node) {
  const bool replaces = node.function == Function::kReplaceMatches;
  if (node.function != Function::kMatches && node.function != Function::kMatchesFull && !replaces) return;
  const auto constant_text = [this](NodeId id) -> std::optional<std::string_view> {
    const AstNode& argument = program_.node(id);
    if (argument.op != Op::kConstant || argument.b != 1 || program_.constants[argument.a].tag() != Tag::kString)
      return std::nullopt;
    return program_.constants[argument.a].as_string();
  };
  const auto pattern = constant_text(program_.arguments[node.b]);
  const std::uint32_t flag_position = replaces ? 2 : 1;
  const auto flags = node.count > flag_position ? constant_text(program_.arguments[node.b + flag_position])
                                                : std::optional(std::string_view());
  if (!pattern || !flags) return;
  Pattern compiled = compile_pattern(*pattern, *flags, program_.limits);
  if (!compiled.compiled) {
    fail(program_.node(program_.arguments[node.b]).position, compiled.error, compiled.hint);
    return;
  }
  if (const auto by = replaces ? constant_text(program_.arguments[node.b + 1]) : std::nullopt) {
    Substitution ignored;
    if (std::string wrong = read_substitution(*compiled.compiled, *by, ignored); !wrong.empty())
      return fail(program_.node(program_.arguments[node.b + 1]).position, std::move(wrong), std::string(kDollarHint));
  }
  program_.patterns.push_back(std::move(compiled.compiled));
  node.extra = static_cast<std::uint32_t>(program_.patterns.size() - 1);
}

}  // namespace embergate::fhirpath
