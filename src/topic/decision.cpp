// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/decision.hpp"

#include <fmt/format.h>

#include "topic/evaluation.hpp"

namespace embergate::topic {

fhirpath::Limits patient_limits() {
  fhirpath::Limits limits;
  limits.max_steps = 50 * limits.max_steps;
  limits.max_items = 10 * limits.max_items;
  limits.max_string_bytes = 8 * limits.max_string_bytes;
  limits.max_bytes = 4 * limits.max_bytes;
  limits.max_pattern_bytes = 10 * limits.max_pattern_bytes;
  limits.max_pattern_memory = 8 * limits.max_pattern_memory;
  limits.max_cpu = 10 * limits.max_cpu;
  return limits;
}

Decision decide(const SubscriptionTopic& topic, const Change& change, const MatchObserver& observer,
                const std::atomic<bool>* stop, std::uint64_t steps) {
  Decision decision;
  fhirpath::EvaluationContext context = context_of(change);
  context.step_budget = &steps;
  context.stop = stop;
  for (std::size_t i = 0; i < topic.triggers.size(); ++i) {
    const Trigger& trigger = topic.triggers[i];
    if (trigger.resource != change.type || !listens(trigger, change.interaction)) continue;
    if (trigger.criteria == nullptr) return {Decision::Outcome::kMatches, {}, false};
    fhirpath::EvaluationError error;
    const fhirpath::Truth truth = trigger.criteria->evaluate_truth(context, &error);
    if (truth == fhirpath::Truth::kTrue) return {Decision::Outcome::kMatches, {}, false};
    if (truth != fhirpath::Truth::kError) continue;
    if (error.exhausted) {
      decision = {Decision::Outcome::kUndecided, undecided_reason(i, error.message), steps == 0};
    } else if (observer.on_error) {
      observer.on_error({CriteriaError::Kind::kFailed, topic.url, i, error.message, error.line, error.column});
    }
  }
  return decision;
}

}  // namespace embergate::topic
