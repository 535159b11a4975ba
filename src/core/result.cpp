// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/result.hpp"

#include "embergate/core/assert.hpp"

namespace embergate::core {

void throw_exception_from_error(const Error&, const boost::source_location& location) {
  assertion_failed("Result has a value", location.file_name(), static_cast<int>(location.line()));
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kGone:
      return "gone";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kPreconditionFailed:
      return "precondition-failed";
    case ErrorCode::kMultipleMatches:
      return "multiple-matches";
    case ErrorCode::kUnauthenticated:
      return "unauthenticated";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kMethodNotAllowed:
      return "method-not-allowed";
    case ErrorCode::kNotAcceptable:
      return "not-acceptable";
    case ErrorCode::kUnsupportedMedia:
      return "unsupported-media";
    case ErrorCode::kNotSupported:
      return "not-supported";
    case ErrorCode::kTooLarge:
      return "too-large";
    case ErrorCode::kThrottled:
      return "throttled";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kInternal:
      return "internal";
  }
  assertion_failed("known ErrorCode", __FILE__, __LINE__);
}

}  // namespace embergate::core
