// SPDX-License-Identifier: Apache-2.0
#include "interaction/criteria_failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

std::string text_of(const CriteriaFailure& failure) {
  return fmt::format("trigger[{}], line {}, column {}: {}", failure.trigger, failure.line, failure.column,
                     failure.message);
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
  count(failure);
  if (failure.kind == Kind::kFailed) note_error(failure);
  log_failure(failure, now);
}

void CriteriaFailures::tell_late(const CriteriaFailure& failure, std::int64_t topic_version, core::SteadyTime now) {
  {
    const std::lock_guard lock(mutex_);
    if (may_have_series(failure.topic_url)) count(failure);
    if (failure.kind == Kind::kFailed && is_evaluated(failure.topic_url, topic_version)) note_error(failure);
  }
  log_failure(failure, now);
}

void CriteriaFailures::count_late(const std::string& topic_url, const std::function<void()>& count) {
  const std::lock_guard lock(mutex_);
  if (may_have_series(topic_url)) count();
}

// What is counted before the first catalog is known is removed with it, where the topic turns out to be gone.
bool CriteriaFailures::may_have_series(const std::string& topic_url) {
  if (knows_topics_) return versions_.contains(topic_url);
  if (early_.size() >= kMaxTracked && !early_.contains(topic_url)) return false;
  early_.insert(topic_url);
  return true;
}

bool CriteriaFailures::is_evaluated(const std::string& topic_url, std::int64_t version) const {
  if (!knows_topics_) return early_.contains(topic_url);
  const auto found = versions_.find(topic_url);
  return found != versions_.end() && found->second == version;
}

void CriteriaFailures::count(const CriteriaFailure& failure) {
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
}

void CriteriaFailures::log_failure(const CriteriaFailure& failure, core::SteadyTime now) {
  const std::string text = text_of(failure);
  const auto unsaid = may_log(failure, now);
  if (!unsaid) return;
  const log::Field topic{"topic", std::string_view(failure.topic_url)};
  const log::Field trigger{"trigger", static_cast<std::int64_t>(failure.trigger)};
  const log::Field line{"line", static_cast<std::int64_t>(failure.line)};
  const log::Field column{"column", static_cast<std::int64_t>(failure.column)};
  const log::Field suppressed{"suppressed", static_cast<std::int64_t>(*unsaid)};
  if (failure.kind != Kind::kFailed)
    return log::event(log::Level::kWarn, "topic/criteria-undecided", text, {topic, trigger, line, column, suppressed});
  log::event(log::Level::kWarn, "topic/criteria-error", text,
             {{"code", core::code_of(core::Fault::kTopicCriterionError)}, topic, trigger, line, column, suppressed});
}

// The line of the beginning is the one of log_failure(), which has line and column.
void CriteriaFailures::note_error(const CriteriaFailure& failure) {
  if (faults_ == nullptr) return;
  faults_->happens({.fault = core::Fault::kTopicCriterionError,
                    .key = topic::topic_fault_key(failure.topic_url, failure.trigger),
                    .concerns = failure.topic_url,
                    .detail = text_of(failure),
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
  const std::lock_guard lock(mutex_);
  const auto found = off_.find(watch);
  if (found == off_.end()) return;
  const std::string key = std::move(found->second);
  off_.erase(found);
  end_switched_off(key);
}

// The criterion of a trigger that was written again is another one under the same key, and may be off by now.
void CriteriaFailures::end_switched_off(const std::string& key) {
  const bool is_of_another =
      std::any_of(off_.begin(), off_.end(), [&](const auto& entry) { return entry.second == key; });
  if (!is_of_another) faults_->ends(key, core::Fault::kTopicSwitchedOff);
}

std::vector<std::string> CriteriaFailures::learn(const std::map<std::string, std::int64_t>& evaluated) {
  std::vector<std::string> changed;
  for (const auto& [url, version] : versions_) {
    const auto still = evaluated.find(url);
    if (still == evaluated.end() || still->second != version) changed.push_back(url);
  }
  std::copy_if(early_.begin(), early_.end(), std::back_inserter(changed),
               [&](const std::string& url) { return !evaluated.contains(url); });
  early_.clear();
  versions_ = evaluated;
  knows_topics_ = true;
  return changed;
}

void CriteriaFailures::end_errors_of(const std::vector<std::string>& topic_urls) {
  if (topic_urls.empty()) return;
  std::vector<std::string> prefixes;
  prefixes.reserve(topic_urls.size());
  for (const std::string& url : topic_urls) prefixes.push_back(topic::fault_key_prefix(url));
  for (const auto& active : faults_->active()) {
    if (begins_with_one(active.key, prefixes)) faults_->ends(active.key, core::Fault::kTopicCriterionError);
  }
}

void CriteriaFailures::forget_unused(const std::vector<topic::CriterionInUse>& in_use) {
  std::set<Watch> used;
  for (const topic::CriterionInUse& one : in_use) used.insert(one.watch);
  std::set<std::string> over;
  for (const auto& [watch, key] : off_) {
    if (!used.contains(watch)) over.insert(key);
  }
  std::erase_if(off_, [&](const auto& one) { return !used.contains(one.first); });
  for (const std::string& key : over) end_switched_off(key);
}

void CriteriaFailures::know(const topic::Catalog& catalog) {
  if (faults_ == nullptr) return;
  const auto evaluated = evaluated_topics(catalog);
  const auto in_use = catalog.criteria_in_use();
  {
    const std::lock_guard lock(mutex_);
    if (catalog.epoch() < epoch_) return;
    epoch_ = catalog.epoch();
    const std::vector<std::string> changed = learn(evaluated);
    forget_unused(in_use);
    end_errors_of(changed);
    for (const std::string& url : changed) {
      if (!evaluated.contains(url)) metrics_.remove("topic", url);
    }
  }
  for (const topic::CriterionInUse& one : in_use) {
    if (!one.watch->is_off()) continue;
    tell_switched_off(one.watch, one.topic_url, one.trigger);
    if (!one.watch->is_off()) tell_let_in(one.watch);  // by a write, while it was not known here
  }
}

}  // namespace embergate::interaction
