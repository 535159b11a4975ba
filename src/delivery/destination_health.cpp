// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_health.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "delivery/relay.hpp"

namespace embergate::delivery {

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

observability::HealthResult DestinationHealth::result() const {
  observability::HealthResult result;
  result.component_type = "kafka";
  result.summary = "kafka:destinations";
  result.output = trouble();
  if (!result.output.empty()) result.status = observability::HealthStatus::kWarn;
  return result;
}

std::string DestinationHealth::of_refusal(const kafka::CredentialRefusal& refusal) {
  const std::string names = fmt::format("{}", fmt::join(refusal.secrets, "', '"));
  return fmt::format("the newest value of {} is not accepted ({}); the one before is in use",
                     names.empty() ? std::string("the login") : fmt::format("secret '{}'", names), refusal.reason);
}

// What stands in the way, and the events that wait meanwhile: they need a decision also when nothing new comes.
std::string DestinationHealth::trouble() const {
  std::shared_ptr<Relay> relay;
  std::string settings;
  {
    const std::lock_guard lock(mutex_);
    relay = relay_.lock();
    settings = unusable_.empty() ? idle_ : unusable_;
  }
  std::string hindrance = settings.empty() ? of_delivery(relay.get()) : settings;
  const std::uint64_t held = relay != nullptr ? relay->held_rows() : 0;
  if (held == 0) return hindrance;
  return fmt::format("{}{}{} events were not sent with the others: see $waiting of the destination", hindrance,
                     hindrance.empty() ? "" : "; ", held);
}

// The first that stands in the way.
std::string DestinationHealth::of_delivery(const Relay* relay) const {
  const kafka::ConnectionStatus status = relay != nullptr ? relay->connection() : kafka::ConnectionStatus{};
  if (!status.has_credential || !status.connected) {
    const std::string_view what = status.has_credential ? "not connected" : "no usable credential";
    return status.last_error.empty() ? fmt::format("{} yet", what) : fmt::format("{}: {}", what, status.last_error);
  }
  if (const auto stopped = errors_->stopped()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.system_now() - stopped->since);
    return fmt::format("delivery has been stopped for {} s: {}", std::max<std::int64_t>(seconds.count(), 0),
                       stopped->reason);
  }
  return status.refusal ? of_refusal(*status.refusal) : std::string();
}

}  // namespace embergate::delivery
