// SPDX-License-Identifier: Apache-2.0
// The Parameters of `$status` (contract 2.14, decision 23).
// Thread: pure. Failure: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delivery/destination_health.hpp"
#include "delivery/error_log.hpp"
#include "delivery/relay.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/store/outbox.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::delivery {

struct StatusParts {
  store::SlotCounters counters;
  std::int64_t event_epoch = store::kFirstEpoch;  // of the events that are numbered now
  Relay::View relay;
  kafka::ConnectionStatus connection;
  std::optional<Relay::Unanswered> unanswered;
  bool ordered_by_resource = false;
  core::SystemTime started{};
  core::SystemTime now{};
  DestinationHealth::Condition condition;
  std::vector<ErrorLog::Entry> errors;  // newest first
  std::vector<vault::Report> secrets;
  std::vector<observability::Faults::Active> topic_faults;  // of the criteria of its topic
};

std::string status_json(const StatusParts& parts);

}  // namespace embergate::delivery
