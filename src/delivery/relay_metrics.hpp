// SPDX-License-Identifier: Apache-2.0
// The metric series of one destination (contract 6.1). Thread: any. Ownership: shares the handles with Metrics.
#pragma once

#include <memory>
#include <string>

#include "embergate/observability/metrics.hpp"

namespace embergate::delivery {

struct RelayMetrics {
  RelayMetrics(observability::Metrics& metrics, const std::string& destination, const std::string& kind);

  std::shared_ptr<observability::Counter> delivered;
  std::shared_ptr<observability::Counter> failed_attempts;
  std::shared_ptr<observability::Gauge> in_process;
  std::shared_ptr<observability::Gauge> queued;
  std::shared_ptr<observability::Gauge> waiting;
  std::shared_ptr<observability::Gauge> superseded;
  std::shared_ptr<observability::Gauge> undecided;
  std::shared_ptr<observability::Gauge> oldest_queued;
  std::shared_ptr<observability::Gauge> connected;
  std::shared_ptr<observability::Histogram>
      delivery;  // from commit to acknowledgement, of the first record of each window
};

}  // namespace embergate::delivery
