// SPDX-License-Identifier: Apache-2.0
// Request targets taken apart: percent-decoding exactly once (S-17), query parameters in order. Pure functions.
// Failure: nothing for a malformed escape, a NUL or bytes that are not UTF-8.
#pragma once

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

}  // namespace embergate::http
