// SPDX-License-Identifier: Apache-2.0
#include "app/catalog_sync.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "embergate/observability/log.hpp"

namespace embergate::app {

namespace log = observability::log;

void CatalogSync::run() {
  const std::lock_guard turn(turn_);
  try_once();
}

void CatalogSync::retry() {
  const std::lock_guard turn(turn_);
  scheduled_ = false;
  if (failures_ > 0) try_once();
}

void CatalogSync::try_once() {
  const core::Result<void> outcome = sync_safely();
  note(outcome);
  if (outcome) {
    failures_ = 0;
    return;
  }
  const std::size_t doublings = std::min<std::size_t>(failures_++, 10);
  if (std::exchange(scheduled_, true)) return;
  later_(std::min(kLongestPause, kFirstPause * (std::int64_t{1} << doublings)), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->retry();
  });
}

core::Result<void> CatalogSync::sync_safely() const {
  try {
    return sync_();
  } catch (const std::exception& thrown) {
    return core::make_error(core::ErrorCode::kInternal, thrown.what());
  }
}

void CatalogSync::note(const core::Result<void>& outcome) {
  if (!outcome && failures_ == 0) {
    log::event(log::Level::kError, "topic-destination/sync-failed",
               "topics and destinations could not be loaded, it is tried again: " + outcome.error().diagnostics);
  } else if (outcome && failures_ > 0) {
    log::event(log::Level::kInfo, "topic-destination/sync-recovered", "",
               {{"failures", static_cast<std::int64_t>(failures_)}});
  }
  const std::lock_guard lock(error_mutex_);
  error_ = outcome ? std::string() : outcome.error().diagnostics;
}

observability::HealthResult CatalogSync::health() const {
  const std::lock_guard lock(error_mutex_);
  observability::HealthResult result;
  result.summary = "topics:sync";
  result.component_type = "system";
  if (error_.empty()) return result;
  result.status = observability::HealthStatus::kWarn;
  result.output = "the newest topics and destinations are not in force yet: " + error_;
  return result;
}

}  // namespace embergate::app
