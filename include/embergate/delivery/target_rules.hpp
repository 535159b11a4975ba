// SPDX-License-Identifier: Apache-2.0
// May the secrets of a destination go where it points (S-01, S-03, S-04, S-08)? Asked when it is written; the senders
// ask again for each connection. Thread: pure, but for a log line per warning. Failure: 422 issues with the parameter
// that aims the secret.
#pragma once

#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/topic/topic_destination.hpp"
#include "embergate/vault/config.hpp"

namespace embergate::delivery {

std::vector<fhir::Issue> refused_targets(const topic::TopicDestination& destination, const vault::VaultConfig& config);

}  // namespace embergate::delivery
