// SPDX-License-Identifier: Apache-2.0
// Conditions of conditional interactions and references (decision 21): "_id=x", "identifier=system|value",
// "identifier=value". Thread: pure, but for find_matches, which reads through the given Reader. Failure: kNotSupported
// names the parameter that cannot be a condition here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/store/store.hpp"

namespace embergate::interaction {

struct Condition {
  std::optional<std::string> id;
  std::optional<std::string> system;  // absent: any system; empty: no system
  std::string value;
};

// What stands behind the '?' of a search. A value may have '\\' before ',', '|', '$' and itself (FHIR R4
// search.html#escaping).
core::Result<Condition> parse_condition(std::string_view query);
// The search part of an If-None-Exist, which may also be written as a whole search: "?identifier=x",
// "Patient?identifier=x", "<base>/fhir/Patient?identifier=x". kInvalid when that searches for another type.
core::Result<std::string> search_part(std::string_view text, std::string_view type, std::string_view base_url);
// At most `limit` ids; two are enough to tell one from several.
core::Result<std::vector<std::string>> find_matches(store::Reader& reader, std::string_view type,
                                                    const Condition& condition, std::size_t limit = 2);
core::Error several_matches(std::string_view type, std::string_view query);
// What conditions on `identifier` find a resource by, at most 100.
std::vector<store::Identifier> identifiers_of(const fhir::Resource& resource);

}  // namespace embergate::interaction
