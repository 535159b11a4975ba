// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/faults.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace embergate::observability {
namespace {

std::string lasted(const Faults::Active& state, core::SystemTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - state.first).count();
  return fmt::format("{} time{} in {} s", state.count, state.count == 1 ? "" : "s", std::max<std::int64_t>(seconds, 0));
}

}  // namespace

void Faults::happens(const Notice& notice) {
  count(notice.fault);
  const core::SteadyTime at = clock_.steady_now();
  Row said;
  {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(Key(notice.key, notice.fault));
    const bool is_new = found == rows_.end();
    Row fresh;
    Row& row = is_new ? fresh : found->second;
    row.state.concerns = notice.concerns.empty() ? notice.key : notice.concerns;
    row.state.detail = notice.detail;
    row.state.last = clock_.system_now();
    if (notice.lapse.count() > 0) row.lapses = at + notice.lapse;
    ++row.state.count;
    if (!is_new && !notice.is_news) return;
    row.level = notice.level;
    row.event = notice.event.empty() ? "fault/began" : notice.event;
    if (is_new) {
      row.state.fault = notice.fault;
      row.state.key = notice.key;
      row.state.first = row.state.last;
    }
    row.is_said = notice.is_said || notice.patience.count() == 0;
    row.next_line = at + (row.is_said ? kReminder : notice.patience);
    said = row;
    if (is_new && rows_.size() < kMost) {
      rows_.emplace(Key(notice.key, notice.fault), std::move(fresh));
      ++active_[notice.fault];
      show_active(notice.fault);
    }
  }
  if (said.is_said && !notice.is_said) say(said, Line::kBegan);
}

void Faults::becomes(const Notice& notice) {
  std::vector<Row> ended;
  bool is_known = notice.fault == core::Fault::kNone;
  {
    const std::lock_guard lock(mutex_);
    ended = take_others(notice);
    const auto same = rows_.find(Key(notice.key, notice.fault));
    if (same != rows_.end()) is_known = same->second.state.detail == notice.detail;
  }
  end(std::move(ended));
  if (!is_known) happens(notice);
}

void Faults::is_now(const Notice& notice) {
  std::vector<Row> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = take_others(notice);
  }
  end(std::move(ended));
  happens(notice);
}

void Faults::ends(std::string_view key) { becomes({.fault = core::Fault::kNone, .key = std::string(key)}); }

void Faults::ends(std::string_view key, core::Fault fault) {
  std::vector<Row> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = rows_.find(Key(std::string(key), fault));
    if (found == rows_.end()) return;
    ended.push_back(take_out(found));
  }
  end(std::move(ended));
}

std::vector<Faults::Row> Faults::take_others(const Notice& notice) {
  std::vector<Row> others;
  for (auto at = rows_.lower_bound(Key(notice.key, core::Fault::kNone));
       at != rows_.end() && at->first.first == notice.key;) {
    const auto row = at++;
    if (row->first.second != notice.fault) others.push_back(take_out(row));
  }
  return others;
}

Faults::Row Faults::take_out(Rows::iterator row) {
  --active_[row->first.second];
  show_active(row->first.second);
  Row taken = std::move(row->second);
  rows_.erase(row);
  return taken;
}

// What came and went within its patience has no line at all.
void Faults::end(std::vector<Row> ended) const {
  const std::vector<Row> rows = std::move(ended);
  for (const Row& row : rows) {
    if (row.is_said && !is_closed_.load()) say(row, Line::kEnded);
  }
}

void Faults::remind() {
  const core::SteadyTime at = clock_.steady_now();
  std::vector<std::pair<Row, Line>> due;
  std::vector<Row> lapsed;
  {
    const std::lock_guard lock(mutex_);
    for (auto next = rows_.begin(); next != rows_.end();) {
      const auto one = next++;
      Row& row = one->second;
      if (at >= row.lapses) {
        lapsed.push_back(take_out(one));
        continue;
      }
      if (at < row.next_line) continue;
      due.emplace_back(row, row.is_said ? Line::kLasts : Line::kBegan);
      row.is_said = true;
      row.next_line = at + kReminder;
    }
  }
  end(std::move(lapsed));
  for (const auto& [row, line] : due) say(row, line);
}

std::vector<Faults::Active> Faults::active() const {
  const std::lock_guard lock(mutex_);
  std::vector<Active> states;
  states.reserve(rows_.size());
  for (const auto& [key, row] : rows_) states.push_back(row.state);
  return states;
}

void Faults::say(const Row& row, Line line) const {
  const core::FaultText& text = core::text_of(row.state.fault);
  const log::Field code{"code", text.code};
  const log::Field concerns{"concerns", std::string_view(row.state.concerns)};
  const std::string message = row.state.detail.empty() ? std::string(text.title) : row.state.detail;
  if (line == Line::kBegan) return log::event(row.level, row.event, message, {code, concerns, {"remedy", text.remedy}});
  const std::string duration = lasted(row.state, clock_.system_now());
  const log::Field count{"count", static_cast<std::int64_t>(row.state.count)};
  if (line == Line::kLasts)
    return log::event(row.level, "fault/lasts", fmt::format("{} ({})", message, duration), {code, concerns, count});
  log::event(log::Level::kInfo, "fault/ended", fmt::format("over: {} ({})", text.title, duration),
             {code, concerns, count});
}

void Faults::count(core::Fault fault) const {
  metrics_
      .counter("errors_total", "Faults by their code, each time they came",
               {{"code", std::string(core::code_of(fault))}})
      ->add();
}

void Faults::show_active(core::Fault fault) const {
  metrics_.gauge("faults", "Faults that last, by their code", {{"code", std::string(core::code_of(fault))}})
      ->set(static_cast<double>(active_.at(fault)));
}

}  // namespace embergate::observability
