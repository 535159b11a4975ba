// SPDX-License-Identifier: Apache-2.0
// What the process says of one destination beside `$status`: its errors by code and its state as metrics, its faults
// that last as log lines. What is wrong with a connection is said once by the connection, for all
// destinations that share it. Thread: any. Ownership: shared by Deliveries and the registry of checks. Failure: none.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "delivery/destination_health.hpp"
#include "delivery/error_log.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/metrics.hpp"

namespace embergate::delivery {

class DestinationReport {
 public:
  // `faults` may be null.
  DestinationReport(std::string id, observability::Metrics& metrics, observability::Faults* faults)
      : id_(std::move(id)), metrics_(metrics), faults_(faults) {}

  void counted(const Trouble& trouble);
  using Lasting = std::vector<std::pair<core::Fault, std::string>>;
  // As of now, about once a second. Gives what has begun since the time before.
  Lasting is_in(const DestinationHealth::Condition& condition);
  void gone();  // the destination is deleted: nothing of it is said any more

 private:
  [[nodiscard]] std::string key() const { return "AidboxTopicDestination/" + id_; }
  void show(DeliveryState state);

  const std::string id_;
  observability::Metrics& metrics_;
  observability::Faults* const faults_;
  std::mutex mutex_;
  std::optional<DeliveryState> shown_;
  std::set<core::Fault> lasting_;
  bool is_gone_ = false;
};

}  // namespace embergate::delivery
