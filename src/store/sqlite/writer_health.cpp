// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/writer_health.hpp"

#include <algorithm>
#include <optional>

namespace embergate::store::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

struct Seen {
  bool written = false;
  std::optional<core::Error> refused;  // by the database
};

template <class Jobs>
void look_at(const Jobs& jobs, Seen& seen) {
  for (const auto& job : jobs) {
    if (job.outcome) {
      seen.written = true;
    } else if (job.outcome.error().code == core::ErrorCode::kUnavailable) {
      seen.refused = job.outcome.error();
    }
  }
}

core::Fault fault_of(const std::optional<core::Error>& refused) {
  if (!refused) return core::Fault::kNone;
  return refused->fault == core::Fault::kNone ? core::Fault::kStoreFailed : refused->fault;
}

}  // namespace

void WriterHealth::begin() { began_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); }

void WriterHealth::end(const core::Result<void>& committed, const Group& group, bool changed) {
  began_.store(kIdle, std::memory_order_relaxed);
  Seen seen;
  if (!committed) {
    seen.refused = committed.error();
  } else {
    look_at(group.writes, seen);
    look_at(group.settlements, seen);
    seen.written = seen.written && changed;
  }
  if (seen.written == seen.refused.has_value()) return;
  const std::lock_guard lock(mutex_);
  holds_ = seen.written;
  reason_ = seen.refused ? seen.refused->diagnostics : std::string();
  fault_ = fault_of(seen.refused);
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
  state.fault = fault_;
  return state;
}

}  // namespace embergate::store::sqlite
