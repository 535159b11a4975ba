// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
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

// Versions by url of the topics whose triggers writes look at.
std::map<std::string, std::int64_t> evaluated_topics(const topic::Catalog& catalog) {
  std::set<std::string_view> wanted;
  for (const auto& destination : catalog.destinations()) wanted.insert(destination->topic_url);
  std::map<std::string, std::int64_t> versions;
  for (const auto& topic : catalog.topics()) {
    if (topic->status == "active" && wanted.contains(topic->url)) versions.emplace(topic->url, topic->version);
  }
  return versions;
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
  if (turn == Turn::kSwitchedOff) tell_switched_off(cost.watch, cost.topic_url, cost.trigger);
  if (turn == Turn::kLetInAgain) tell_let_in(cost.watch);
}

// The fault begins while the mutex is held, so that no end of it can come in between; it writes no line itself.
void CriteriaFailures::tell_switched_off(const Watch& watch, std::string_view topic_url, std::size_t trigger) {
  const auto text = fmt::format(
      "trigger[{}] exceeded its limits {} times in a row: writes put it off for a while; make the criterion simpler",
      trigger, topic::CriterionWatch::kLimit);
  if (faults_ != nullptr) {
    const std::lock_guard lock(mutex_);
    const std::string key = topic::topic_fault_key(topic_url, trigger);
    if (!off_.emplace(watch, key).second) return;  // it was found off before
    faults_->happens({.fault = core::Fault::kTopicSwitchedOff,
                      .key = key,
                      .concerns = std::string(topic_url),
                      .detail = text,
                      .level = log::Level::kError,
                      .is_said = true});
  }
  log::event(log::Level::kError, "topic/criteria-switched-off", text,
             {{"code", core::code_of(core::Fault::kTopicSwitchedOff)},
              {"topic", topic_url},
              {"trigger", static_cast<std::int64_t>(trigger)}});
}

void CriteriaFailures::tell_let_in(const Watch& watch) {
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

std::vector<std::string> CriteriaFailures::learn(const std::map<std::string, std::int64_t>& evaluated) {
  std::vector<std::string> changed;
  for (const auto& [url, version] : versions_) {
    const auto still = evaluated.find(url);
    if (still == evaluated.end() || still->second != version) changed.push_back(url);
  }
  versions_ = evaluated;
  return changed;
}

void CriteriaFailures::end_errors_of(const std::vector<std::string>& topic_urls) {
  if (topic_urls.empty()) return;
  std::vector<std::string> prefixes;
  for (const std::string& url : topic_urls) prefixes.push_back(topic::fault_key_prefix(url));
  for (const auto& active : faults_->active()) {
    if (begins_with_one(active.key, prefixes)) faults_->ends(active.key, core::Fault::kTopicCriterionError);
  }
}

// The criterion of a trigger that was written again is another one under the same key, and may be off by now.
std::vector<std::string> CriteriaFailures::forget_unused(const std::vector<topic::CriterionInUse>& in_use) {
  std::set<Watch> used;
  for (const topic::CriterionInUse& one : in_use) used.insert(one.watch);
  std::set<std::string> over;
  for (const auto& [watch, key] : off_) {
    if (!used.contains(watch)) over.insert(key);
  }
  std::erase_if(off_, [&](const auto& one) { return !used.contains(one.first); });
  for (const auto& [watch, key] : off_) over.erase(key);
  return {over.begin(), over.end()};
}

void CriteriaFailures::know(const topic::Catalog& catalog) {
  if (faults_ == nullptr) return;
  const auto evaluated = evaluated_topics(catalog);
  const auto in_use = catalog.criteria_in_use();
  std::vector<std::string> changed;
  std::vector<std::string> over;
  {
    const std::lock_guard lock(mutex_);
    if (catalog.epoch() < epoch_) return;
    epoch_ = catalog.epoch();
    changed = learn(evaluated);
    over = forget_unused(in_use);
  }
  for (const std::string& key : over) faults_->ends(key, core::Fault::kTopicSwitchedOff);
  for (const topic::CriterionInUse& one : in_use) {
    if (!one.watch->is_off()) continue;
    tell_switched_off(one.watch, one.topic_url, one.trigger);
    if (!one.watch->is_off()) tell_let_in(one.watch);  // by a write, while it was not known here
  }
  end_errors_of(changed);
  for (const std::string& url : changed) {
    if (!evaluated.contains(url)) metrics_.remove("topic", url);
  }
}

}  // namespace embergate::interaction
