// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/function_table.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "embergate/core/nearest.hpp"

namespace embergate::fhirpath {
namespace {

constexpr FunctionInfo plain(std::string_view name, Function function, std::uint8_t least, std::uint8_t most) {
  return {name, function, least, most, Arguments::kPlain, false, Shape::kStream};
}
constexpr FunctionInfo one(std::string_view name, Function function, std::uint8_t least, std::uint8_t most) {
  return {name, function, least, most, Arguments::kPlain, true, Shape::kValue};
}
constexpr FunctionInfo value(std::string_view name, Function function, std::uint8_t least, std::uint8_t most) {
  return {name, function, least, most, Arguments::kPlain, false, Shape::kValue};
}
constexpr FunctionInfo truth(std::string_view name, Function function, std::uint8_t least, std::uint8_t most) {
  return {name, function, least, most, Arguments::kPlain, false, Shape::kTruth};
}
constexpr FunctionInfo scoped(std::string_view name, Function function, std::uint8_t least) {
  return {name, function, least, 1, Arguments::kScoped, false, Shape::kStream};
}
constexpr FunctionInfo typed(std::string_view name, Function function) {
  return {name, function, 1, 1, Arguments::kType, false, Shape::kStream};
}

using enum Function;
constexpr FunctionInfo kFunctions[] = {
    truth("empty", kEmpty, 0, 0),
    {"exists", kExists, 0, 1, Arguments::kScoped, false, Shape::kTruth},
    {"all", kAll, 1, 1, Arguments::kScoped, false, Shape::kTruth},
    truth("allTrue", kAllTrue, 0, 0),
    truth("anyTrue", kAnyTrue, 0, 0),
    truth("allFalse", kAllFalse, 0, 0),
    truth("anyFalse", kAnyFalse, 0, 0),
    truth("subsetOf", kSubsetOf, 1, 1),
    truth("supersetOf", kSupersetOf, 1, 1),
    value("count", kCount, 0, 0),
    plain("distinct", kDistinct, 0, 0),
    truth("isDistinct", kIsDistinct, 0, 0),
    scoped("where", kWhere, 1),
    scoped("select", kSelect, 1),
    scoped("repeat", kRepeat, 1),
    scoped("repeatAll", kRepeatAll, 1),
    typed("ofType", kOfType),
    plain("coalesce", kCoalesce, 1, kManyArguments),
    {"sort", kSort, 0, kManyArguments, Arguments::kSort, false, Shape::kStream},
    plain("single", kSingle, 0, 0),
    plain("first", kFirst, 0, 0),
    plain("last", kLast, 0, 0),
    plain("tail", kTail, 0, 0),
    plain("skip", kSkip, 1, 1),
    plain("take", kTake, 1, 1),
    plain("intersect", kIntersect, 1, 1),
    plain("exclude", kExclude, 1, 1),
    plain("union", kUnion, 1, 1),
    plain("combine", kCombine, 1, 2),
    {"iif", kIif, 2, 3, Arguments::kIif, true, Shape::kStream},
    one("toBoolean", kToBoolean, 0, 0),
    one("toInteger", kToInteger, 0, 0),
    one("toLong", kToLong, 0, 0),
    one("toDecimal", kToDecimal, 0, 0),
    one("toString", kToString, 0, 0),
    one("toDate", kToDate, 0, 1),
    one("toDateTime", kToDateTime, 0, 1),
    one("toTime", kToTime, 0, 0),
    one("toQuantity", kToQuantity, 0, 1),
    one("convertsToBoolean", kConvertsToBoolean, 0, 0),
    one("convertsToInteger", kConvertsToInteger, 0, 0),
    one("convertsToLong", kConvertsToLong, 0, 0),
    one("convertsToDecimal", kConvertsToDecimal, 0, 0),
    one("convertsToString", kConvertsToString, 0, 0),
    one("convertsToDate", kConvertsToDate, 0, 1),
    one("convertsToDateTime", kConvertsToDateTime, 0, 1),
    one("convertsToTime", kConvertsToTime, 0, 0),
    one("convertsToQuantity", kConvertsToQuantity, 0, 1),
    one("indexOf", kIndexOf, 1, 1),
    one("lastIndexOf", kLastIndexOf, 1, 1),
    one("substring", kSubstring, 1, 2),
    one("startsWith", kStartsWith, 1, 1),
    one("endsWith", kEndsWith, 1, 1),
    one("contains", kContains, 1, 1),
    one("upper", kUpper, 0, 0),
    one("lower", kLower, 0, 0),
    one("replace", kReplace, 2, 2),
    one("matches", kMatches, 1, 2),
    one("matchesFull", kMatchesFull, 1, 2),
    one("replaceMatches", kReplaceMatches, 2, 3),
    one("length", kLength, 0, 0),
    {"toChars", kToChars, 0, 0, Arguments::kPlain, true, Shape::kStream},
    one("encode", kEncode, 1, 1),
    one("decode", kDecode, 1, 1),
    one("escape", kEscape, 1, 1),
    one("unescape", kUnescape, 1, 1),
    one("trim", kTrim, 0, 0),
    {"split", kSplit, 1, 1, Arguments::kPlain, true, Shape::kStream},
    value("join", kJoin, 0, 1),
    one("abs", kAbs, 0, 0),
    one("ceiling", kCeiling, 0, 0),
    one("exp", kExp, 0, 0),
    one("floor", kFloor, 0, 0),
    one("ln", kLn, 0, 0),
    one("log", kLog, 1, 1),
    one("power", kPower, 1, 1),
    one("round", kRound, 0, 1),
    one("sqrt", kSqrt, 0, 0),
    one("truncate", kTruncate, 0, 0),
    {"aggregate", kAggregate, 1, 2, Arguments::kAggregate, false, Shape::kStream},
    value("sum", kSum, 0, 0),
    value("min", kMin, 0, 0),
    value("max", kMax, 0, 0),
    value("avg", kAvg, 0, 0),
    plain("children", kChildren, 0, 0),
    plain("descendants", kDescendants, 0, 0),
    {"trace", kTrace, 1, 2, Arguments::kTrace, false, Shape::kStream},
    value("now", kNow, 0, 0),
    value("today", kToday, 0, 0),
    value("timeOfDay", kTimeOfDay, 0, 0),
    {"defineVariable", kDefineVariable, 1, 2, Arguments::kDefineVariable, false, Shape::kStream},
    one("lowBoundary", kLowBoundary, 0, 1),
    one("highBoundary", kHighBoundary, 0, 1),
    one("precision", kPrecision, 0, 0),
    one("comparable", kComparable, 1, 1),
    one("yearOf", kYearOf, 0, 0),
    one("monthOf", kMonthOf, 0, 0),
    one("dayOf", kDayOf, 0, 0),
    one("hourOf", kHourOf, 0, 0),
    one("minuteOf", kMinuteOf, 0, 0),
    one("secondOf", kSecondOf, 0, 0),
    one("millisecondOf", kMillisecondOf, 0, 0),
    one("timezoneOffsetOf", kTimezoneOffsetOf, 0, 0),
    one("dateOf", kDateOf, 0, 0),
    one("timeOf", kTimeOf, 0, 0),
    one("duration", kDuration, 2, 2),
    one("difference", kDifference, 2, 2),
    truth("not", kNot, 0, 0),
    {"is", kIs, 1, 1, Arguments::kType, false, Shape::kTruth},
    typed("as", kAs),
    plain("type", kType, 0, 0),
    plain("extension", kExtension, 1, 1),
    truth("hasExtension", kHasExtension, 1, 1),
    truth("hasValue", kHasValue, 0, 0),
    plain("getValue", kGetValue, 0, 0),
    plain("resolve", kResolve, 0, 0),
    one("conformsTo", kConformsTo, 1, 1),
    plain("htmlChecks", kHtmlChecks, 0, 0),
    plain("checkModifiers", kCheckModifiers, 1, kManyArguments),
    one("pathname", kPathname, 0, 0),
    one("weight", kWeight, 0, 0),
};

struct Missing {
  std::string_view name;
  std::string_view reason;
};
constexpr Missing kMissing[] = {
    {"memberOf", "memberOf() needs a terminology server, which this program does not use"},
    {"subsumes", "subsumes() needs a terminology server, which this program does not use"},
    {"subsumedBy", "subsumedBy() needs a terminology server, which this program does not use"},
    {"elementDefinition", "elementDefinition() needs profiles, which this program does not hold"},
    {"slice", "slice() needs profiles, which this program does not hold"},
};

}  // namespace

Shape shape_of(const AstNode& node) {
  switch (node.op) {
    case Op::kFunction:
      return info_of(node.function).shape;
    case Op::kIs:
    case Op::kLessOrEqual:
    case Op::kLess:
    case Op::kGreater:
    case Op::kGreaterOrEqual:
    case Op::kEqual:
    case Op::kEquivalent:
    case Op::kNotEqual:
    case Op::kNotEquivalent:
    case Op::kIn:
    case Op::kContains:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kImplies:
      return Shape::kTruth;
    case Op::kNegate:
    case Op::kPlus:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kDiv:
    case Op::kMod:
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kConcatenate:
      return Shape::kValue;
    default:
      return Shape::kStream;
  }
}

const FunctionInfo* find_function(std::string_view name) {
  static const auto* const kByName = [] {
    auto* map = new std::unordered_map<std::string_view, const FunctionInfo*>();
    for (const FunctionInfo& info : kFunctions) map->emplace(info.name, &info);
    return map;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : found->second;
}

const FunctionInfo& info_of(Function function) {
  static const auto kByFunction = [] {
    std::array<const FunctionInfo*, 256> table{};
    for (const FunctionInfo& info : kFunctions) table[static_cast<std::size_t>(info.function)] = &info;
    return table;
  }();
  return *kByFunction[static_cast<std::size_t>(function)];
}

std::string_view why_missing(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kMissing), std::end(kMissing), [&](const Missing& entry) { return entry.name == name; });
  return found == std::end(kMissing) ? std::string_view() : found->reason;
}

std::string_view nearest_function(std::string_view name) {
  core::Nearest nearest(name, 2);
  for (const FunctionInfo& info : kFunctions) nearest.offer(info.name);
  return nearest.name();
}

}  // namespace embergate::fhirpath
