// SPDX-License-Identifier: Apache-2.0
// Functions over collections: filters, subsets, sets, order, aggregates.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "fhirpath/evaluator.hpp"
#include "fhirpath/item_set.hpp"

namespace embergate::fhirpath {

bool Evaluator::stream_function(NodeId id, const Scope& scope, Sink sink) {
  using enum Function;
  const AstNode& node = program_.node(id);
  switch (node.function) {
    case kWhere:
      return stream_where(node, scope, sink);
    case kSelect:
      return stream_select(node, scope, sink);
    case kRepeat:
      return stream_repeat(node, scope, sink, true);
    case kRepeatAll:
      return stream_repeat(node, scope, sink, false);
    case kOfType:
      return stream_as(node, program_.types[node.extra], scope, sink, true);
    case kAs:
      return stream_as(node, program_.types[node.extra], scope, sink, program_.as_filters);
    case kCoalesce:
      return stream_coalesce(node, scope, sink);
    case kSort:
      return stream_sort(node, scope, sink);
    case kSingle:
    case kFirst:
    case kLast:
    case kTail:
    case kSkip:
    case kTake:
      return stream_part(node, scope, sink);
    case kUnion:
      return stream_union(node.a, argument(node, 0), scope, sink);
    case kDistinct:
    case kIntersect:
    case kExclude:
    case kCombine:
      return stream_set(node, scope, sink);
    case kIif:
      return stream_iif(node, scope, sink);
    case kAggregate:
      return stream_aggregate(node, scope, sink);
    case kTrace:
      return stream_trace(node, scope, sink);
    case kDefineVariable:
      return stream_define(node, scope, sink);
    case kToChars:
    case kSplit:
      return stream_strings(node, scope, sink);
    case kChildren:
    case kDescendants:
      return stream_tree(node, scope, sink);
    default:
      return stream_fhir(node, scope, sink);
  }
}

bool Evaluator::stream_where(const AstNode& node, const Scope& scope, Sink sink) {
  const NodeId criterion = argument(node, 0);
  std::int64_t index = 0;
  return stream(node.a, scope, [&](const Item& item) { return pass_if(criterion, item, index++, scope, sink); });
}

bool Evaluator::pass_if(NodeId criterion, const Item& item, std::int64_t index, const Scope& scope, const Sink& sink) {
  const Truth keep = truth(criterion, Scope{{&item, 1}, index, scope.total});
  if (keep == Truth::kError) return false;
  return keep != Truth::kTrue || sink(item);
}

bool Evaluator::stream_select(const AstNode& node, const Scope& scope, Sink sink) {
  const NodeId projection = argument(node, 0);
  std::int64_t index = 0;
  return stream(node.a, scope,
                [&](const Item& item) { return stream(projection, Scope{{&item, 1}, index++, scope.total}, sink); });
}

bool Evaluator::stream_repeat(const AstNode& node, const Scope& scope, Sink sink, bool distinct) {
  const std::uint64_t spare = program_.limits.max_items / 100;
  const std::uint64_t most = spare + (context_.resource ? context_.resource->node_count() : 0);
  const NodeId projection = argument(node, 0);
  Collection queue(arena_);
  if (!collect(node.a, scope, queue)) return false;
  ItemSet known(values_);
  std::uint64_t rounds = 0;
  for (std::uint32_t at = 0; at < queue.size(); ++at) {
    if (++rounds > most) return exhaust(node.position, "repeat() does not come to an end");
    const Item item = queue[at];
    Collection found(arena_);
    if (!collect(projection, Scope{{&item, 1}, at, scope.total}, found)) return false;
    for (const Item& next : found) {
      const bool is_new = !distinct || known.insert(next);
      if (!steps(known.take_work())) return false;
      if (!is_new) continue;
      if (!push(queue, next, node) || !sink(next)) return false;
    }
  }
  return true;
}

bool Evaluator::stream_coalesce(const AstNode& node, const Scope& scope, Sink sink) {
  for (std::uint32_t i = 0; i < node.count; ++i) {
    bool any = false;
    const bool more = stream(argument(node, i), scope, [&](const Item& item) {
      any = true;
      return sink(item);
    });
    if (!more) return false;
    if (any) return true;
  }
  return true;
}

bool Evaluator::stream_part(const AstNode& node, const Scope& scope, Sink sink) {
  std::int64_t count = 0;
  if (node.count == 1) {
    const Outcome outcome = argument_integer(node, 0, scope, count);
    if (outcome == Outcome::kError) return false;
    if (outcome == Outcome::kNone) return true;
  }
  std::int64_t seen = 0;
  bool wanted = true;
  Item kept;
  switch (node.function) {
    case Function::kFirst:
    case Function::kTake:
      if (node.function == Function::kFirst) count = 1;
      if (count <= 0) return true;
      stream(node.a, scope, [&](const Item& item) {
        wanted = sink(item);
        return wanted && ++seen < count;
      });
      return wanted && !failed_;
    case Function::kTail:
    case Function::kSkip:
      if (node.function == Function::kTail) count = 1;
      return stream(node.a, scope, [&](const Item& item) { return ++seen <= count || sink(item); });
    default:
      break;
  }
  const bool single = node.function == Function::kSingle;
  stream(node.a, scope, [&](const Item& item) {
    kept = item;
    return ++seen == 1 || !single || fail(node.position, "single() found several items");
  });
  if (failed_) return false;
  return seen == 0 || sink(kept);
}

bool Evaluator::stream_sort(const AstNode& node, const Scope& scope, Sink sink) {
  struct Row {
    Item item;
    std::vector<Item> keys;
    std::vector<bool> present;
  };
  Collection input(arena_);
  if (!collect(node.a, scope, input)) return false;
  std::vector<Row> rows(input.size());
  for (std::uint32_t i = 0; i < input.size(); ++i) {
    Row& row = rows[i];
    row.item = input[i];
    const std::uint32_t keys = std::max<std::uint32_t>(node.count, 1);
    row.keys.resize(keys);
    row.present.resize(keys, true);
    if (node.count == 0) row.keys[0] = row.item;
    for (std::uint32_t k = 0; k < node.count; ++k) {
      const Outcome outcome =
          value(program_.node(argument(node, k)).a, Scope{{&row.item, 1}, i, scope.total}, row.keys[k]);
      if (outcome == Outcome::kError) return false;
      row.present[k] = outcome == Outcome::kOne;
    }
  }
  bool sortable = true;
  const auto before = [&](const Row& left, const Row& right) {
    for (std::uint32_t k = 0; k < left.keys.size() && sortable; ++k) {
      const bool descending = node.count > 0 && program_.node(argument(node, k)).flag;
      if (left.present[k] != right.present[k]) return right.present[k];  // empty comes first in both directions
      if (!left.present[k]) continue;
      const Compared order = values_.order(left.keys[k], right.keys[k]);
      if (order == Compared::kError) sortable = false;
      if (order == Compared::kLess) return !descending;
      if (order == Compared::kGreater) return descending;
    }
    return false;
  };
  std::vector<Row> merged;
  merged.reserve(rows.size());
  // Merging by hand keeps a comparison that turns out to be impossible from confusing the library's sort.
  for (std::size_t width = 1; width < rows.size(); width *= 2) {
    for (std::size_t low = 0; low + width < rows.size(); low += 2 * width) {
      const auto from = std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(low));
      const auto middle = from + static_cast<std::ptrdiff_t>(width);
      const auto end =
          std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(std::min(low + 2 * width, rows.size())));
      merged.clear();
      std::merge(from, middle, middle, end, std::back_inserter(merged), before);
      std::move(merged.begin(), merged.end(), from.base());
    }
    if (!steps(rows.size())) return false;
  }
  if (!sortable) return fail(node.position, "sort() found keys of different types");
  for (const Row& row : rows) {
    if (!sink(row.item)) return false;
  }
  return true;
}

