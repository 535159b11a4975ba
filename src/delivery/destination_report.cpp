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
void DestinationReport::is_in(const DestinationHealth::Condition& condition) {
  const std::lock_guard lock(mutex_);
  if (is_gone_) return;
  show(condition.state);
  if (faults_ == nullptr) return;
  std::set<core::Fault> now;
  for (const auto& [fault, text] : condition.own) {
    now.insert(fault);
    if (!lasting_.contains(fault)) faults_->happens({.fault = fault, .key = key(), .detail = text});
  }
  for (const core::Fault fault : lasting_) {
    if (!now.contains(fault)) faults_->ends(key(), fault);
  }
  lasting_ = std::move(now);
}

void DestinationReport::show(DeliveryState state) {
  if (shown_ == state) return;
  const auto gauge = [&](DeliveryState of) {
    return metrics_.gauge("destination_state", "1 for the state that the destination is in",
                          {{"destination", id_}, {"state", std::string(to_string(of))}});
  };
  if (shown_) gauge(*shown_)->set(0);
  gauge(state)->set(1);
  shown_ = state;
}

void DestinationReport::gone() {
  const std::lock_guard lock(mutex_);
  is_gone_ = true;
  if (faults_ != nullptr) faults_->ends(key());
  metrics_.remove("destination", id_);
}

}  // namespace embergate::delivery
