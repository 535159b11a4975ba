// SPDX-License-Identifier: Apache-2.0
// Request targets taken apart: percent-decoding exactly once (S-17), query parameters in order. Addresses of endpoints
// taken apart for outbound calls and for comparison (S-08). Pure functions. Failure: nothing for a malformed escape, a
// NUL or bytes that are not UTF-8; for an endpoint, nothing for whatever two readers might read differently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embergate::http {

struct Target {
  std::vector<std::string> segments;  // decoded; an empty segment ("//") stays and matches nothing
  std::vector<std::pair<std::string, std::string>> query;
};
std::optional<Target> parse_target(std::string_view target);
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// An absolute http or https URL. No user part, no fragment, no backslash, ASCII only (a name in another script has its
// xn-- form), no dot at the host's end.
struct Endpoint {
  bool secure = true;
  std::string host;   // lower case; an IPv6 address without its brackets
  bool ipv6 = false;  // the host is an IPv6 address
  std::uint16_t port = 443;
  std::string target;                           // path and query, at least "/"
  [[nodiscard]] std::string authority() const;  // as the Host field says it: no port where it is the scheme's own
};
std::optional<Endpoint> parse_endpoint(std::string_view url);

}  // namespace embergate::http
