// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/stored.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace embergate::fhir {
namespace {

// What stamp() adds to a resource without id and meta, at most: names and texts of both, an id of 64 characters, two
// instants, a version id of 19 digits, the URL with every character escaped.
constexpr std::size_t kStampBytes = 320;
constexpr std::size_t kWorstEscape = 6;
constexpr std::size_t kStampTokens = 24;
constexpr std::size_t kLongestVersion = 19;
constexpr std::size_t kTokensOfNode = 3;  // a container with its name

// Far above what callers may send, and low enough for the recursion of a parse.
constexpr std::size_t kStoredDepth = 512;

ParseLimits no_limits() {
  constexpr std::size_t kNone = std::numeric_limits<std::uint32_t>::max() - 1024;
  return {.max_bytes = kNone,
          .max_depth = kStoredDepth,
          .max_members = kNone,
          .max_tokens = kNone,
          .max_string_bytes = kNone,
          .max_number_chars = kNone};
}

// False: the resource, of `bytes`, is within the limits for sure, also when it has got its stamp.
bool is_near(const Resource& resource, std::size_t bytes, const ParseLimits& limits) {
  return bytes + kLongestVersion > limits.max_bytes ||
         (resource.node_count() + kStampTokens) * kTokensOfNode > limits.max_tokens;
}

}  // namespace

core::Result<ResourcePtr> parse_stored(std::string text) { return Resource::parse(std::move(text), no_limits()); }

InputLimits input_limits(const ParseLimits& limits, std::string_view created_at_url) {
  ParseLimits returned = limits;
  returned.max_bytes += kStampBytes + kWorstEscape * created_at_url.size();
  returned.max_tokens += kStampTokens;
  return {limits, returned};
}

core::Result<ResourcePtr> parse_input(std::string text, const InputLimits& limits) {
  const std::size_t bytes = text.size();
  auto parsed = Resource::parse(std::move(text), limits.returned);
  if (!parsed && bytes > limits.own.max_bytes) {
    return core::make_error(core::ErrorCode::kTooLarge,
                            fmt::format("the text has {} bytes; at most {} are accepted", bytes, limits.own.max_bytes));
  }
  if (!parsed || (*parsed)->root().member("meta").member("versionId")) return parsed;
  if (is_near(**parsed, bytes, limits.own)) EG_CHECK(Resource::parse(std::string((*parsed)->text()), limits.own));
  return parsed;
}

core::Result<void> check_can_come_back(const Resource& before, std::string_view stamped, const InputLimits& limits) {
  if (!is_near(before, stamped.size(), limits.returned)) return {};
  ParseLimits left = limits.returned;
  left.max_bytes -= std::min(left.max_bytes, kLongestVersion);
  auto parsed = Resource::parse(std::string(stamped), left);
  if (parsed) return {};
  return core::make_error(parsed.error().code,
                          fmt::format("with its id and meta, and its references resolved, the resource would be too "
                                      "large to be sent back: {}",
                                      parsed.error().diagnostics),
                          parsed.error().expression);
}

}  // namespace embergate::fhir
