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
  if (!is_new && now - told.last < kLogInterval) {
    ++told.unsaid;
    return std::nullopt;
  }
  told.last = now;
  return std::exchange(told.unsaid, 0);
}

void CriteriaFailures::tell(const CriteriaFailure& failure, core::SteadyTime now) {
  const bool undecided = failure.kind != Kind::kFailed;
  metrics_
      .counter(undecided ? "topic_criteria_undecided_total" : "topic_criteria_errors_total",
               undecided ? "Evaluations of a criterion that met a bound or were put off; decided later"
                         : "Evaluations of a criterion that ended with an error and count as no match",
               {{"topic", failure.topic_url}})
      ->add();
  if (failure.kind == Kind::kPutOff) {
    metrics_
        .counter("topic_criteria_put_off_total",
                 "Events for which a criterion was not evaluated, since it had exceeded its limits again and again",
                 {{"topic", failure.topic_url}})
        ->add();
  }
  const auto unsaid = may_log(failure, now);
  if (!unsaid) return;
  log::event(log::Level::kWarn, undecided ? "topic/criteria-undecided" : "topic/criteria-error",
             fmt::format("trigger[{}], line {}, column {}: {}", failure.trigger, failure.line, failure.column,
                         failure.message),
             {{"topic", std::string_view(failure.topic_url)},
              {"trigger", static_cast<std::int64_t>(failure.trigger)},
              {"line", static_cast<std::int64_t>(failure.line)},
              {"column", static_cast<std::int64_t>(failure.column)},
              {"suppressed", static_cast<std::int64_t>(*unsaid)}});
}

void CriteriaFailures::tell_put_off(std::string_view topic_url, std::size_t trigger) {
  log::event(log::Level::kError, "topic/criteria-switched-off",
             fmt::format("trigger[{}] exceeded its limits {} times in a row: writes put it off for a while; make the "
                         "criterion simpler",
                         trigger, topic::CriterionWatch::kLimit),
             {{"topic", topic_url}, {"trigger", static_cast<std::int64_t>(trigger)}});
}

}  // namespace embergate::interaction
