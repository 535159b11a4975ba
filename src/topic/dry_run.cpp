// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/dry_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "topic/evaluation.hpp"
#include "topic/explanation.hpp"

namespace embergate::topic {
namespace {

using fhirpath::Truth;

std::string interactions_of(const Trigger& trigger) {
  std::string names;
  for (const Interaction interaction : {Interaction::kCreate, Interaction::kUpdate, Interaction::kDelete}) {
    if (!listens(trigger, interaction)) continue;
    if (!names.empty()) names += ", ";
    names += to_string(interaction);
  }
  return names;
}

std::string why_not_evaluated(const Trigger& trigger, const Change& change, const TriggerReport& report) {
  if (!report.type_fits)
    return fmt::format("not evaluated: the trigger listens to {}, this is a {}", trigger.resource, change.type);
  return fmt::format("not evaluated: the trigger listens to {}, this is a {}", interactions_of(trigger),
                     to_string(change.interaction));
}

std::string why_true(const TriggerReport& report) {
  if (report.items.size() != 1 || report.items.front().type.ends_with("oolean")) return "the criterion is true";
  return fmt::format("the criterion gave one item of type {}, which counts as true; .exists() says so more clearly",
                     report.items.front().type);
}

std::string why(const TriggerReport& report, const Change& change) {
  switch (*report.outcome) {
    case Truth::kTrue:
      return why_true(report);
    case Truth::kFalse:
      return why_false(report.explanation);
    case Truth::kEmpty:
      return why_empty(report.explanation, change.interaction);
    case Truth::kError:
      break;
  }
  return fmt::format(
      "the criterion failed at line {}, column {}: {}; such a write succeeds {}", report.error->line,
      report.error->column, report.error->message,
      report.error->exhausted ? "and its event is decided later, with larger limits" : "without an event");
}

void evaluate(const fhirpath::Expression& criteria, const Change& change, std::uint64_t& budget,
              TriggerReport& report) {
  if (budget == 0) {
    report.outcome = Truth::kError;
    report.error = no_steps_left();
    return;
  }
  fhirpath::EvaluationContext context = context_of(change);
  context.step_budget = &budget;
  context.trace = &report.trace;
  context.steps_used = &report.steps;
  fhirpath::EvaluationError error;
  report.outcome = criteria.evaluate_truth(context, &error);
  if (report.outcome == Truth::kError) report.error = std::move(error);
  report.fires = report.outcome == Truth::kTrue;
  context.trace = nullptr;
  context.steps_used = nullptr;
  context.explain = &report.explanation;
  auto items = criteria.evaluate(context);
  if (!items) return;
  report.item_count = items->size();
  items->resize(std::min(items->size(), DryRunReport::kMaxItems));
  report.items = *std::move(items);
}

TriggerReport report_of(const SubscriptionTopic& topic, std::size_t index, const Change& change,
                        std::uint64_t& budget) {
  const Trigger& trigger = topic.triggers[index];
  TriggerReport report;
  report.index = index;
  report.type_fits = trigger.resource == change.type;
  report.interaction_fits = listens(trigger, change.interaction);
  if (!report.type_fits || !report.interaction_fits) {
    report.why = why_not_evaluated(trigger, change, report);
  } else if (trigger.criteria == nullptr) {
    report.fires = true;
    report.why =
        fmt::format("there is no criterion: every {} of a {} fires", to_string(change.interaction), trigger.resource);
  } else {
    evaluate(*trigger.criteria, change, budget, report);
    report.why = why(report, change);
    report.switched_off = trigger.watch->is_off();
    if (report.switched_off) report.why += "; writes put it off at present, since it exceeded its limits repeatedly";
  }
  return report;
}

std::string why_in_all(const SubscriptionTopic& topic, const DryRunReport& report) {
  if (topic.triggers.empty()) return "the topic has no trigger, so it never fires";
  const auto fired = std::find_if(report.triggers.begin(), report.triggers.end(),
                                  [](const TriggerReport& trigger) { return trigger.fires; });
  if (fired == report.triggers.end()) {
    if (topic.triggers.size() == 1) return fmt::format("trigger[0] does not fire: {}", report.triggers.front().why);
    return fmt::format("none of the {} triggers fires", topic.triggers.size());
  }
  if (topic.status != "active") {
    return fmt::format("trigger[{}] fires, but the status of the topic is {}: only active ones make events",
                       fired->index, topic.status);
  }
  return fmt::format("trigger[{}] fires: {}", fired->index, fired->why);
}

}  // namespace

std::string_view to_string(Interaction interaction) {
  switch (interaction) {
    case Interaction::kCreate:
      return "create";
    case Interaction::kUpdate:
      return "update";
    case Interaction::kDelete:
      return "delete";
  }
  return "";
}

DryRunReport dry_run(const SubscriptionTopic& topic, const Change& change) {
  DryRunReport report;
  std::uint64_t budget = kEventSteps;
  const std::size_t count = std::min(topic.triggers.size(), DryRunReport::kMaxTriggers);
  bool fired = false;
  for (std::size_t i = 0; i < count; ++i) {
    report.triggers.push_back(report_of(topic, i, change, budget));
    fired |= report.triggers.back().fires;
  }
  report.fires = fired && topic.status == "active";
  report.why = why_in_all(topic, report);
  return report;
}

}  // namespace embergate::topic
