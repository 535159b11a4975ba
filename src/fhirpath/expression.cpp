// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhirpath/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fhirpath/checker.hpp"
#include "fhirpath/describe.hpp"
#include "fhirpath/evaluator.hpp"
#include "fhirpath/explainer.hpp"
#include "fhirpath/parser.hpp"
#include "fhirpath/program.hpp"
#include "fhirpath/result_text.hpp"
#include "fhirpath/shared_parts.hpp"

namespace embergate::fhirpath {
namespace {

core::Error refuse(CompileError error, CompileError* out) {
  std::string message = fmt::format("line {}, column {}: {}", error.line, error.column, error.message);
  if (!error.hint.empty()) message += fmt::format("; {}", error.hint);
  if (out) *out = std::move(error);
  return core::make_error(core::ErrorCode::kInvalid, std::move(message));
}

core::Error error_at(std::string_view text, const ParseError& error, CompileError* out) {
  const Place place = place_of(text, error.offset);
  return refuse({place.line, place.column, error.message, error.hint}, out);
}

// Memory of evaluations, kept by thread. Nested use cannot happen: an evaluation calls nothing that evaluates.
Arena& thread_arena() {
  thread_local Arena arena;
  return arena;
}

class ArenaUse {
 public:
  explicit ArenaUse(Arena& arena) : arena_(arena) {}
  ~ArenaUse() { arena_.release(); }
  ArenaUse(const ArenaUse&) = delete;
  ArenaUse& operator=(const ArenaUse&) = delete;

 private:
  Arena& arena_;
};

}  // namespace

struct Expression::Impl {
  Program program;
  std::vector<bool> used_variables;  // as Program::host_variables
};

Expression::Expression(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Expression::~Expression() = default;

core::Result<std::shared_ptr<const Expression>> Expression::compile(std::string_view text,
                                                                    const CompileOptions& options,
                                                                    CompileError* error) {
  if (text.size() > options.limits.max_expression_bytes) {
    return refuse({1, 1, fmt::format("the expression is longer than {} bytes", options.limits.max_expression_bytes),
                   "split it into several triggers"},
                  error);
  }
  auto impl = std::make_unique<Impl>();
  Program& program = impl->program;
  program.model = options.model ? options.model : &fhir::Model::r4();
  program.text = text;
  program.limits = options.limits;
  program.context_type = options.context_type;
  program.host_variables = options.variables;
  program.as_filters = options.as_filters;
  Names names;
  if (const auto found = Parser(program, names).parse()) return error_at(program.text, *found, error);
  if (const auto found = Checker(program, names, options).run()) return error_at(program.text, *found, error);
  impl->used_variables.resize(program.host_variables.size());
  for (AstNode& node : program.nodes) {
    node.shape = shape_of(node);
    if (node.op == Op::kVariable) impl->used_variables[node.a] = true;
  }
  mark_parts(program);
  return std::shared_ptr<const Expression>(new Expression(std::move(impl)));
}

Truth Expression::evaluate_truth(const EvaluationContext& context, EvaluationError* error) const {
  Arena& arena = thread_arena();
  const ArenaUse use(arena);
  Evaluator evaluator(impl_->program, context, arena);
  const Truth result = evaluator.run_truth();
  if (context.explain) Explainer(impl_->program, context, arena, *context.explain).run();
  if (result == Truth::kError && error) *error = evaluator.error();
  return result;
}

core::Result<std::vector<ResultItem>> Expression::evaluate(const EvaluationContext& context,
                                                           EvaluationError* error) const {
  Arena& arena = thread_arena();
  const ArenaUse use(arena);
  Evaluator evaluator(impl_->program, context, arena);
  Collection items(arena);
  const bool good = evaluator.run(items);
  if (context.explain) Explainer(impl_->program, context, arena, *context.explain).run();
  if (!good) {
    const EvaluationError found = evaluator.error();
    if (error) *error = found;
    return core::make_error(core::ErrorCode::kInvalid,
                            fmt::format("line {}, column {}: {}", found.line, found.column, found.message));
  }
  std::vector<ResultItem> results;
  results.reserve(items.size());
  for (const Item& item : items) results.push_back(result_of(evaluator.values(), item));
  return results;
}

const std::string& Expression::text() const { return impl_->program.text; }
const std::vector<Warning>& Expression::warnings() const { return impl_->program.warnings; }
const std::vector<std::string>& Expression::shareable_parts() const { return impl_->program.parts; }
std::string Expression::tree() const { return tree_of(impl_->program); }

bool Expression::uses_variable(std::string_view name) const {
  const auto& names = impl_->program.host_variables;
  const auto found = std::find(names.begin(), names.end(), name);
  return found != names.end() && impl_->used_variables[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace embergate::fhirpath
