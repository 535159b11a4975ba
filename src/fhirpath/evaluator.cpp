// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "fhirpath/shared_parts.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::uint64_t kStepsBetweenChecks = 1024;
constexpr std::uint64_t kStepsBetweenLooksAtTheTime = 65'536;

// How long this thread has worked, not how long it has waited.
std::chrono::nanoseconds cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace

Evaluator::Evaluator(const Program& program, const EvaluationContext& context, Arena& arena)
    : program_(program),
      context_(context),
      arena_(arena),
      values_(*program.model, arena, 2 * program.limits.max_steps),
      next_check_(std::min<std::uint64_t>(kStepsBetweenChecks, program.limits.max_steps + 1)),
      max_steps_(program.limits.max_steps),
      arena_bytes_(arena.allocated()),
      slots_(program.slot_count) {
  if (context.step_budget) max_steps_ = std::min(max_steps_, *context.step_budget);
  next_check_ = std::min(next_check_, max_steps_ + 1);
  if (!context.resource) return;
  root_ = root_item(context.resource);
  has_root_ = true;
}

Evaluator::~Evaluator() {
  if (context_.steps_used) *context_.steps_used = steps_;
  if (context_.step_budget) *context_.step_budget -= std::min(*context_.step_budget, steps_);
}

Item Evaluator::root_item(const fhir::Resource* resource) const {
  const std::string_view name = resource->type();
  const fhir::Model& model = *program_.model;
  const bool expected = program_.context_type != fhir::kNoType && model.name_of(program_.context_type) == name;
  return Item::element(resource, 0, kNoIndex, expected ? program_.context_type : model.find_type(name));
}

Truth Evaluator::run_truth() {
  const Scope scope{{&root_, has_root_ ? 1U : 0U}, 0, {}};
  const Truth result = truth(program_.root, scope);
  return failed_ ? Truth::kError : result;
}

bool Evaluator::run(Collection& out) {
  const Scope scope{{&root_, has_root_ ? 1U : 0U}, 0, {}};
  return collect(program_.root, scope, out);
}

EvaluationError Evaluator::error() const {
  const Place place = place_of(program_.text, error_position_);
  return {error_message_, place.line, place.column, exhausted_};
}

bool Evaluator::fail(std::uint32_t position, std::string message) {
  if (!failed_) {
    failed_ = true;
    error_position_ = position;
    error_message_ = std::move(message);
  }
  return false;
}

bool Evaluator::exhaust(std::uint32_t position, std::string message) {
  exhausted_ = exhausted_ || !failed_;
  return fail(position, std::move(message));
}

Outcome Evaluator::exhausted(const AstNode& node, std::string message) {
  exhaust(node.position, std::move(message));
  return Outcome::kError;
}

Outcome Evaluator::error(const AstNode& node, std::string message) {
  fail(node.position, std::move(message));
  return Outcome::kError;
}

Truth Evaluator::error_truth(const AstNode& node, std::string message) {
  fail(node.position, std::move(message));
  return Truth::kError;
}

bool Evaluator::check_limits() {
  if (failed_) return false;
  if (steps_ > max_steps_)
    return exhaust(0, fmt::format("the evaluation took more than {} steps; make the criterion simpler", max_steps_));
  if (arena_.allocated() - arena_bytes_ + other_bytes_ > program_.limits.max_bytes) {
    return exhaust(0, fmt::format("the evaluation built more than {} bytes; make the criterion simpler",
                                  program_.limits.max_bytes));
  }
  if (context_.stop && context_.stop->load(std::memory_order_relaxed)) return exhaust(0, "the evaluation was ended");
  if (steps_ >= next_guards_ && !check_time()) return false;
  next_check_ = std::min(steps_ + kStepsBetweenChecks, max_steps_ + 1);
  return true;
}

bool Evaluator::check_time() {
  const bool first = next_guards_ == 0;
  next_guards_ = steps_ + kStepsBetweenLooksAtTheTime;
  if (first && steps_ < kStepsBetweenLooksAtTheTime) return true;
  const std::chrono::nanoseconds now = cpu_time();
  if (started_.count() == 0) started_ = now;
  if (now - started_ <= program_.limits.max_cpu) return true;
  return exhaust(0, fmt::format("the evaluation worked longer than {} ms; make the criterion simpler",
                                program_.limits.max_cpu.count()));
}

bool Evaluator::push(Collection& out, const Item& item, const AstNode& node) {
  if (out.size() >= program_.limits.max_items) {
    return exhaust(node.position, fmt::format("a collection has more than {} items", program_.limits.max_items));
  }
  out.push(item);
  return step();
}