bool Evaluator::stream_aggregate(const AstNode& node, const Scope& scope, Sink sink) {
  Collection rooms[2] = {Collection(arena_), Collection(arena_)};
  Collection* total = &rooms[0];
  Collection* next = &rooms[1];
  if (node.count == 2 && !collect(argument(node, 1), scope, *total)) return false;
  std::int64_t index = 0;
  stream(node.a, scope, [&](const Item& item) {
    next->clear();
    if (!collect(argument(node, 0), Scope{{&item, 1}, index++, all_of(*total)}, *next)) return false;
    std::swap(total, next);
    return true;
  });
  return !failed_ && stream_items(all_of(*total), sink);
}

bool Evaluator::stream_iif(const AstNode& node, const Scope& scope, Sink sink) {
  Item self;
  const Outcome input = value(node.a, scope, self);
  if (input == Outcome::kError) return false;
  const Scope inner{{&self, input == Outcome::kOne ? 1U : 0U}, scope.index, scope.total};
  const Truth criterion = truth(argument(node, 0), inner);
  if (criterion == Truth::kError) return false;
  if (criterion == Truth::kTrue) return stream(argument(node, 1), inner, sink);
  return node.count < 3 || stream(argument(node, 2), inner, sink);
}

bool Evaluator::stream_tree(const AstNode& node, const Scope& scope, Sink sink) {
  const bool deep = node.function == Function::kDescendants;
  return stream(node.a, scope,
                [&](const Item& item) { return deep ? descendants(item, 0, sink) : children(item, sink); });
}

