// SPDX-License-Identifier: Apache-2.0
// POST /fhir/AidboxSubscriptionTopic/$dry-run: reading its Parameters, finding the topic, writing the answer
// (contract 2.2). Nothing is stored or sent. Thread: pure but for the catalog given; slow, so call it on a pool.
// Ownership: the answer is a value. Failure: kMalformed for what is no JSON, kTooLarge for a state above
// kMaxStateBytes, else kInvalid with every issue and its place in the Parameters.
#pragma once

#include <string>

#include "embergate/interaction/interactions.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::interaction {

// A dry run writes out parts of the states, several times over; what is larger belongs into a test of its own.
inline constexpr std::size_t kMaxStateBytes = 1'048'576;

// A stored topic is read, and its destinations are counted, for whom may read them.
Answer<std::string> dry_run(std::string body, const Options& options, const topic::Catalog& catalog,
                            const RequestContext& context);

}  // namespace embergate::interaction
