// SPDX-License-Identifier: Apache-2.0
#include "delivery/error_log.hpp"

#include <algorithm>

namespace embergate::delivery {
namespace {

// Cut at a character's border, so that the text stays UTF-8.
std::string_view shortened(std::string_view text) {
  if (text.size() <= ErrorLog::kMaxText) return text;
  std::size_t end = ErrorLog::kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

bool ErrorLog::add(std::string_view message, core::SystemTime now) {
  message = shortened(message);
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

}  // namespace embergate::delivery
