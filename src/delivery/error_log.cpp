// SPDX-License-Identifier: Apache-2.0
#include "delivery/error_log.hpp"

#include <algorithm>
#include <utility>

#include "embergate/core/text.hpp"

namespace embergate::delivery {

Trouble trouble_of(const core::Error& error, core::Fault otherwise) {
  return {error.fault == core::Fault::kNone ? otherwise : error.fault, error.diagnostics};
}

void ErrorLog::on_counted(Counted counted) { counted_ = std::move(counted); }

bool ErrorLog::add(const Trouble& trouble, core::SystemTime now) { return note(trouble, now, 1); }

void ErrorLog::lasts(const Trouble& trouble, core::SystemTime now) { note(trouble, now, 0); }

bool ErrorLog::note(const Trouble& trouble, core::SystemTime now, std::uint64_t again) {
  Entry entry{trouble.fault, trouble.peer, std::string(core::whole_characters(trouble.message, kMaxText)), now, now};
  bool is_new = true;
  {
    std::lock_guard lock(mutex_);
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
      return one.fault == trouble.fault && one.peer == trouble.peer;
    });
    is_new = known == entries_.end();
    if (!is_new) {
      entry.first = known->first;
      entry.count = known->count + again;
      entries_.erase(known);
    }
    entries_.push_front(std::move(entry));
    if (entries_.size() > kKept) entries_.pop_back();
  }
  if (counted_ && (is_new || again > 0)) counted_(trouble);
  return is_new;
}

std::vector<ErrorLog::Entry> ErrorLog::entries() const {
  std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void ErrorLog::stopped_by(const Trouble& trouble, core::SystemTime now) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) stopped_.emplace(Stopped{core::Fault::kNone, {}, now});
  stopped_->fault = trouble.fault;
  stopped_->reason = core::whole_characters(trouble.message, kMaxText);
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
