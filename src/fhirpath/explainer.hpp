// SPDX-License-Identifier: Apache-2.0
// How a result came about: evaluates the parts of a program one by one and notes what each gives, the whole first, its
// parts below it. Filters are told for their first items. Thread: one evaluation. Ownership: lives for one call.
// Failure: the error of a part is its result. Bounds: kMaxExplainSteps steps; the limits of the program.
#pragma once

#include <string>
#include <vector>

#include "fhirpath/evaluator.hpp"

namespace embergate::fhirpath {

class Explainer {
 public:
  Explainer(const Program& program, const EvaluationContext& context, Arena& arena, std::vector<Step>& steps);
  void run();

 private:
  void part(NodeId id, const Scope& scope, std::size_t depth);
  void parts_below(NodeId id, const Scope& scope, std::size_t depth);
  void arguments(const AstNode& call, const Scope& scope, std::size_t depth);
  void for_each_input(const AstNode& call, NodeId argument, const Scope& scope, std::size_t depth);
  void note_result(NodeId id, const Scope& scope, std::size_t step);
  [[nodiscard]] bool worth_telling(const AstNode& node) const;

  const Program& program_;
  Arena& arena_;
  EvaluationContext context_;
  Evaluator evaluator_;
  std::vector<Step>& steps_;
  std::string input_;  // of the steps inside a filter
};

}  // namespace embergate::fhirpath
