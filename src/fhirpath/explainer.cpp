// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/explainer.hpp"

#include <fmt/format.h>

#include <utility>

#include "embergate/core/text.hpp"
#include "fhirpath/describe.hpp"
#include "fhirpath/result_text.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::uint32_t kShownInputs = 3;
constexpr std::uint32_t kShownItems = 5;
constexpr std::size_t kShownBytes = 120;

// Explaining is a second look: it neither traces again nor spends what the topics of an event share.
EvaluationContext quiet(const EvaluationContext& context) {
  EvaluationContext copy = context;
  copy.step_budget = nullptr;
  copy.steps_used = nullptr;
  copy.trace = nullptr;
  copy.explain = nullptr;
  return copy;
}

}  // namespace

Explainer::Explainer(const Program& program, const EvaluationContext& context, Arena& arena, std::vector<Step>& steps)
    : program_(program), arena_(arena), context_(quiet(context)), evaluator_(program, context_, arena), steps_(steps) {}

void Explainer::run() {
  const Scope scope{{&evaluator_.root_, evaluator_.has_root_ ? 1U : 0U}, 0, {}};
  part(program_.root, scope, 0);
}

// Literals and the heads of paths say nothing that the text does not say.
bool Explainer::worth_telling(const AstNode& node) const {
  return node.op != Op::kConstant && node.op != Op::kThis && node.op != Op::kIndex && node.op != Op::kTotal;
}

void Explainer::part(NodeId id, const Scope& scope, std::size_t depth) {
  const AstNode& node = program_.node(id);
  if (steps_.size() >= kMaxExplainSteps || (depth > 0 && !worth_telling(node))) return;
  const Place place = place_of(program_.text, node.position);
  const std::size_t step = steps_.size();
  steps_.push_back(
      {place.line, place.column, depth, core::shortened(source_of(program_, id), kShownBytes), input_, 0, {}});
  parts_below(id, scope, depth + 1);
  note_result(id, scope, step);
}

void Explainer::parts_below(NodeId id, const Scope& scope, std::size_t depth) {
  const AstNode& node = program_.node(id);
  switch (node.op) {
    case Op::kMember:
    case Op::kNegate:
    case Op::kPlus:
    case Op::kIs:
    case Op::kAs:
      part(node.a, scope, depth);
      break;
    case Op::kFunction:
      part(node.a, scope, depth);
      arguments(node, scope, depth);
      break;
    default:
      if (!is_binary(node.op)) break;
      part(node.a, scope, depth);
      part(node.b, scope, depth);
  }
}

void Explainer::arguments(const AstNode& call, const Scope& scope, std::size_t depth) {
  const Arguments kind = info_of(call.function).arguments;
  if (kind == Arguments::kAggregate) return;  // $total is known only on the way
  for (std::uint32_t i = 0; i < call.count; ++i) {
    const NodeId argument = evaluator_.argument(call, i);
    const bool in_outer =
        kind == Arguments::kPlain || ((kind == Arguments::kTrace || kind == Arguments::kDefineVariable) && i == 0);
    if (in_outer) {
      part(argument, scope, depth);
    } else {
      for_each_input(call, kind == Arguments::kSort ? program_.node(argument).a : argument, scope, depth);
    }
  }
}

void Explainer::for_each_input(const AstNode& call, NodeId argument, const Scope& scope, std::size_t depth) {
  const AstNode& node = program_.node(argument);
  if (!worth_telling(node)) return;
  Collection inputs(arena_);
  evaluator_.stream(call.a, scope, [&](const Item& item) {
    inputs.push(item);
    return inputs.size() < kShownInputs;
  });
  evaluator_.forget_error();
  std::string outer = std::move(input_);
  for (std::uint32_t i = 0; i < inputs.size(); ++i) {
    input_ = core::shortened(json_of(evaluator_.values(), inputs[i]), kShownBytes);
    part(argument, Scope{{&inputs[i], 1}, i, scope.total}, depth);
  }
  input_ = std::move(outer);
}

void Explainer::note_result(NodeId id, const Scope& scope, std::size_t step) {
  Collection items(arena_);
  if (!evaluator_.collect(id, scope, items)) {
    steps_[step].result = fmt::format("error: {}", evaluator_.error_message_);
    evaluator_.forget_error();
    return;
  }
  steps_[step].items = items.size();
  std::string text;
  for (std::uint32_t i = 0; i < std::min(items.size(), kShownItems); ++i) {
    if (i > 0) text += ", ";
    text += core::shortened(json_of(evaluator_.values(), items[i]), kShownBytes);
  }
  if (items.size() > kShownItems) text += ", ...";
  steps_[step].result = std::move(text);
}

}  // namespace embergate::fhirpath
