// SPDX-License-Identifier: Apache-2.0
#include "delivery/size_limit.hpp"

#include <algorithm>

namespace embergate::delivery {
namespace {

// The smaller one, where 0 means that there is none.
std::size_t tighter(std::size_t known, std::size_t learned) { return known == 0 ? learned : std::min(known, learned); }

}  // namespace

core::Milliseconds RetryPolicy::after(std::uint32_t attempts) const {
  const std::uint32_t doublings = std::min(attempts == 0 ? 0U : attempts - 1, 20U);
  return std::min(max, min * (std::int64_t{1} << doublings));
}

void SizeLimit::refused_alone(std::size_t bytes, core::SteadyTime now) {
  record_ = tighter(record_, bytes);
  if (proven_ >= bytes) proven_ = 0;
  next_probe_ = now + retry_.after(++failed_probes_);
  // A batch of this size would be refused as well.
  if (bytes < kBatchBytes) refused_together(bytes, now);
}

void SizeLimit::refused_together(std::size_t bytes, core::SteadyTime now) {
  together_ = std::max<std::size_t>(1, tighter(together_, bytes / 2));
  grow_at_ = now + kGrowAfter;
}

bool SizeLimit::accepted_alone(std::size_t bytes, core::SteadyTime now) {
  if (bytes <= proven_ || (record_ != 0 && bytes < record_)) {
    proven_ = std::max(proven_, bytes);
    return false;
  }
  proven_ = bytes;
  record_ = 0;
  failed_probes_ = 0;
  next_probe_ = now;
  return true;
}

void SizeLimit::grow(core::SteadyTime now) {
  if (together_ == 0 || now < grow_at_) return;
  if (record_ != 0 && together_ * 2 >= record_) return;
  together_ = together_ * 2 > kUnlimited ? 0 : together_ * 2;
  grow_at_ = now + kGrowAfter;
}

SizeLimit::Choice SizeLimit::choice() const {
  if (failed_probes_ == 0) return Choice::kLongest;
  return failed_probes_ % 2 == 1 ? Choice::kShortest : Choice::kLeastTried;
}

}  // namespace embergate::delivery
