// SPDX-License-Identifier: Apache-2.0
#include "delivery/error_log.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "embergate/core/text.hpp"

namespace embergate::delivery {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// " (after 312ms in state AUTH_REQ, 3 identical error(s) suppressed)", which the Kafka client ends its texts with.
std::string_view without_state(std::string_view text) {
  const auto at = text.rfind(" (after ");
  return at == std::string_view::npos || text.find("ms in state ", at) == std::string_view::npos ? text
                                                                                                 : text.substr(0, at);
}

// How many characters name the broker in "host:9092/bootstrap: " and "host:9092/1: " beside the host. A host that was
// named by the settings gets its number with the first answer.
std::size_t length_of_broker_number(std::string_view text) {
  constexpr std::string_view kBootstrap = "/bootstrap";
  std::size_t end = kBootstrap.size();
  if (!text.starts_with(kBootstrap)) {
    end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == 1) return 0;
  }
  return text.substr(end).starts_with(": ") ? end : 0;
}

// Whether what follows a number makes it a time, or a number of what is on its way.
bool measures(std::string_view rest) {
  constexpr std::array<std::string_view, 7> kUnits{
      "ms", " ms", " in-flight", " retry-queued", " out-queue", " partially-sent", " request(s)"};
  return std::any_of(kUnits.begin(), kUnits.end(), [&](std::string_view unit) { return rest.starts_with(unit); });
}

std::string what_it_is(std::string_view text) {
  text = without_state(text);
  std::string what;
  what.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '/') i += length_of_broker_number(text.substr(i));
    const bool in_a_word = i > 0 && text[i - 1] != ' ' && text[i - 1] != '(';
    std::size_t end = i;
    while (end < text.size() && (is_digit(text[end]) || (end > i && text[end] == '.'))) ++end;
    if (end > i && !in_a_word && measures(text.substr(end))) {
      what += '#';
    } else {
      end = std::max(end, i + 1);
      what += text.substr(i, end - i);
    }
    i = end;
  }
  return what;
}

}  // namespace

bool ErrorLog::add(std::string_view message, core::SystemTime now) { return note(message, now, 1); }

void ErrorLog::lasts(std::string_view message, core::SystemTime now) { note(message, now, 0); }

bool ErrorLog::note(std::string_view message, core::SystemTime now, std::uint64_t again) {
  message = core::whole_characters(message, kMaxText);
  std::string what = what_it_is(message);
  std::lock_guard lock(mutex_);
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Kept& kept) { return kept.what == what; });
  Entry entry{std::string(message), now, now};
  const bool is_new = known == entries_.end();
  if (!is_new) {
    entry.first = known->entry.first;
    entry.count = known->entry.count + again;
    entries_.erase(known);
  }
  entries_.push_front({std::move(what), std::move(entry)});
  if (entries_.size() > kKept) entries_.pop_back();
  return is_new;
}

std::vector<ErrorLog::Entry> ErrorLog::entries() const {
  std::vector<Entry> entries;
  std::lock_guard lock(mutex_);
  entries.reserve(entries_.size());
  for (const Kept& kept : entries_) entries.push_back(kept.entry);
  return entries;
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
