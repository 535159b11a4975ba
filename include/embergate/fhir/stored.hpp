// SPDX-License-Identifier: Apache-2.0
// Texts on their way into the store and out of it: what a caller may send is limited (S-30); what was accepted once
// stays readable, deletable and deliverable, and can be sent back, with the server's own id and meta on top. Thread:
// pure functions. Failure: kMalformed for what is no JSON, kTooLarge.
#pragma once

#include <string>
#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

// The tree of a text that the server stored or changed itself: none of the limits on callers applies.
core::Result<ResourcePtr> parse_stored(std::string text);

struct InputLimits {
  ParseLimits own;       // of what a caller makes up
  ParseLimits returned;  // of what came from here: with room for what stamp() adds
};
InputLimits input_limits(const ParseLimits& limits, std::string_view created_at_url);  // the URL as in Stamp

// The tree of a text that a caller sent. Above `own` only a resource with a meta.versionId is taken: a read answered
// it. Costs a second parse near a limit, else nothing.
core::Result<ResourcePtr> parse_input(std::string text, const InputLimits& limits);

// Whether parse_input() will take a stamped text, also with the longest version id there can be. `before`: the resource
// as it was before the stamp. Costs a parse near a limit, else nothing.
core::Result<void> check_can_come_back(const Resource& before, std::string_view stamped, const InputLimits& limits);

}  // namespace embergate::fhir