Outcome Evaluator::sum_of(const AstNode& node, const Scope& scope, Item& out) {
  AstNode plus = node;
  plus.op = Op::kAdd;
  std::int64_t count = 0;
  Item total;
  bool lost = false;
  stream(node.a, scope, [&](const Item& item) {
    Item value;
    if (values_.to_system(item, value) != Conversion::kValue) {
      lost = !values_.text_of_huge(item).empty();
      return !lost;
    }
    if (!value.is_number() && value.tag() != Tag::kQuantity) {
      return fail(node.position, fmt::format("{}() needs numbers or quantities", info_of(node.function).name));
    }
    if (count++ == 0) {
      total = value;
      return true;
    }
    Item sum;
    const bool numbers = total.is_number() && value.is_number();
    lost = (numbers ? combine_numbers(plus, total, value, sum) : combine_quantities(plus, total, value, sum)) !=
           Outcome::kOne;
    total = sum;
    return !lost;
  });
  if (failed_) return Outcome::kError;
  if (lost) return Outcome::kNone;
  if (node.function == Function::kSum) return count == 0 ? Outcome::kNone : one(out, total);
  if (count == 0) return Outcome::kNone;
  AstNode over = node;
  over.op = Op::kDivide;
  const Item divisor = Item::integer(count);
  return total.is_number() ? combine_numbers(over, total, divisor, out) : combine_quantities(over, total, divisor, out);
}

Outcome Evaluator::extreme_of(const AstNode& node, const Scope& scope, Item& out) {
  const Compared wanted = node.function == Function::kMin ? Compared::kLess : Compared::kGreater;
  bool any = false;
  bool unknown = false;
  stream(node.a, scope, [&](const Item& item) {
    if (!any) {
      out = item;
      any = true;
      return true;
    }
    const Compared order = values_.order(item, out);
    if (order == Compared::kError)
      return fail(node.position, fmt::format("{}() needs values of one type", info_of(node.function).name));
    unknown = unknown || order == Compared::kEmpty;
    if (order == wanted) out = item;
    return true;
  });
  if (failed_) return Outcome::kError;
  return any && !unknown ? Outcome::kOne : Outcome::kNone;
}

}  // namespace embergate::fhirpath
