// SPDX-License-Identifier: Apache-2.0
// Whether a destination can deliver, for GET /health (contract 5.6): `warn` while it cannot, with the reason. Reads
// state only. Thread: any. Ownership: shared by Deliveries and the registry of checks; the relay may end before it.
// Failure: none.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "delivery/error_log.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/kafka/producer.hpp"
#include "embergate/observability/health.hpp"

namespace embergate::delivery {

class Relay;

class DestinationHealth {
 public:
  DestinationHealth(std::shared_ptr<const ErrorLog> errors, const core::Clock& clock)
      : errors_(std::move(errors)), clock_(clock) {}

  void attach(const std::shared_ptr<Relay>& relay);
  void unusable(std::string why);  // its settings cannot be used
  void idle(std::string why);      // no topic gives it events; empty: one does
  [[nodiscard]] observability::HealthResult result() const;

 private:
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] std::string of_delivery(const Relay* relay) const;
  static std::string of_refusal(const kafka::CredentialRefusal& refusal);

  const std::shared_ptr<const ErrorLog> errors_;
  const core::Clock& clock_;
  mutable std::mutex mutex_;
  std::weak_ptr<Relay> relay_;
  std::string unusable_;
  std::string idle_;
};

}  // namespace embergate::delivery
