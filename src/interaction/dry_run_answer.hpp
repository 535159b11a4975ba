// SPDX-License-Identifier: Apache-2.0
// The answer of a dry run as Parameters (docs/criteria.md). Texts that come from states or criteria are cut, so the
// answer stays small whatever they are. Thread: pure. Failure: none.
#pragma once

#include <optional>
#include <string>

#include "embergate/topic/dry_run.hpp"

namespace embergate::interaction {

struct DryRunSubject {
  const topic::SubscriptionTopic& topic;
  const topic::Change& change;
  std::optional<std::size_t> destinations;  // bound to the url of a stored topic; absent: not to be shown
};

std::string render_dry_run(const DryRunSubject& subject, const topic::DryRunReport& report);

}  // namespace embergate::interaction
