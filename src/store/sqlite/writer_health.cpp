// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer_health.hpp"

#include <algorithm>
#include <optional>

namespace embergate::store::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

struct Seen {
  bool written = false;
  std::optional<std::string> refused;  // by the database: why
};

template <class Jobs>
void look_at(const Jobs& jobs, Seen& seen) {
  for (const auto& job : jobs) {
    if (job.outcome) {
      seen.written = true;
    } else if (job.outcome.error().code == core::ErrorCode::kUnavailable) {
      seen.refused = job.outcome.error().diagnostics;
    }
  }
}

}  // namespace

void WriterHealth::begin() { began_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); }

void WriterHealth::end(const core::Result<void>& committed, const Group& group, bool changed) {
  began_.store(kIdle, std::memory_order_relaxed);
  Seen seen;
  if (!committed) {
    seen.refused = committed.error().diagnostics;
  } else {
    look_at(group.writes, seen);
    look_at(group.settlements, seen);
    seen.written = seen.written && changed;
  }
  if (seen.written == seen.refused.has_value()) return;
  const std::lock_guard lock(mutex_);
  holds_ = seen.written;
  reason_ = seen.refused.value_or(std::string());
}

WritingState WriterHealth::state() const {
  WritingState state;
  const auto began = began_.load(std::memory_order_relaxed);
  if (began != kIdle) {
    const auto taken = Clock::now() - Clock::time_point(Clock::duration(began));
    state.under_way = std::max(core::Milliseconds(0), std::chrono::duration_cast<core::Milliseconds>(taken));
  }
  const std::lock_guard lock(mutex_);
  state.holds = holds_;
  state.reason = reason_;
  return state;
}

}  // namespace embergate::store::sqlite
