// SPDX-License-Identifier: Apache-2.0
// From a stored version to what a client gets to see of it; the one place that does so, alone or in a bundle. Thread:
// any. Failure: 404 for what never was, 410 for what is deleted (FHIR R4 http, read).
#pragma once

#include <optional>
#include <string_view>

#include "embergate/interaction/interactions.hpp"
#include "embergate/store/store.hpp"
#include "interaction/answer_meter.hpp"

namespace embergate::interaction {

InteractionResult result_of(int status, store::StoredVersion version);

// `id` is how the client named it: an id, or id/_history/version.
core::Result<InteractionResult> read_result(std::optional<store::StoredVersion> found, std::string_view type,
                                            std::string_view id);

// What the preconditions of a read leave of it: 304 and no body for what the caller has already; kPreconditionFailed.
core::Result<void> apply_preconditions(const Preconditions& preconditions, InteractionResult& result);

struct ResourcePlace {
  std::string_view type;
  std::string_view id;
  std::optional<store::VersionId> version;  // absent: the current one
};
// One resource as it goes into an answer. What the caller has already takes no room in it.
Answer<InteractionResult> read_resource(store::Reader& reader, const ResourcePlace& place,
                                        const Preconditions& preconditions, AnswerMeter& meter);

core::Error not_found(std::string_view type, std::string_view id);

}  // namespace embergate::interaction
