// SPDX-License-Identifier: Apache-2.0
// What is reported when a criterion failed or could not decide about a write: every time a counter, and a log line with
// topic, trigger and position, at most one for each trigger and minute (contract 2.2, 6.1, 6.2). The write itself has
// succeeded. Errors and criteria that are switched off last as faults (topic/fault_key.hpp). Thread: any. Ownership:
// Metrics and Faults outlive it; no Faults: nothing lasts. Failure: none; at most kMaxTracked triggers are kept apart,
// further ones share one line a minute.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/observability/faults.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/topic/catalog.hpp"

namespace embergate::interaction {

struct CriteriaFailure {
  topic::CriteriaError::Kind kind = topic::CriteriaError::Kind::kFailed;
  std::string topic_url;
  std::size_t trigger = 0;
  std::string message;
  std::size_t line = 1;
  std::size_t column = 1;

  static CriteriaFailure of(const topic::CriteriaError& error) {
    return {error.kind,  std::string(error.topic_url), error.trigger, std::string(error.message), error.line,
            error.column};
  }
};

class CriteriaFailures {
 public:
  static constexpr std::size_t kMaxTracked = 10'000;
  static constexpr core::Milliseconds kLogInterval{60'000};
  static constexpr core::Milliseconds kErrorLasts{3'600'000};  // after the last one

  explicit CriteriaFailures(observability::Metrics& metrics, observability::Faults* faults = nullptr)
      : metrics_(metrics), faults_(faults) {}

  void tell(const CriteriaFailure& failure, core::SteadyTime now);
  // Of an event that is decided after its write, with the topic as it was then: a topic that is not evaluated any more
  // gets no metrics again, and one that was written again no fault for what it was before.
  void tell_late(const CriteriaFailure& failure, std::int64_t topic_version, core::SteadyTime now);
  // Counts something else of such an event, unless its topic is not evaluated any more.
  void count_late(const std::string& topic_url, const std::function<void()>& count);
  // A criterion was costly so often that it is put off from now on, or it is let in again.
  void tell_turn(const topic::CriterionCost& cost, topic::CriterionWatch::Turn turn);
  // What is evaluated now: faults and metrics of what is not any more are over, and a criterion that is off and is
  // evaluated again is one that is off. Not for each write; a catalog that is older than the last one changes nothing.
  void know(const topic::Catalog& catalog);

 private:
  struct Told {
    core::SteadyTime last{};
    std::uint64_t unsaid = 0;  // since then
  };
  // Failures that were not logged before this one; absent: this one is not to be logged either.
  std::optional<std::uint64_t> may_log(const CriteriaFailure& failure, core::SteadyTime now);

  void count(const CriteriaFailure& failure);
  void note_error(const CriteriaFailure& failure);
  void log_failure(const CriteriaFailure& failure, core::SteadyTime now);
  using Watch = std::shared_ptr<topic::CriterionWatch>;
  void tell_switched_off(const Watch& watch, std::string_view topic_url, std::size_t trigger);
  void tell_let_in(const Watch& watch);
  // mutex_ is held for those below, so that what is over ends before anything of the same key or url begins.
  bool may_have_series(const std::string& topic_url);
  [[nodiscard]] bool is_evaluated(const std::string& topic_url, std::int64_t version) const;
  // The watch puts nothing off any more, or is not in use.
  void end_switched_off(const std::string& key);
  void forget_unused(const std::vector<topic::CriterionInUse>& in_use);
  // Urls of the topics that are not evaluated any more as they were.
  std::vector<std::string> learn(const std::map<std::string, std::int64_t>& evaluated);
  void end_errors_of(const std::vector<std::string>& topic_urls);

  observability::Metrics& metrics_;
  observability::Faults* const faults_;
  std::mutex mutex_;
  std::int64_t epoch_ = 0;                        // of the newest catalog
  std::map<std::string, std::int64_t> versions_;  // of topics that are evaluated, by url
  bool knows_topics_ = false;
  std::set<std::string> early_;  // urls that were counted for before it was known which topics are evaluated
  // Keys of the faults of criteria that are off and in use. Topics may share one, and another may let it in.
  std::map<Watch, std::string> off_;
  std::map<std::pair<std::string, std::size_t>, Told> told_;  // by topic and trigger
};

}  // namespace embergate::interaction
