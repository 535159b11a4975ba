// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_report.hpp"

namespace embergate::delivery {

void DestinationReport::counted(const Trouble& trouble) {
  const std::lock_guard lock(mutex_);
  if (is_gone_) return;
  metrics_
      .counter("destination_errors_total", "Errors of a destination, by their code",
               {{"destination", id_}, {"code", std::string(core::code_of(trouble.fault))}})
      ->add();
}

// What is wrong lasts for as long as it is found here, whatever else stands in the way first.
DestinationReport::Lasting DestinationReport::is_in(const DestinationHealth::Condition& condition) {
  Lasting begun;
  const std::lock_guard lock(mutex_);
  if (is_gone_) return begun;
  show(condition.state);
  std::set<core::Fault> now;
  for (const auto& [fault, text] : condition.own) {
    if (now.insert(fault).second && !lasting_.contains(fault)) begun.emplace_back(fault, text);
  }
  if (faults_ != nullptr) {
    for (const auto& [fault, text] : begun) faults_->happens({.fault = fault, .key = key(), .detail = text});
    for (const core::Fault fault : lasting_) {
      if (!now.contains(fault)) faults_->ends(key(), fault);
    }
  }
  lasting_ = std::move(now);
  return begun;
}

// All states have their series from the start, so that averages and alerts need not know which there were before.
void DestinationReport::show(DeliveryState state) {
  if (shown_ == state) return;
  for (const DeliveryState one : kDeliveryStates) {
    metrics_
        .gauge("destination_state", "1 for the state that the destination is in, 0 for the others",
               {{"destination", id_}, {"state", std::string(to_string(one))}})
        ->set(one == state ? 1 : 0);
  }
  shown_ = state;
}

void DestinationReport::gone() {
  const std::lock_guard lock(mutex_);
  is_gone_ = true;
  if (faults_ != nullptr) faults_->ends(key());
  metrics_.remove("destination", id_);
}

}  // namespace embergate::delivery
