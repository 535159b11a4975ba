// SPDX-License-Identifier: Apache-2.0
#include "rest/held_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "embergate/core/text.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::rest {
namespace {

using core::ErrorCode;
using State = store::HeldRow::State;

constexpr std::int64_t kMaxPage = 1'000;
constexpr std::size_t kMaxNumbers = 1'000;
constexpr std::array<std::string_view, 5> kQueryNames{"_count", "_cursor", "state", "_format", "_pretty"};
constexpr std::string_view kStates = "waiting, superseded or undecided";
constexpr std::array<std::string_view, 5> kNumberMembers{"valueInteger", "valueInteger64", "valuePositiveInt",
                                                         "valueUnsignedInt", "valueDecimal"};

std::optional<State> state_of(std::string_view text) {
  for (const State state : {State::kWaiting, State::kSuperseded, State::kUndecided}) {
    if (store::to_string(state) == text) return state;
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

core::Error invalid(std::string diagnostics, std::string place) {
  return core::make_error(ErrorCode::kInvalid, std::move(diagnostics), std::move(place));
}

core::Error malformed(std::string diagnostics) {
  return core::make_error(ErrorCode::kMalformed, std::move(diagnostics));
}

core::Result<void> read_query(std::string_view name, std::string_view value, store::HeldQuery& query) {
  if (name == "_count") {
    const auto count = whole_number<std::int64_t>(value);
    if (!count || *count == 0 || *count > kMaxPage)
      return malformed(fmt::format("_count must be a whole number from 1 to {}", kMaxPage));
    query.limit = static_cast<std::size_t>(*count);
  } else if (name == "_cursor") {
    const auto after = whole_number<store::EventNumber>(value);
    if (!after) return malformed("_cursor must be what `next` of the page before says");
    query.after = *after;
  } else if (name == "state") {
    query.state = state_of(value);
    if (!query.state) return malformed(fmt::format("state must be {}", kStates));
  }
  return {};
}

class SelectionReader {
 public:
  core::Result<store::HeldSelection> read(const fhir::Resource& body) {
    if (body.type() != "Parameters") return invalid("the body must be a Parameters resource", "resourceType");
    const fhir::Node list = body.root().member("parameter");
    if (list && !list.is_array()) return invalid("parameter must be a list", "Parameters.parameter");
    std::size_t index = 0;
    for (fhir::Node one = list.first_child(); one; one = one.next_sibling(list), ++index)
      EG_CHECK(read_parameter(one, fmt::format("Parameters.parameter[{}]", index)));
    return finish();
  }

 private:
  core::Result<void> read_parameter(fhir::Node one, const std::string& place) {
    const std::string_view name = one.member("name").string();
    if (name == "eventNumber") return read_number(one, place);
    if (name == "all") return read_all(one, place);
    if (name == "state") return read_state(one, place);
    return invalid(fmt::format("there is no parameter \"{}\": give eventNumber, or all and state",
                               core::whole_characters(name, 100)),
                   place + ".name");
  }

  core::Result<void> read_number(fhir::Node one, const std::string& place) {
    for (const std::string_view member : kNumberMembers) {
      const fhir::Node value = one.member(member);
      if (!value) continue;
      const auto number = whole_number<store::EventNumber>(value.raw());
      if (!number || *number == 0)
        return invalid("eventNumber must be a whole number from 1", place + "." + std::string(member));
      if (selection_.numbers.size() >= kMaxNumbers)
        return invalid(fmt::format("at most {} event numbers in one call", kMaxNumbers), place);
      selection_.numbers.push_back(*number);
      return {};
    }
    return invalid("eventNumber needs valueInteger or valueDecimal", place);
  }

  core::Result<void> read_all(fhir::Node one, const std::string& place) {
    const std::string_view value = one.member("valueBoolean").raw();
    if (value != "true" && value != "false") return invalid("all needs valueBoolean", place + ".valueBoolean");
    all_ = value == "true";
    return {};
  }

  core::Result<void> read_state(fhir::Node one, const std::string& place) {
    std::string_view value = one.member("valueCode").string();
    if (value.empty()) value = one.member("valueString").string();
    state_ = state_of(value);
    if (!state_) return invalid(fmt::format("state must be valueCode {}", kStates), place + ".valueCode");
    return {};
  }

  core::Result<store::HeldSelection> finish() {
    if (all_ != state_.has_value())
      return invalid("all and state belong together: \"all\": true with the state of the rows", "Parameters.parameter");
    if (all_ && !selection_.numbers.empty())
      return invalid("give eventNumber, or all and state, not both", "Parameters.parameter");
    if (!all_ && selection_.numbers.empty())
      return invalid("which rows? give eventNumber (repeated), or all and state", "Parameters.parameter");
    selection_.all_of = state_;
    return std::move(selection_);
  }

  store::HeldSelection selection_;
  bool all_ = false;
  std::optional<State> state_;
};

}  // namespace

core::Result<store::HeldQuery> held_query_of(const http::Target& target) {
  store::HeldQuery query;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : target.query) {
    if (std::find(kQueryNames.begin(), kQueryNames.end(), name) == kQueryNames.end()) {
      return malformed(fmt::format("there is no parameter \"{}\"; there are {}", core::whole_characters(name, 100),
                                   fmt::join(kQueryNames, ", ")));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return malformed(fmt::format("{} is there twice; give it once", name));
    seen.push_back(name);
    EG_CHECK(read_query(name, value, query));
  }
  return query;
}

core::Result<store::HeldSelection> held_selection_of(std::string body) {
  EG_TRY(const auto parsed, fhir::Resource::parse(std::move(body)));
  return SelectionReader().read(*parsed);
}

}  // namespace embergate::rest