bool Evaluator::collect(NodeId id, const Scope& scope, Collection& out) {
  const AstNode& node = program_.node(id);
  stream(id, scope, [&](const Item& item) { return push(out, item, node); });
  return !failed_;
}

Items Evaluator::operand(NodeId id, const Scope& scope, Collection& room) {
  const AstNode& node = program_.node(id);
  if (node.op == Op::kConstant) return {program_.constants.data() + node.a, node.b};
  if (node.op == Op::kThis) return scope.self;
  collect(id, scope, room);
  return all_of(room);
}

bool Evaluator::stream_items(Items items, Sink sink) {
  for (const Item& item : items) {
    if (!step() || !sink(item)) return false;
  }
  return true;
}

bool Evaluator::stream(NodeId id, const Scope& scope, Sink sink) {
  if (is_shared(program_.node(id))) return stream_shared(id, scope, sink);
  return stream_alone(id, scope, sink);
}

bool Evaluator::stream_shared(NodeId id, const Scope& scope, Sink sink) {
  using Part = SharedParts::Impl::Part;
  const std::uint32_t number = context_.parts[program_.node(id).part - 1U];
  if (number == SharedParts::kNotShared) return stream_alone(id, scope, sink);
  Part& part = context_.shared->impl_->parts[number];
  if (part.state == Part::State::kUnknown) {
    Collection found(arena_);
    stream_part_anew(id, scope, [&](const Item& item) {
      found.push(item);
      return found.size() <= SharedParts::kMaxItems;
    });
    if (failed_) return false;
    const bool kept = context_.shared->impl_->keep(part, all_of(found));
    part.state = kept ? Part::State::kKept : Part::State::kTooLong;
  }
  return part.state == Part::State::kKept ? stream_of_part(part.items, id, scope, sink) : stream_alone(id, scope, sink);
}

bool Evaluator::stream_part_anew(NodeId id, const Scope& scope, Sink sink) {
  const AstNode& node = program_.node(id);
  if (!node.typed_part) return stream_alone(id, scope, sink);
  const NodeId type = program_.node(argument(node, 0)).a;
  return stream(node.a, scope, [&](const Item& item) { return pass_if(type, item, 0, scope, sink); });
}

bool Evaluator::stream_of_part(Items part, NodeId id, const Scope& scope, Sink sink) {
  const AstNode& node = program_.node(id);
  if (!node.typed_part) return stream_items(part, sink);
  const NodeId rest = program_.node(argument(node, 0)).b;
  for (const Item& item : part) {
    if (!step() || !pass_if(rest, item, 0, scope, sink)) return false;
  }
  return true;
}

bool Evaluator::stream_alone(NodeId id, const Scope& scope, Sink sink) {
  if (!step()) return false;
  const AstNode& node = program_.node(id);
  if (node.shape != Shape::kStream) {
    Item item;
    const Outcome outcome = value(id, scope, item);
    if (outcome == Outcome::kOne) return sink(item);
    return outcome == Outcome::kNone;
  }
  switch (node.op) {
    case Op::kThis:
      return stream_items(scope.self, sink);
    case Op::kConstant:
      return stream_items({program_.constants.data() + node.a, node.b}, sink);
    case Op::kIndex:
      return sink(Item::integer(scope.index));
    case Op::kTotal:
      return stream_items(scope.total, sink);
    case Op::kVariable:
      return stream_variable(node, sink);
    case Op::kResource:
      return !has_root_ || sink(root_);
    case Op::kSlot:
      return stream_items(slots_[node.a], sink);
    case Op::kInstance:
      return stream_instance(node, scope, sink);
    case Op::kMember:
      return stream_member(node, scope, sink);
    case Op::kRootType:
      return stream_root_type(node, scope, sink);
    case Op::kElementAt:
      return stream_element_at(node, scope, sink);
    case Op::kAs:
      return stream_as(node, program_.types[node.b], scope, sink, program_.as_filters);
    case Op::kUnion:
      return stream_union(node.a, node.b, scope, sink);
    default:
      return stream_function(id, scope, sink);
  }
}

Outcome Evaluator::streamed_value(NodeId id, const Scope& scope, Item& out) {
  const AstNode& node = program_.node(id);
  bool found = false;
  stream(id, scope, [&](const Item& item) {
    if (found) return fail(node.position, "expected one item here, found several; use first(), exists() or where()");
    out = item;
    found = true;
    return true;
  });
  if (failed_) return Outcome::kError;
  return found ? Outcome::kOne : Outcome::kNone;
}

