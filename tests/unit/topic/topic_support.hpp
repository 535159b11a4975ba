// SPDX-License-Identifier: Apache-2.0
// Small builders and matchers for the tests of the topic module.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::test {

inline fhir::ResourcePtr resource_of(std::string_view text) {
  auto parsed = fhir::Resource::parse(std::string(text));
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : nullptr;
}

inline bool has_issue(const std::vector<fhir::Issue>& issues, std::string_view code, std::string_view expression) {
  return std::any_of(issues.begin(), issues.end(),
                     [&](const fhir::Issue& issue) { return issue.code == code && issue.expression == expression; });
}

}  // namespace embergate::test
