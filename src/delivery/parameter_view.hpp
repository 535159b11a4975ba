// SPDX-License-Identifier: Apache-2.0
// The parameters of one destination, asked for by name, with issues that point at them. Thread: one. Ownership: refers
// to both, owns nothing. Failure: none; what is wrong becomes an issue.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/ascii.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/topic/topic_destination.hpp"

namespace embergate::delivery {

using core::lower;

class ParameterView {
 public:
  using Parameter = topic::DestinationParameter;

  ParameterView(const topic::TopicDestination& destination, std::vector<fhir::Issue>& issues)
      : destination_(destination), issues_(issues) {}

  [[nodiscard]] const Parameter* find(std::string_view name) const { return destination_.parameter(name); }
  // Null, with an issue, when it is not given as text.
  const Parameter* required_text(std::string_view name);
  // The value when it is given and within its bounds.
  std::optional<std::uint32_t> number(std::string_view name, std::int64_t lowest, std::int64_t highest);
  void one_of(const Parameter* parameter, std::string_view value, std::initializer_list<std::string_view> allowed);
  // Settings that would be ignored are a mistake of the one who wrote them: a login that is never used looks like one
  // that works.
  void need(bool condition, std::initializer_list<std::string_view> names, std::string_view text);
  // `parameter` null: the issue is about the list of them.
  void issue(const Parameter* parameter, std::string text, std::string_view code = "invalid");

 private:
  const topic::TopicDestination& destination_;
  std::vector<fhir::Issue>& issues_;
};

}  // namespace embergate::delivery
