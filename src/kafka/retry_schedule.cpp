// SPDX-License-Identifier: Apache-2.0
#include "kafka/retry_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kFirst{1'000};
constexpr core::Milliseconds kEagerLimit{5'000};
constexpr core::Milliseconds kPatientLimit{60'000};
constexpr std::chrono::minutes kEagerTime{10};
constexpr double kJitterShare = 0.1;

double random_share() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace

RetrySchedule::RetrySchedule() : jitter_(random_share) {}

core::Milliseconds RetrySchedule::next(core::SteadyTime now) {
  if (!first_) first_ = now;
  const auto limit = now - *first_ < kEagerTime ? kEagerLimit : kPatientLimit;
  step_ = step_.count() == 0 ? kFirst : std::min(step_ * 2, limit);
  const double shortened = static_cast<double>(step_.count()) * (1.0 - kJitterShare * jitter_());
  return core::Milliseconds(std::llround(shortened));
}

void RetrySchedule::reset() {
  first_.reset();
  step_ = core::Milliseconds{0};
}

}  // namespace embergate::kafka
