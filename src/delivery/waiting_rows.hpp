// SPDX-License-Identifier: Apache-2.0
// What `$waiting`, `$release` and `$discard` answer (contract 2.14), and what the log keeps of a decision.
// Thread: read_waiting_json() blocks, on a pool; the others pure. Failure: the outbox's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/delivery/deliveries.hpp"
#include "embergate/store/outbox.hpp"

namespace embergate::delivery {

// A page of held rows, how many there are of each state, and `next` when there are more.
core::Result<std::string> read_waiting_json(store::Outbox& outbox, store::DestinationSlot slot,
                                            const store::HeldQuery& query);
// How many rows were changed, how many of the numbers were none that it could be done to, and whether there may be
// more.
std::string decision_json(const store::HeldSelection& selection, const std::vector<store::HeldRow>& changed);
void log_decision(std::string_view destination_id, Deliveries::Decision decision,
                  const std::vector<store::HeldRow>& rows, std::string_view decided_by);

}  // namespace embergate::delivery