Outcome Evaluator::value(NodeId id, const Scope& scope, Item& out) {
  const AstNode& node = program_.node(id);
  switch (node.shape) {
    case Shape::kStream:
      if (node.op == Op::kConstant && node.b == 1) {
        out = program_.constants[node.a];
        return Outcome::kOne;
      }
      if (node.op == Op::kThis && scope.self.size == 1) {
        if (!step()) return Outcome::kError;
        out = scope.self[0];
        return Outcome::kOne;
      }
      return streamed_value(id, scope, out);
    case Shape::kValue:
      if (!step()) return Outcome::kError;
      return computed_value(node, scope, out);
    case Shape::kTruth:
      break;
  }
  const Truth result = truth(id, scope);
  if (failed_ || result == Truth::kError) return Outcome::kError;
  if (result == Truth::kEmpty) return Outcome::kNone;
  out = Item::boolean(result == Truth::kTrue);
  return Outcome::kOne;
}

Outcome Evaluator::computed_value(const AstNode& node, const Scope& scope, Item& out) {
  switch (node.op) {
    case Op::kFunction:
      return value_function(node, scope, out);
    case Op::kConcatenate:
      return concatenate(node, scope, out);
    case Op::kNegate:
    case Op::kPlus:
      return negated(node, scope, out);
    default:
      return arithmetic(node, scope, out);
  }
}

Truth Evaluator::truth_of(const AstNode& node, const Item& item) {
  Item converted;
  switch (values_.to_system(item, converted)) {
    case Conversion::kEmpty:
      return values_.text_of_huge(item).empty() ? Truth::kEmpty : Truth::kTrue;
    case Conversion::kObject:
      return Truth::kTrue;
    case Conversion::kValue:
      break;
  }
  static_cast<void>(node);
  return converted.tag() == Tag::kBoolean ? truth_value(converted.as_boolean()) : Truth::kTrue;
}

Truth Evaluator::truth(NodeId id, const Scope& scope) {
  const AstNode& node = program_.node(id);
  if (node.shape == Shape::kTruth) {
    if (!step()) return Truth::kError;
    return node.op == Op::kFunction ? truth_function(node, scope) : truth_operator(node, scope);
  }
  Item item;
  switch (value(id, scope, item)) {
    case Outcome::kNone:
      return Truth::kEmpty;
    case Outcome::kError:
      return Truth::kError;
    case Outcome::kOne:
      break;
  }
  return truth_of(node, item);
}

core::SystemTime Evaluator::now() {
  if (!now_) now_ = context_.now ? *context_.now : core::system_clock().system_now();
  return *now_;
}

Outcome Evaluator::argument_integer(const AstNode& node, std::uint32_t position, const Scope& scope,
                                    std::int64_t& out) {
  Item item;
  const Outcome outcome = value(argument(node, position), scope, item);
  if (outcome != Outcome::kOne) return outcome;
  Item converted;
  if (values_.to_system(item, converted) == Conversion::kEmpty) return Outcome::kNone;
  if (converted.tag() != Tag::kInteger && converted.tag() != Tag::kLong) {
    return error(node, fmt::format("{}() needs an integer as argument {}", info_of(node.function).name, position + 1));
  }
  out = converted.as_integer();
  return Outcome::kOne;
}

Outcome Evaluator::argument_string(const AstNode& node, std::uint32_t position, const Scope& scope,
                                   std::string_view& out) {
  Item item;
  const Outcome outcome = value(argument(node, position), scope, item);
  if (outcome != Outcome::kOne) return outcome;
  Item converted;
  if (values_.to_system(item, converted) == Conversion::kEmpty) return Outcome::kNone;
  if (converted.tag() != Tag::kString) {
    return error(node, fmt::format("{}() needs a string as argument {}", info_of(node.function).name, position + 1));
  }
  out = converted.as_string();
  return Outcome::kOne;
}

Outcome Evaluator::make_string(const AstNode& node, std::string_view first, std::string_view second, Item& out) {
  constexpr std::size_t kBytesPerStep = 64;
  const std::size_t size = first.size() + second.size();
  if (size > program_.limits.max_string_bytes)
    return exhausted(node, fmt::format("a text is longer than {} bytes", program_.limits.max_string_bytes));
  if (!steps(size / kBytesPerStep)) return Outcome::kError;
  return one(out, Item::string(arena_.join(first, second)));
}

Outcome Evaluator::make_quantity(const std::optional<OwnedQuantity>& quantity, Item& out) {
  if (!quantity) return Outcome::kNone;
  return one(out,
             Item::quantity(arena_.make(Quantity{quantity->value, arena_.copy(quantity->unit), quantity->calendar})));
}

}  // namespace embergate::fhirpath
