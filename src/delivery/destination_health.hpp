// SPDX-License-Identifier: Apache-2.0
// What state a destination is in, and why: for GET /health (contract 5.6), which is `warn` while it cannot
// deliver, for `$status` and for the metric of states. Reads state only. Thread: any. Ownership: shared by Deliveries
// and the registry of checks; the relay may end before it. Failure: none.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "delivery/error_log.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/kafka/producer.hpp"
#include "embergate/observability/health.hpp"

namespace embergate::delivery {

class Relay;

// The words are the same everywhere: `$status`, metrics, command line.
enum class DeliveryState { kStarting, kDelivering, kIdle, kWaiting, kRefused, kBlocked, kHeld };
// "starting" "delivering" "idle" "waiting" (no broker) "refused" (the credential) "blocked" (topic, rights, settings)
// "held" (some resources)
std::string_view to_string(DeliveryState state);
inline constexpr std::array kDeliveryStates{
    DeliveryState::kStarting, DeliveryState::kDelivering, DeliveryState::kIdle, DeliveryState::kWaiting,
    DeliveryState::kRefused,  DeliveryState::kBlocked,    DeliveryState::kHeld};

class DestinationHealth {
 public:
  struct Condition {
    DeliveryState state = DeliveryState::kStarting;
    core::Fault fault = core::Fault::kNone;
    std::string text;  // for people; empty: nothing is wrong
    // What is wrong with the destination itself, also where something else stands in the way first.
    std::vector<std::pair<core::Fault, std::string>> own = {};
  };
  // A login takes up to 20 s where brokers are slow to answer, and files that change in turns are waited for a few
  // more.
  static constexpr core::Milliseconds kUnprovenPatience{30'000};

  DestinationHealth(std::shared_ptr<const ErrorLog> errors, const core::Clock& clock)
      : errors_(std::move(errors)), clock_(clock) {}

  void attach(const std::shared_ptr<Relay>& relay);
  void unusable(std::string why);  // its settings cannot be used
  void idle(std::string why);      // no topic gives it events; empty: one does
  [[nodiscard]] Condition condition() const;
  [[nodiscard]] static observability::HealthResult result_of(const Condition& condition);

 private:
  [[nodiscard]] Condition of_delivery(const Relay* relay, const kafka::ConnectionStatus& status) const;
  void add_unproven(const kafka::ConnectionStatus& status, Condition& condition) const;
  static void add_held(const Relay& relay, Condition& condition);
  [[nodiscard]] static Condition of_connection(const kafka::ConnectionStatus& status);
  static std::string of_refusal(const kafka::CredentialRefusal& refusal);

  const std::shared_ptr<const ErrorLog> errors_;
  const core::Clock& clock_;
  mutable std::mutex mutex_;
  std::weak_ptr<Relay> relay_;
  std::string unusable_;
  std::string idle_;
};

}  // namespace embergate::delivery
