// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_report.hpp"

namespace embergate::delivery {
namespace {

using core::Fault;

// All others are the vault's or the database's, which report them.
bool is_of_destination(const Trouble& trouble) {
  const std::string_view code = core::code_of(trouble.fault);
  return !trouble.of_connection &&
         (code.starts_with("kafka.") || code.starts_with("topic.") || trouble.fault == Fault::kDestinationUnusable);
}

}  // namespace

void DestinationReport::counted(const Trouble& trouble) {
  const std::lock_guard lock(mutex_);
  if (is_gone_) return;
  metrics_
      .counter("destination_errors_total", "Errors of a destination, by their code",
               {{"destination", id_}, {"code", std::string(core::code_of(trouble.fault))}})
      ->add();
  if (faults_ == nullptr || !is_of_destination(trouble)) return;
  lasting_ = trouble.fault;
  faults_->happens({.fault = trouble.fault, .key = key(), .detail = trouble.message});
}

void DestinationReport::is_in(const DestinationHealth::Condition& condition) {
  const std::lock_guard lock(mutex_);
  if (is_gone_) return;
  show(condition.state);
  if (faults_ == nullptr || !lasting_ || condition.fault == *lasting_) return;
  faults_->ends(key());
  lasting_.reset();
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
