// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>

#include "embergate/observability/log.hpp"

namespace embergate::interaction {

namespace log = observability::log;
using Kind = topic::CriteriaError::Kind;

std::optional<std::uint64_t> CriteriaFailures::may_log(const CriteriaFailure& failure, core::SteadyTime now) {
  std::lock_guard lock(mutex_);
  auto key = std::pair(failure.topic_url, failure.trigger);
  if (told_.size() >= kMaxTracked && !told_.contains(key)) key = {};
  const auto [entry, is_new] = told_.try_emplace(std::move(key));
  Told& told = entry->second;
  if (!is_new && failure.kind != Kind::kSwitchedOff && now - told.last < kLogInterval) {
    ++told.unsaid;
    return std::nullopt;
  }
  told.last = now;
  return std::exchange(told.unsaid, 0);
}

void CriteriaFailures::tell(const CriteriaFailure& failure, core::SteadyTime now) {
  metrics_
      .counter("topic_criteria_errors_total", "Evaluations of a criterion that failed or were passed over",
               {{"topic", failure.topic_url}})
      ->add();
  if (failure.kind == Kind::kPassedOver) {
    metrics_
        .counter("topic_criteria_passed_over_total",
                 "Events for which a criterion was not evaluated, since it had exceeded its limits again and again",
                 {{"topic", failure.topic_url}})
        ->add();
  }
  const auto unsaid = may_log(failure, now);
  if (!unsaid) return;
  const bool off = failure.kind == Kind::kSwitchedOff;
  log::event(off ? log::Level::kError : log::Level::kWarn, off ? "topic/criteria-switched-off" : "topic/criteria-error",
             fmt::format("trigger[{}], line {}, column {}: {}", failure.trigger, failure.line, failure.column,
                         failure.message),
             {{"topic", std::string_view(failure.topic_url)},
              {"trigger", static_cast<std::int64_t>(failure.trigger)},
              {"line", static_cast<std::int64_t>(failure.line)},
              {"column", static_cast<std::int64_t>(failure.column)},
              {"suppressed", static_cast<std::int64_t>(*unsaid)}});
}

}  // namespace embergate::interaction
