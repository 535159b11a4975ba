// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_health.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "delivery/relay.hpp"

namespace embergate::delivery {
namespace {

using core::Fault;

bool is_of_login(Fault fault) {
  return fault == Fault::kKafkaAuthRefused || fault == Fault::kKafkaAuthMechanism ||
         core::code_of(fault).starts_with("secret.");
}

bool is_of_topic(Fault fault) { return fault == Fault::kKafkaTopicMissing || fault == Fault::kKafkaNotAuthorised; }

}  // namespace

std::string_view to_string(DeliveryState state) {
  switch (state) {
    case DeliveryState::kStarting:
      return "starting";
    case DeliveryState::kDelivering:
      return "delivering";
    case DeliveryState::kIdle:
      return "idle";
    case DeliveryState::kWaiting:
      return "waiting";
    case DeliveryState::kRefused:
      return "refused";
    case DeliveryState::kBlocked:
      return "blocked";
    case DeliveryState::kHeld:
      return "held";
  }
  return "starting";
}

void DestinationHealth::attach(const std::shared_ptr<Relay>& relay) {
  const std::lock_guard lock(mutex_);
  relay_ = relay;
}

void DestinationHealth::unusable(std::string why) {
  const std::lock_guard lock(mutex_);
  unusable_ = std::move(why);
}

void DestinationHealth::idle(std::string why) {
  const std::lock_guard lock(mutex_);
  idle_ = std::move(why);
}

observability::HealthResult DestinationHealth::result_of(const Condition& condition) {
  observability::HealthResult result;
  result.component_type = "kafka";
  result.summary = "kafka:destinations";
  result.output = condition.text;
  if (!result.output.empty()) result.status = observability::HealthStatus::kWarn;
  if (condition.fault != Fault::kNone) result.faults.push_back(condition.fault);
  for (const auto& [fault, text] : condition.own) {
    if (fault != condition.fault) result.faults.push_back(fault);
  }
  return result;
}

std::string DestinationHealth::of_refusal(const kafka::CredentialRefusal& refusal) {
  const std::string names = fmt::format("{}", fmt::join(refusal.secrets, "', '"));
  return fmt::format("the newest value of {} is not accepted ({}); the one before is in use",
                     names.empty() ? std::string("the login") : fmt::format("secret '{}'", names), refusal.reason);
}

// What stands in the way, and the events that wait meanwhile: they need a decision also when nothing new comes.
DestinationHealth::Condition DestinationHealth::condition() const {
  std::shared_ptr<Relay> relay;
  Condition condition;
  {
    const std::lock_guard lock(mutex_);
    relay = relay_.lock();
    if (!unusable_.empty()) {
      condition = {DeliveryState::kBlocked, Fault::kDestinationUnusable, unusable_};
    } else if (!idle_.empty()) {
      condition = {DeliveryState::kIdle, Fault::kTopicIdle, idle_};
    }
  }
  if (!condition.text.empty()) condition.own.emplace_back(condition.fault, condition.text);
  const kafka::ConnectionStatus status = relay != nullptr ? relay->connection() : kafka::ConnectionStatus{};
  const Condition delivery = of_delivery(relay.get(), status);
  condition.own.insert(condition.own.end(), delivery.own.begin(), delivery.own.end());
  if (condition.text.empty()) {
    condition.state = delivery.state;
    condition.fault = delivery.fault;
    condition.text = delivery.text;
  }
  if (relay != nullptr) add_held(*relay, condition);
  add_unproven(status, condition);
  return condition;
}

// Last, since whatever else there is says more: that the brokers are away, or refuse what the file holds.
void DestinationHealth::add_unproven(const kafka::ConnectionStatus& status, Condition& condition) const {
  if (!status.unproven || status.refusal || is_of_login(status.fault)) return;
  const auto age = clock_.steady_now() - status.unproven->since;
  if (age < kUnprovenPatience) return;
  const std::string text = fmt::format("no broker has accepted the newest value of secret '{}' for {} s",
                                       fmt::join(status.unproven->secrets, "', '"),
                                       std::chrono::duration_cast<std::chrono::seconds>(age).count());
  condition.own.emplace_back(Fault::kSecretUnproven, text);
  if (condition.fault == Fault::kNone) condition.fault = Fault::kSecretUnproven;
  if (!condition.text.empty()) condition.text += "; ";
  condition.text += text;
}

void DestinationHealth::add_held(const Relay& relay, Condition& condition) {
  const Relay::Held held = relay.held();
  std::vector<Fault> faults(held.refusals.begin(), held.refusals.end());
  if (held.superseded > 0) faults.push_back(Fault::kDestinationEventSuperseded);
  if (held.undecided > 0) faults.push_back(Fault::kTopicUndecided);
  if (faults.empty()) return;  // those that were released and wait for their turn are no trouble of their own
  const std::uint64_t rows = held.rows();
  const std::string text = fmt::format("{} event{} not sent with the others: see $waiting of the destination", rows,
                                       rows == 1 ? " was" : "s were");
  for (const Fault fault : faults) condition.own.emplace_back(fault, text);
  if (condition.text.empty()) {
    condition.state = DeliveryState::kHeld;
    condition.fault = faults.front();
  } else {
    condition.text += "; ";
  }
  condition.text += text;
}

DestinationHealth::Condition DestinationHealth::of_connection(const kafka::ConnectionStatus& status) {
  const std::string_view what = status.has_credential ? "not connected" : "no usable credential";
  if (status.last_error.empty()) return {DeliveryState::kStarting, core::Fault::kNone, fmt::format("{} yet", what)};
  const bool of_login = is_of_login(status.fault);
  return {of_login ? DeliveryState::kRefused : DeliveryState::kWaiting, status.fault,
          fmt::format("{}: {}", what, status.last_error)};
}

// The first that stands in the way.
DestinationHealth::Condition DestinationHealth::of_delivery(const Relay* relay,
                                                            const kafka::ConnectionStatus& status) const {
  const auto stopped = errors_->stopped();
  const bool is_down = !status.has_credential || !status.connected;
  // A client that is made again after a failure has nothing to say yet.
  if (is_down && (!stopped || !status.last_error.empty())) return of_connection(status);
  if (stopped) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.system_now() - stopped->since);
    Condition condition{is_of_topic(stopped->fault) ? DeliveryState::kBlocked : DeliveryState::kWaiting, stopped->fault,
                        fmt::format("delivery has been stopped for {} s: {}",
                                    std::max<std::int64_t>(seconds.count(), 0), stopped->reason)};
    if (core::code_of(stopped->fault).starts_with("kafka."))
      condition.own.emplace_back(stopped->fault, stopped->reason);
    return condition;
  }
  const DeliveryState state = relay->is_busy() ? DeliveryState::kDelivering : DeliveryState::kIdle;
  if (status.refusal) return {state, status.refusal->fault, of_refusal(*status.refusal)};
  if (status.throttled.count() > 0) {
    return {state, Fault::kKafkaThrottled,
            fmt::format("a quota of the brokers slows delivery: the last answer was held back for {} ms",
                        status.throttled.count())};
  }
  return {state, core::Fault::kNone, {}};
}

}  // namespace embergate::delivery
