// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "embergate/observability/log.hpp"
#include "embergate/topic/fault_key.hpp"

namespace embergate::interaction {

namespace log = observability::log;
using Kind = topic::CriteriaError::Kind;

namespace {

bool begins_with_one(const std::string& key, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return key.starts_with(prefix); });
}

}  // namespace

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
  const std::string text = fmt::format("trigger[{}], line {}, column {}: {}", failure.trigger, failure.line,
                                       failure.column, failure.message);
  if (!undecided) note_error(failure, text);
  const auto unsaid = may_log(failure, now);
  if (!unsaid) return;
  const log::Field topic{"topic", std::string_view(failure.topic_url)};
  const log::Field trigger{"trigger", static_cast<std::int64_t>(failure.trigger)};
  const log::Field line{"line", static_cast<std::int64_t>(failure.line)};
  const log::Field column{"column", static_cast<std::int64_t>(failure.column)};
  const log::Field suppressed{"suppressed", static_cast<std::int64_t>(*unsaid)};
  if (undecided)
    return log::event(log::Level::kWarn, "topic/criteria-undecided", text, {topic, trigger, line, column, suppressed});
  log::event(log::Level::kWarn, "topic/criteria-error", text,
             {{"code", core::code_of(core::Fault::kTopicCriterionError)}, topic, trigger, line, column, suppressed});
}

// The line of the beginning is the one of tell(), which has line and column.
void CriteriaFailures::note_error(const CriteriaFailure& failure, const std::string& text) {
  if (faults_ == nullptr) return;
  faults_->happens({.fault = core::Fault::kTopicCriterionError,
                    .key = topic::topic_fault_key(failure.topic_url, failure.trigger),
                    .concerns = failure.topic_url,
                    .detail = text,
                    .lapse = kErrorLasts,
                    .is_said = true});
}

void CriteriaFailures::tell_turn(const topic::CriterionCost& cost, topic::CriterionWatch::Turn turn) {
  using Turn = topic::CriterionWatch::Turn;
  if (turn == Turn::kSwitchedOff) tell_switched_off(cost);
  if (turn == Turn::kLetInAgain) tell_let_in(cost.watch.get());
}

void CriteriaFailures::tell_switched_off(const topic::CriterionCost& cost) {
  const auto text = fmt::format(
      "trigger[{}] exceeded its limits {} times in a row: writes put it off for a while; make the criterion simpler",
      cost.trigger, topic::CriterionWatch::kLimit);
  log::event(log::Level::kError, "topic/criteria-switched-off", text,
             {{"code", core::code_of(core::Fault::kTopicSwitchedOff)},
              {"topic", std::string_view(cost.topic_url)},
              {"trigger", static_cast<std::int64_t>(cost.trigger)}});
  if (faults_ == nullptr) return;
  const std::string key = topic::topic_fault_key(cost.topic_url, cost.trigger);
  {
    const std::lock_guard lock(mutex_);
    off_.insert_or_assign(cost.watch.get(), key);
  }
  faults_->happens({.fault = core::Fault::kTopicSwitchedOff,
                    .key = key,
                    .concerns = cost.topic_url,
                    .detail = text,
                    .level = log::Level::kError,
                    .is_said = true});
}

void CriteriaFailures::tell_let_in(const topic::CriterionWatch* watch) {
  if (faults_ == nullptr) return;
  std::string key;
  {
    const std::lock_guard lock(mutex_);
    const auto found = off_.find(watch);
    if (found == off_.end()) return;
    key = std::move(found->second);
    off_.erase(found);
  }
  faults_->ends(key, core::Fault::kTopicSwitchedOff);
}

void CriteriaFailures::know(const topic::Catalog& catalog) {
  if (faults_ == nullptr) return;
  std::map<std::string, std::int64_t> now;
  for (const auto& topic : catalog.topics()) now.insert_or_assign(topic->url, topic->version);
  std::vector<std::string> changed;
  {
    const std::lock_guard lock(mutex_);
    if (now == versions_) return;
    for (const auto& [url, version] : versions_) {
      const auto still = now.find(url);
      if (still == now.end() || still->second != version) changed.push_back(topic::fault_key_prefix(url));
    }
    versions_ = std::move(now);
    std::erase_if(off_, [&](const auto& one) { return begins_with_one(one.second, changed); });
  }
  if (changed.empty()) return;
  for (const auto& active : faults_->active()) {
    if (begins_with_one(active.key, changed)) faults_->ends(active.key);
  }
}

}  // namespace embergate::interaction
