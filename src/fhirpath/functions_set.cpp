// SPDX-License-Identifier: Apache-2.0
// Functions that tell items apart by `=`, and count(): the inner loop of a path and of the set are one loop here.
#include "fhirpath/item_set.hpp"
#include "fhirpath/navigation.hpp"

namespace embergate::fhirpath {

// Puts what a node gives into a set; pass(item, is_new) goes on with it.
template <class Pass>
bool Evaluator::each_into(ItemSet& set, NodeId id, const Scope& scope, Pass&& pass) {
  const auto insert = [&](const Item& item) {
    const bool is_new = set.insert(item);
    return steps(set.take_work()) && pass(item, is_new);
  };
  const AstNode& node = program_.node(id);
  if (node.op == Op::kMember && !is_shared(node)) return step() && walk_member(node, scope, insert);
  return stream(id, scope, insert);
}

bool Evaluator::stream_union(NodeId left, NodeId right, const Scope& scope, Sink sink) {
  ItemSet known(values_);
  const auto pass = [&](const Item& item, bool is_new) { return !is_new || sink(item); };
  return each_into(known, left, scope, pass) && each_into(known, right, scope, pass);
}

bool Evaluator::stream_distinct(const AstNode& node, const Scope& scope, Sink sink) {
  ItemSet known(values_);
  return each_into(known, node.a, scope, [&](const Item& item, bool is_new) { return !is_new || sink(item); });
}

bool Evaluator::stream_set(const AstNode& node, const Scope& scope, Sink sink) {
  if (node.function == Function::kDistinct) return stream_distinct(node, scope, sink);
  if (node.function == Function::kCombine) {
    return stream(node.a, scope, sink) && stream(argument(node, 0), scope, sink);
  }
  ItemSet other(values_);
  if (!each_into(other, argument(node, 0), scope, [](const Item&, bool) { return true; })) return false;
  ItemSet known(values_);
  return stream(node.a, scope, [&](const Item& item) {
    const bool keep =
        node.function == Function::kExclude ? !other.contains(item) : other.contains(item) && known.insert(item);
    if (!steps(other.take_work() + known.take_work())) return false;
    return !keep || sink(item);
  });
}

Truth Evaluator::truth_subset(NodeId small, NodeId large, const Scope& scope) {
  ItemSet set(values_);
  if (!each_into(set, large, scope, [](const Item&, bool) { return true; })) return Truth::kError;
  bool inside = true;
  stream(small, scope, [&](const Item& item) {
    inside = set.contains(item);
    return steps(set.take_work()) && inside;
  });
  return failed_ ? Truth::kError : truth_value(inside);
}

Truth Evaluator::truth_distinct(const AstNode& node, const Scope& scope) {
  ItemSet set(values_);
  bool distinct = true;
  each_into(set, node.a, scope, [&](const Item&, bool is_new) { return distinct = is_new; });
  return failed_ ? Truth::kError : truth_value(distinct);
}

Outcome Evaluator::count_of(const AstNode& node, const Scope& scope, Item& out) {
  std::int64_t count = 0;
  const AstNode& input = program_.node(node.a);
  if (input.op == Op::kFunction && input.function == Function::kDistinct && !is_shared(input)) {
    ItemSet known(values_);
    if (step())
      each_into(known, input.a, scope, [&](const Item&, bool is_new) { return count += is_new ? 1 : 0, true; });
  } else if (input.op == Op::kMember && program_.node(input.a).op != Op::kMember && !is_shared(input)) {
    count_member(input, scope, count);
  } else {
    stream(node.a, scope, [&](const Item&) {
      ++count;
      return true;
    });
  }
  return failed_ ? Outcome::kError : one(out, Item::integer(count));
}

}  // namespace embergate::fhirpath
