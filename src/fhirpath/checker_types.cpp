// SPDX-License-Identifier: Apache-2.0
// What functions and operators give, and constants folded.
#include <fmt/format.h>

#include <algorithm>

#include "fhirpath/checker.hpp"
#include "fhirpath/function_table.hpp"

namespace embergate::fhirpath {
namespace {

StaticType system_type(Tag tag, bool many = false) { return StaticType::of({tag, fhir::kNoType}, many); }

StaticType changed(StaticType type, bool many) {
  type.many = type.many && many;
  return type;
}

StaticType either(const StaticType& left, const StaticType& right) {
  if (left.always_empty) return right;
  if (right.always_empty) return left;
  if (!left.known || !right.known) return StaticType::unknown();
  StaticType result = left;
  result.many = left.many || right.many;
  for (const TypeRef& type : right.types) {
    if (std::find(result.types.begin(), result.types.end(), type) == result.types.end()) result.types.push_back(type);
  }
  return result;
}

}  // namespace

StaticType Checker::result_of(const AstNode& node, const StaticType& input, const std::vector<StaticType>& arguments) {
  using enum Function;
  switch (node.function) {
    case kEmpty:
    case kExists:
    case kAll:
    case kAllTrue:
    case kAnyTrue:
    case kAllFalse:
    case kAnyFalse:
    case kSubsetOf:
    case kSupersetOf:
    case kIsDistinct:
    case kNot:
    case kIs:
    case kToBoolean:
    case kConvertsToBoolean:
    case kConvertsToInteger:
    case kConvertsToLong:
    case kConvertsToDecimal:
    case kConvertsToString:
    case kConvertsToDate:
    case kConvertsToDateTime:
    case kConvertsToTime:
    case kConvertsToQuantity:
    case kStartsWith:
    case kEndsWith:
    case kContains:
    case kMatches:
    case kMatchesFull:
    case kComparable:
    case kHasExtension:
    case kHasValue:
    case kConformsTo:
    case kHtmlChecks:
      return system_type(Tag::kBoolean);
    case kCount:
    case kIndexOf:
    case kLastIndexOf:
    case kLength:
    case kToInteger:
    case kPrecision:
    case kYearOf:
    case kMonthOf:
    case kDayOf:
    case kHourOf:
    case kMinuteOf:
    case kSecondOf:
    case kMillisecondOf:
    case kDuration:
    case kDifference:
      return system_type(Tag::kInteger);
    case kToLong:
      return system_type(Tag::kLong);
    case kToDecimal:
    case kExp:
    case kLn:
    case kLog:
    case kSqrt:
    case kTimezoneOffsetOf:
    case kWeight:
      return system_type(Tag::kDecimal);
    case kToString:
    case kSubstring:
    case kUpper:
    case kLower:
    case kReplace:
    case kReplaceMatches:
    case kEncode:
    case kDecode:
    case kEscape:
    case kUnescape:
    case kTrim:
    case kJoin:
    case kPathname:
      return system_type(Tag::kString);
    case kToChars:
    case kSplit:
      return system_type(Tag::kString, true);
    case kToDate:
    case kToday:
    case kDateOf:
      return system_type(Tag::kDate);
    case kToDateTime:
    case kNow:
      return system_type(Tag::kDateTime);
    case kToTime:
    case kTimeOfDay:
    case kTimeOf:
      return system_type(Tag::kTime);
    case kToQuantity:
      return system_type(Tag::kQuantity);
    case kType:
      return system_type(Tag::kTypeInfo, input.many);
    case kFirst:
    case kLast:
    case kSingle:
      return changed(input, false);
    case kWhere:
    case kDistinct:
    case kTail:
    case kSkip:
    case kTake:
    case kIntersect:
    case kExclude:
    case kTrace:
    case kDefineVariable:
    case kSort:
    case kCheckModifiers:
      return input;
    case kSelect: {
      StaticType result = arguments.front();
      result.many = result.many || input.many;
      result.ordered = result.ordered && input.ordered;
      return result;
    }
    // What repeat finds may have children of other types than what it began with; those that stay the same stay known.
    case kRepeat:
    case kRepeatAll:
      return arguments.front();
    case kUnion:
    case kCombine: {
      StaticType result = either(input, arguments.front());
      result.many = true;
      return result;
    }
    case kCoalesce: {
      StaticType result = arguments.front();
      for (const StaticType& argument : arguments) result = either(result, argument);
      return result;
    }
    case kIif:
      return arguments.size() == 3 ? either(arguments[1], arguments[2]) : arguments[1];
    case kOfType:
    case kAs:
      return narrowed(input, node, program_.types[node.extra]);
    case kExtension: {
      const fhir::TypeId type = model_.find_type("Extension");
      return type == fhir::kNoType ? StaticType::unknown() : StaticType::of({Tag::kElement, type}, true);
    }
    case kChildren:
    case kDescendants: {
      StaticType result = StaticType::unknown();
      result.ordered = false;
      return result;
    }
    default:
      return StaticType::unknown();
  }
}

StaticType Checker::narrowed(const StaticType& input, const AstNode& node, const TypeSpecifier& wanted) {
  StaticType result{true, input.many, input.ordered, false, {}};
  if (wanted.type != fhir::kNoType) result.types.push_back({Tag::kElement, wanted.type});
  if (wanted.system != Tag::kElement) result.types.push_back({wanted.system, fhir::kNoType});
  if (result.types.empty()) {
    result.always_empty = true;
    return result;
  }
  if (!input.known || input.types.empty()) return result;
  const bool possible = std::any_of(input.types.begin(), input.types.end(), [&](const TypeRef& ref) {
    if (ref.system != Tag::kElement) return ref.system == wanted.system;
    if (wanted.type == fhir::kNoType) return model_.system_type_of(ref.type) != fhir::SystemType::kNone;
    return model_.is_a(ref.type, wanted.type) || model_.is_a(wanted.type, ref.type);
  });
  if (!possible) {
    warn(node.position,
         fmt::format("{} is never of type {}, so this path is always empty", names_of(input), wanted.name));
    result.always_empty = true;
  }
  return result;
}

StaticType Checker::visit_operator(NodeId id, const Scope& scope, Slots& slots) {
  const Op op = program_.nodes[id].op;
  Slots left_slots = slots;
  StaticType left = visit(program_.nodes[id].a, scope, op == Op::kElementAt ? slots : left_slots);
  if (op == Op::kIs) return system_type(Tag::kBoolean);
  if (op == Op::kAs) {
    const AstNode& node = program_.nodes[id];
    return narrowed(left, node, program_.types[node.b]);
  }
  StaticType right;
  if (op != Op::kNegate && op != Op::kPlus) {
    Slots right_slots = slots;
    right = visit(program_.nodes[id].b, scope, right_slots);
  }
  if (error_) return StaticType::unknown();
  AstNode& node = program_.nodes[id];
  switch (op) {
    case Op::kElementAt:
      return changed(left, false);
    case Op::kNegate:
      fold_negation(node);
      return left;
    case Op::kPlus:
      return left;
    case Op::kUnion: {
      fold_union(node);
      StaticType result = either(left, right);
      result.many = true;
      return result;
    }
    case Op::kConcatenate:
      return system_type(Tag::kString);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kDiv:
    case Op::kMod:
      return StaticType::unknown();
    default:
      return system_type(Tag::kBoolean);
  }
}

// A union of literals is a constant set: `in ('a' | 'b')` looks into it without building anything.
void Checker::fold_union(AstNode& node) {
  const AstNode left = program_.node(node.a);
  const AstNode right = program_.node(node.b);
  if (left.op != Op::kConstant || right.op != Op::kConstant) return;
  const auto simple = [this](const AstNode& side) {
    for (std::uint32_t i = 0; i < side.b; ++i) {
      const Tag tag = program_.constants[side.a + i].tag();
      if (tag != Tag::kString && tag != Tag::kInteger && tag != Tag::kBoolean) return false;
    }
    return true;
  };
  if (!simple(left) || !simple(right)) return;
  const auto same = [](const Item& a, const Item& b) {
    if (a.tag() != b.tag()) return false;
    return a.tag() == Tag::kString ? a.as_string() == b.as_string() : a.as_integer() == b.as_integer();
  };
  // A chain of unions folds from the left: the set so far is the tail of the constants and grows in place.
  const bool in_place = left.b > 0 && left.a + left.b == program_.constants.size();
  const std::uint32_t first = in_place ? left.a : static_cast<std::uint32_t>(program_.constants.size());
  for (const AstNode* side : {&left, &right}) {
    if (in_place && side == &left) continue;
    for (std::uint32_t i = 0; i < side->b; ++i) {
      const Item item = program_.constants[side->a + i];
      const bool known = std::any_of(program_.constants.begin() + first, program_.constants.end(),
                                     [&](const Item& other) { return same(item, other); });
      if (!known) program_.constants.push_back(item);
    }
  }
  node.op = Op::kConstant;
  node.a = first;
  node.b = static_cast<std::uint32_t>(program_.constants.size()) - first;
}

void Checker::fold_negation(AstNode& node) {
  const AstNode operand = program_.node(node.a);
  if (operand.op != Op::kConstant || operand.b != 1) return;
  const Item item = program_.constants[operand.a];
  Item result;
  if (item.tag() == Tag::kInteger && item.as_integer() != INT32_MIN) {
    result = Item::integer(-item.as_integer());
  } else if (item.tag() == Tag::kDecimal) {
    result = Item::decimal(negate(item.as_decimal()));
  } else {
    return;
  }
  program_.constants.push_back(result);
  node.op = Op::kConstant;
  node.a = static_cast<std::uint32_t>(program_.constants.size() - 1);
  node.b = 1;
}

}  // namespace embergate::fhirpath
