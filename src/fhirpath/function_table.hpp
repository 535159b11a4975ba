// SPDX-License-Identifier: Apache-2.0
// The functions of the language: name, number of arguments, how arguments are evaluated.
// Thread: constant data. Failure: an unknown name gives nullptr; nearest() helps the message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fhirpath/program.hpp"

namespace embergate::fhirpath {

enum class Function : std::uint8_t {
  kEmpty,
  kExists,
  kAll,
  kAllTrue,
  kAnyTrue,
  kAllFalse,
  kAnyFalse,
  kSubsetOf,
  kSupersetOf,
  kCount,
  kDistinct,
  kIsDistinct,
  kWhere,
  kSelect,
  kRepeat,
  kRepeatAll,
  kOfType,
  kCoalesce,
  kSort,
  kSingle,
  kFirst,
  kLast,
  kTail,
  kSkip,
  kTake,
  kIntersect,
  kExclude,
  kUnion,
  kCombine,
  kIif,
  kToBoolean,
  kToInteger,
  kToLong,
  kToDecimal,
  kToString,
  kToDate,
  kToDateTime,
  kToTime,
  kToQuantity,
  kConvertsToBoolean,
  kConvertsToInteger,
  kConvertsToLong,
  kConvertsToDecimal,
  kConvertsToString,
  kConvertsToDate,
  kConvertsToDateTime,
  kConvertsToTime,
  kConvertsToQuantity,
  kIndexOf,
  kLastIndexOf,
  kSubstring,
  kStartsWith,
  kEndsWith,
  kContains,
  kUpper,
  kLower,
  kReplace,
  kMatches,
  kMatchesFull,
  kReplaceMatches,
  kLength,
  kToChars,
  kEncode,
  kDecode,
  kEscape,
  kUnescape,
  kTrim,
  kSplit,
  kJoin,
  kAbs,
  kCeiling,
  kExp,
  kFloor,
  kLn,
  kLog,
  kPower,
  kRound,
  kSqrt,
  kTruncate,
  kAggregate,
  kSum,
  kMin,
  kMax,
  kAvg,
  kChildren,
  kDescendants,
  kTrace,
  kNow,
  kToday,
  kTimeOfDay,
  kDefineVariable,
  kLowBoundary,
  kHighBoundary,
  kPrecision,
  kComparable,
  kYearOf,
  kMonthOf,
  kDayOf,
  kHourOf,
  kMinuteOf,
  kSecondOf,
  kMillisecondOf,
  kTimezoneOffsetOf,
  kDateOf,
  kTimeOf,
  kDuration,
  kDifference,
  kNot,
  kIs,
  kAs,
  kType,
  kExtension,
  kHasExtension,
  kHasValue,
  kGetValue,
  kResolve,
  kHtmlChecks,
  kCheckModifiers,
  kConformsTo,
  kPathname,
  kWeight,
};

enum class Arguments : std::uint8_t { kPlain, kScoped, kType, kSort, kDefineVariable, kAggregate, kTrace, kIif };

struct FunctionInfo {
  std::string_view name;
  Function function;
  std::uint8_t least;
  std::uint8_t most;
  Arguments arguments;
  bool single_input;  // an input of several items is an error
  Shape shape;
};

inline constexpr std::uint8_t kManyArguments = 100;

const FunctionInfo* find_function(std::string_view name);
const FunctionInfo& info_of(Function function);
// The arguments a function takes, in words: "start [, length]"; empty when it takes none.
std::string_view usage_of(std::string_view name);
// Why a function of the language or of FHIR is not here, or empty: "memberOf() needs a terminology server".
std::string_view why_missing(std::string_view name);
// The known function nearest to `name`, or empty when none is near.
std::string_view nearest_function(std::string_view name);

}  // namespace embergate::fhirpath
