// SPDX-License-Identifier: Apache-2.0
#include "delivery/error_log.hpp"

#include <algorithm>

#include "embergate/core/text.hpp"

namespace embergate::delivery {

bool ErrorLog::add(std::string_view message, core::SystemTime now) {
  message = core::whole_characters(message, kMaxText);
  std::lock_guard lock(mutex_);
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.message == message; });
  const bool is_new = known == entries_.end();
  if (!is_new) entries_.erase(known);
  entries_.push_front({std::string(message), now});
  if (entries_.size() > kKept) entries_.pop_back();
  return is_new;
}

std::vector<ErrorLog::Entry> ErrorLog::entries() const {
  std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void ErrorLog::stopped_by(std::string_view reason, core::SystemTime now) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) stopped_.emplace(Stopped{{}, now});
  stopped_->reason = core::whole_characters(reason, kMaxText);
}

void ErrorLog::goes_on() {
  const std::lock_guard lock(mutex_);
  stopped_.reset();
}

std::optional<ErrorLog::Stopped> ErrorLog::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace embergate::delivery
