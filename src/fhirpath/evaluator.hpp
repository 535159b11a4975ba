// SPDX-License-Identifier: Apache-2.0
// Runs a program over one state. Three ways into every node, so that nothing is built that is not asked for:
// stream() hands items to a sink one by one, value() gives the one item there may be, truth() gives the logic value.
// Thread: one evaluation, one thread. Ownership: borrows program, context and arena. Failure: an error slot; after a
// call that returned false, kError or Truth::kError ask failed(). Bounds: Limits of the program, checked in step().
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/arena.hpp"
#include "fhirpath/function_table.hpp"
#include "fhirpath/program.hpp"
#include "fhirpath/sink.hpp"
#include "fhirpath/values.hpp"

namespace embergate::fhirpath {

class ItemSet;
struct Substitution;

class Evaluator {
 public:
  Evaluator(const Program& program, const EvaluationContext& context, Arena& arena);

  Truth run_truth();
  bool run(Collection& out);
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] EvaluationError error() const;
  [[nodiscard]] const Values& values() const { return values_; }

 private:
  friend class Explainer;
  // The three ways. stream(): false when the sink wanted no more or an error came.
  bool stream(NodeId id, const Scope& scope, Sink sink);
  bool stream_alone(NodeId id, const Scope& scope, Sink sink);  // without a look at SharedParts
  [[nodiscard]] bool is_shared(const AstNode& node) const { return node.part != 0 && context_.shared; }
  bool stream_shared(NodeId id, const Scope& scope, Sink sink);  // of a node that ends a part
  bool stream_part_anew(NodeId id, const Scope& scope, Sink sink);
  bool stream_of_part(Items part, NodeId id, const Scope& scope, Sink sink);
  Outcome value(NodeId id, const Scope& scope, Item& out);
  Truth truth(NodeId id, const Scope& scope);
  bool collect(NodeId id, const Scope& scope, Collection& out);    // false: error
  Items operand(NodeId id, const Scope& scope, Collection& room);  // constants without a copy
  Outcome streamed_value(NodeId id, const Scope& scope, Item& out);
  Outcome computed_value(const AstNode& node, const Scope& scope, Item& out);
  Truth truth_of(const AstNode& node, const Item& item);

