// SPDX-License-Identifier: Apache-2.0
// What is reported when a criterion failed or could not decide about a write: every time a counter, and a log line with
// topic, trigger and position, at most one for each trigger and minute (contract 2.2, 6.1, 6.2). The write itself has
// succeeded. Thread: any. Ownership: Metrics outlives it. Failure: none; at most kMaxTracked triggers are kept apart,
// further ones share one line a minute.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "embergate/core/clock.hpp"
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

  explicit CriteriaFailures(observability::Metrics& metrics) : metrics_(metrics) {}

  void tell(const CriteriaFailure& failure, core::SteadyTime now);
  // A criterion was costly so often that it is put off from now on.
  static void tell_put_off(std::string_view topic_url, std::size_t trigger);

 private:
  struct Told {
    core::SteadyTime last{};
    std::uint64_t unsaid = 0;  // since then
  };
  // Failures that were not logged before this one; absent: this one is not to be logged either.
  std::optional<std::uint64_t> may_log(const CriteriaFailure& failure, core::SteadyTime now);

  observability::Metrics& metrics_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::size_t>, Told> told_;  // by topic and trigger
};

}  // namespace embergate::interaction
