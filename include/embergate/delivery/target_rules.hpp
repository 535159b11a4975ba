// SPDX-License-Identifier: Apache-2.0
// May the secrets of a destination go where it points (S-01, S-03, S-04, S-07, S-08)? Asked when it is written; the
// senders ask again for each connection. Thread: pure, but for a log line per warning. Failure: 422 issues with the
// parameter that aims the secret. `bindings` null: no secret is bound to its first target.
#pragma once

#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/topic/topic_destination.hpp"
#include "embergate/vault/config.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::delivery {

std::vector<fhir::Issue> refused_targets(const topic::TopicDestination& destination, const vault::VaultConfig& config,
                                         const vault::TargetBindings* bindings);

// The target that an administrator names: `parts` is a list of Parameters' parts with names and values as the
// parameters of a destination have them. kInvalid with the part.
core::Result<vault::NamedTarget> target_from_parts(fhir::Node parts, const vault::SecretName& secret);

}  // namespace embergate::delivery