  // Paths.
  bool stream_variable(const AstNode& node, Sink sink);
  bool stream_host_value(const fhir::Resource* owner, Sink sink);
  bool stream_member(const AstNode& node, const Scope& scope, Sink sink);
  bool count_member(const AstNode& node, const Scope& scope, std::int64_t& count);
  bool stream_instance(const AstNode& node, const Scope& scope, Sink sink);
  bool append_element(const AstNode& value, const Scope& scope, std::string& json);
  bool stream_root_type(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_element_at(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_as(const AstNode& node, const TypeSpecifier& type, const Scope& scope, Sink sink, bool many);
  bool stream_union(NodeId left, NodeId right, const Scope& scope, Sink sink);
  struct ValueType {
    fhir::TypeId type;
    bool is_resource;  // then the value itself says which
  };
  // Templates (in navigation.hpp): what takes an item is known to the compiler, so that a path of several names costs
  // one call for each item at its end.
  template <class Take>
  bool navigate(const Item& item, const Member& member, Take&& take);
  template <class Take>
  bool navigate_resolved(const Item& item, const Member& member, Take&& take);
  template <class Take>
  bool each_value(const fhir::Resource* owner, std::uint32_t value, std::uint32_t sibling, ValueType type, Take&& take);
  template <class Take>
  bool take_value(const fhir::Resource* owner, std::uint32_t value, std::uint32_t sibling, ValueType type, Take&& take);
  bool each_pair(const fhir::Resource* owner, std::uint32_t values, std::uint32_t siblings, ValueType type, Sink sink);
  template <class Take>
  bool navigate_objects(const Item& list, const Member& member, Take&& take);
  template <class Take>
  bool walk_member(const AstNode& node, const Scope& scope, Take&& take);
  bool navigate_unresolved(const Item& item, const Member& member, Sink sink);
  bool navigate_choice(const Item& item, const fhir::Element& element, Sink sink);
  bool navigate_primitive(const Item& item, std::string_view name, Sink sink);
  bool navigate_untyped(const Item& item, std::string_view name, Sink sink);
  bool navigate_system(const Item& item, std::string_view name, Sink sink);
  bool emit_values(const fhir::Resource* owner, fhir::Node value, fhir::Node sibling, fhir::TypeId type, Sink sink);
  bool children(const Item& item, Sink sink);
  bool descendants(const Item& item, std::size_t depth, Sink sink);
  bool extensions(const Item& item, std::string_view url, Sink sink);
  [[nodiscard]] fhir::TypeId type_of_resource(fhir::Node node) const;
  [[nodiscard]] bool matches_type(const Item& item, const TypeSpecifier& type, bool exact_primitives) const;

  // Operators.
  Truth truth_operator(const AstNode& node, const Scope& scope);
  Truth is_type(NodeId input, const TypeSpecifier& type, const Scope& scope);
  Truth compare_order(const AstNode& node, const Scope& scope);
  Truth membership(const AstNode& node, NodeId item, NodeId set, const Scope& scope);
  Outcome arithmetic(const AstNode& node, const Scope& scope, Item& out);
  Outcome combine_numbers(const AstNode& node, const Item& left, const Item& right, Item& out);
  Outcome combine_integers(const AstNode& node, const Item& left, const Item& right, Item& out);
  Outcome combine_quantities(const AstNode& node, const Item& left, const Item& right, Item& out);
  Outcome shift_date(const AstNode& node, const Item& date, const Item& amount, Item& out);
  Outcome concatenate(const AstNode& node, const Scope& scope, Item& out);
  Outcome negated(const AstNode& node, const Scope& scope, Item& out);

  // Functions.
  bool stream_function(NodeId id, const Scope& scope, Sink sink);
  Outcome value_function(const AstNode& node, const Scope& scope, Item& out);
  Truth truth_function(const AstNode& node, const Scope& scope);
  Truth truth_exists(const AstNode& node, const Scope& scope);
  Truth truth_all_of(const AstNode& node, const Scope& scope);
  Truth truth_booleans(const AstNode& node, const Scope& scope);
  Truth truth_subset(NodeId small, NodeId large, const Scope& scope);
  Truth truth_distinct(const AstNode& node, const Scope& scope);
  Truth truth_has_value(const AstNode& node, const Scope& scope);
  Truth truth_has_extension(const AstNode& node, const Scope& scope);
  bool stream_where(const AstNode& node, const Scope& scope, Sink sink);
  bool pass_if(NodeId criterion, const Item& item, std::int64_t index, const Scope& scope, const Sink& sink);
  bool stream_select(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_repeat(const AstNode& node, const Scope& scope, Sink sink, bool distinct);
  bool stream_part(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_set(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_distinct(const AstNode& node, const Scope& scope, Sink sink);
  template <class Pass>
  bool each_into(ItemSet& set, NodeId id, const Scope& scope, Pass&& pass);
  bool stream_sort(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_aggregate(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_iif(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_trace(const AstNode& node, const Scope& scope, Sink sink);
  void note_trace(std::string_view name, Items items);
  bool stream_define(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_strings(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_coalesce(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_tree(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_fhir(const AstNode& node, const Scope& scope, Sink sink);
  bool stream_items(Items items, Sink sink);
  bool check_modifiers(const AstNode& node, const Scope& scope, Sink sink);
  bool primitive_function(const AstNode& node, const Scope& scope, Sink sink);
  bool resolve(const Item& item, Sink sink);
  static std::string_view reference_of(const Item& item);
  fhir::TypeId type_of_reference(const Item& item);

  Outcome sum_of(const AstNode& node, const Scope& scope, Item& out);
  Outcome extreme_of(const AstNode& node, const Scope& scope, Item& out);
  Outcome count_of(const AstNode& node, const Scope& scope, Item& out);
  Outcome join(const AstNode& node, const Scope& scope, Item& out);
  Outcome moment(const AstNode& node, Item& out);
  Outcome string_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome string_search(const AstNode& node, std::string_view text, std::string_view wanted, Item& out);
  Outcome substring(const AstNode& node, std::string_view text, const Scope& scope, Item& out);
  Outcome replace(const AstNode& node, std::string_view text, const Scope& scope, Item& out);
  Outcome match(const AstNode& node, std::string_view text, const Scope& scope, Item& out);
  Outcome replace_all(const AstNode& node, const RE2& pattern, const Substitution& by, std::string_view text,
                      Item& out);
  Outcome recode(const AstNode& node, std::string_view text, const Scope& scope, Item& out);
  Outcome convert(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome math_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome boundary_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  bool converted(const AstNode& node, const Item& value, const Scope& scope, std::optional<Item>& out);
  bool converted_date(const AstNode& node, const Item& value, TemporalKind kind, const Scope& scope,
                      std::optional<Item>& out);
  bool converted_quantity(const AstNode& node, const Item& value, const Scope& scope, std::optional<Item>& out);
  Outcome comparable_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome precision_function(const AstNode& node, const Item& value, Item& out);
  Outcome temporal_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome span_function(const AstNode& node, const Item& from, const Scope& scope, Item& out);
  Outcome element_function(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  Outcome weight_of(const Item& input, Item& out);
  Outcome conforms(const AstNode& node, const Item& input, const Scope& scope, Item& out);
  const RE2* pattern_of(const AstNode& node, const Scope& scope, std::uint32_t flags_argument, Outcome& outcome);

  // Arguments. kNone when empty; kError also for a value of another type.
  Outcome argument_integer(const AstNode& node, std::uint32_t position, const Scope& scope, std::int64_t& out);
  Outcome argument_string(const AstNode& node, std::uint32_t position, const Scope& scope, std::string_view& out);
  [[nodiscard]] NodeId argument(const AstNode& node, std::uint32_t position) const {
    return program_.arguments[node.b + position];
  }

  Outcome make_string(const AstNode& node, std::string_view text, Item& out) {
    return make_string(node, text, {}, out);
  }
  Outcome make_string(const AstNode& node, std::string_view first, std::string_view second, Item& out);
  Outcome make_quantity(const std::optional<OwnedQuantity>& quantity, Item& out);
  static Outcome one(Item& out, const Item& item) {
    out = item;
    return Outcome::kOne;
  }

  // Bounds.
  bool step() { return ++steps_ < next_check_ || check_limits(); }
  bool steps(std::uint64_t count) {
    steps_ += count;
    return steps_ < next_check_ || check_limits();
  }
  bool check_limits();
  bool check_time();
  bool push(Collection& out, const Item& item, const AstNode& node);
  bool fail(std::uint32_t position, std::string message);
  bool exhaust(std::uint32_t position, std::string message);  // a bound was met
  void forget_error() { failed_ = false; }
  Outcome error(const AstNode& node, std::string message);
  Outcome exhausted(const AstNode& node, std::string message);
  Truth error_truth(const AstNode& node, std::string message);
  Item root_item(const fhir::Resource* resource) const;
  core::SystemTime now();

  const Program& program_;
  const EvaluationContext& context_;
  Arena& arena_;
  Values values_;
  Item root_;
  bool has_root_ = false;
  bool failed_ = false;
  bool exhausted_ = false;
  std::uint64_t steps_ = 0;
  std::uint64_t next_check_;
  std::uint64_t max_steps_;
  std::uint64_t charged_ = 0;      // of the shared budget
  std::uint64_t next_guards_ = 0;  // in steps; 0: the time has not begun
  std::chrono::nanoseconds started_{};
  std::size_t arena_bytes_;       // what others had built before
  std::size_t other_bytes_ = 0;   // built outside the arena
  std::uint64_t evaluation_ = 0;  // a number of its own for patterns that are computed; 0: none yet
  std::optional<core::SystemTime> now_;
  std::vector<Items> slots_;
  std::vector<fhir::ResourcePtr> made_;  // by { }; items point into them
  std::uint32_t error_position_ = 0;
  std::string error_message_;

 public:
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;
};

// Boolean of a three-valued answer as an item; false: it is empty or an error.
inline std::optional<Item> item_of(Truth truth) {
  if (truth == Truth::kTrue || truth == Truth::kFalse) return Item::boolean(truth == Truth::kTrue);
  return std::nullopt;
}
inline Truth truth_value(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

}  // namespace embergate::fhirpath
