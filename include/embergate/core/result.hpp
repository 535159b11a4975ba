// SPDX-License-Identifier: Apache-2.0
// Errors as values. A function that can fail returns Result<T>; the one who creates the Error decides once whether
// trying again can help. Thread: plain values, no sharing. Ownership: by value. Failure: none of its own; reading the
// value of a failed Result is a programming fault and ends the process (EG_ASSERT behaviour through
// boost::system::result).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "embergate/core/fault.hpp"

namespace embergate::core {

// What went wrong, in the terms of FHIR R4 http and its issue types. rest/outcome maps each to a status and an issue
// code.
enum class ErrorCode {
  kMalformed,           // 400: cannot be parsed at all
  kInvalid,             // 422: parsed, breaks a rule
  kNotFound,            // 404
  kGone,                // 410
  kConflict,            // 409: exists already
  kPreconditionFailed,  // 412: version mismatch
  kMultipleMatches,     // 412: a condition that several resources meet
  kUnauthenticated,     // 401
  kForbidden,           // 403
  kMethodNotAllowed,    // 405
  kNotAcceptable,       // 406
  kUnsupportedMedia,    // 415
  kNotSupported,        // 422: a feature that does not exist here
  kTooLarge,            // 413
  kThrottled,           // 429
  kUnavailable,         // 503
  kTimeout,             // 504
  kInternal             // 500
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string diagnostics;     // for people: what is wrong and how to mend it; never a secret, never a file's content
  std::string expression;      // FHIRPath of the element concerned, or empty
  bool retriable = false;      // the same call may succeed later without anybody changing the request
  Fault fault = Fault::kNone;  // its row in the table of error codes, where it has one
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

template <class T>
using Result = boost::system::result<T, Error>;

inline Error make_error(ErrorCode code, std::string diagnostics, std::string expression = {}) {
  return Error{code, std::move(diagnostics), std::move(expression), false, Fault::kNone};
}
inline Error make_retriable(ErrorCode code, std::string diagnostics, std::string expression = {}) {
  return Error{code, std::move(diagnostics), std::move(expression), true, Fault::kNone};
}

std::string_view to_string(ErrorCode code);

}  // namespace embergate::core

#define EG_CONCAT_INNER(a, b) a##b
#define EG_CONCAT(a, b) EG_CONCAT_INNER(a, b)
#define EG_TRY_IMPL(leave, result, target, ...) \
  auto result = (__VA_ARGS__);                  \
  if (!result) leave std::move(result).error(); \
  target = *std::move(result)
#define EG_CHECK_IMPL(leave, result, ...) \
  if (auto result = (__VA_ARGS__); !result) leave std::move(result).error()

// EG_TRY(auto x, expression): x gets the value, or the enclosing function returns the error.
#define EG_TRY(target, ...) EG_TRY_IMPL(return, EG_CONCAT(eg_result_, __COUNTER__), target, __VA_ARGS__)
// EG_CHECK(expression): for Result<void>, and where the value is not wanted.
#define EG_CHECK(...) EG_CHECK_IMPL(return, EG_CONCAT(eg_checked_, __COUNTER__), __VA_ARGS__)
// The same two inside a coroutine.
#define EG_CO_TRY(target, ...) EG_TRY_IMPL(co_return, EG_CONCAT(eg_result_, __COUNTER__), target, __VA_ARGS__)
#define EG_CO_CHECK(...) EG_CHECK_IMPL(co_return, EG_CONCAT(eg_checked_, __COUNTER__), __VA_ARGS__)
