// SPDX-License-Identifier: Apache-2.0
#include "vault/file_state.hpp"

#include <algorithm>

#include "vault/content.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

constexpr int kRemoteQuietFactor = 10;  // 100 ms becomes 1 s where attributes and contents arrive late
constexpr int kChangingAfterQuiets = 3;

// Two changes within one tick of the file system's clock leave one time stamp; a stamp of the future says nothing at
// all.
bool is_racy(const Identity& identity, core::SystemTime wall, core::Milliseconds racy_age) {
  const auto newest = std::chrono::nanoseconds(std::max(identity.mtime_ns, identity.ctime_ns));
  const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()) - newest;
  return age < racy_age;
}

}  // namespace

std::optional<Identity> FileState::known_identity(core::SteadyTime now) const {
  const bool may_compare = identity_ && !racy_ && !candidate_ && problem_.empty() && now - read_at_ < timing_.ttl;
  return may_compare ? identity_ : std::nullopt;
}

core::Milliseconds FileState::quiet() const { return remote_ ? timing_.quiet * kRemoteQuietFactor : timing_.quiet; }

Effect FileState::apply(Observation seen, core::SteadyTime now, core::SystemTime wall) {
  Effect effect;
  if (previous_ && !previous(now)) previous_.reset();
  switch (seen.kind) {
    case Observation::Kind::kUnchanged:
      note_facts(seen, effect);
      confirm(seen.began, wall, effect);
      break;
    case Observation::Kind::kContent:
      ++reads_;
      note_facts(seen, effect);
      on_content(seen, now, wall, effect);
      break;
    case Observation::Kind::kRefused:
      ++reads_;
      fail(seen.reason, wall, effect);
      break;
  }
  return effect;
}

Effect FileState::timed_out(core::SystemTime wall) {
  Effect effect;
  local_ = false;
  fail(reason::kIoError, wall, effect);
  return effect;
}

void FileState::move_on(bool raw, std::optional<PointerTokens> pointer) {
  raw_ = raw;
  pointer_ = std::move(pointer);
  candidate_.reset();
  identity_.reset();
  local_ = false;
  pinned_deleted_ = was_pinned_deleted_ = was_readable_by_others_ = false;
  if (problem_ != reason::kUnknownName) return;
  problem_ = {};
  since_ = {};
}

void FileState::lose(core::SystemTime wall) {
  current_.reset();
  current_fingerprint_ = {};
  previous_.reset();
  move_on(false, std::nullopt);
  problem_ = reason::kUnknownName;
  detail_.clear();
  since_ = wall;
}

void FileState::note_facts(const Observation& seen, Effect& effect) {
  pinned_deleted_ = seen.pinned_deleted;
  effect.pinned_deleted = seen.pinned_deleted && !was_pinned_deleted_;
  was_pinned_deleted_ |= seen.pinned_deleted;
  effect.readable_by_others = seen.readable_by_others && !was_readable_by_others_;
  was_readable_by_others_ |= seen.readable_by_others;
}

void FileState::on_content(Observation& seen, core::SteadyTime now, core::SystemTime wall, Effect& effect) {
  remote_ = seen.remote;
  local_ = seen.local;
  if (pointer_) {
    auto text = string_at(seen.bytes, *pointer_);
    wipe(seen.bytes);
    if (!text) {
      fail(reason::kBadJson, wall, effect);
      return;
    }
    seen.bytes = std::move(*text);
  }
  auto content = normalise(std::move(seen.bytes), kind_, raw_);
  if (!content.reason.empty()) {
    fail(content.reason, wall, effect);
    return;
  }
  on_value(std::move(content.value), seen, now, wall, effect);
}

void FileState::on_value(Secret value, const Observation& seen, core::SteadyTime now, core::SystemTime wall,
                         Effect& effect) {
  const auto fingerprint = Fingerprint::of(value);
  if (current_ && fingerprint == current_fingerprint_) {
    candidate_.reset();
    last_read_ = wall;
    commit(seen, now, wall, effect);
    return;
  }
  const bool seen_before =
      candidate_ && candidate_->fingerprint == fingerprint && candidate_->identity == seen.identity;
  if (!seen_before) {
    Validity validity;
    if (auto refusal = judge(value, wall, validity); !refusal.reason.empty()) {
      fail(refusal.reason, wall, effect, std::move(refusal.detail));
      return;
    }
    if (!candidate_) differs_since_ = now;
    candidate_ = Candidate{std::move(value), fingerprint, seen.identity, now, validity};
  }
  last_read_ = wall;
  // The time of the second sight is when that look began: one that hung has seen an early state.
  const bool settled = seen_before && seen.began - candidate_->since >= quiet();
  if (settled || quiet() == core::Milliseconds::zero()) {
    auto accepted = std::move(*candidate_);
    candidate_.reset();
    accept(std::move(accepted), now, wall, effect);
    commit(seen, now, wall, effect);
  } else if (problem_.empty() && now - differs_since_ > quiet() * kChangingAfterQuiets) {
    // A problem that is older keeps its reason and its time: a candidate is no cure yet.
    fail(reason::kChanging, wall, effect);
  }
}

FileState::Refusal FileState::judge(const Secret& value, core::SystemTime wall, Validity& validity) const {
  if (kind_ == ContentKind::kJaas && check_) {
    if (const auto checked = check_(value); !checked) return {reason::kBadJaas, checked.error().diagnostics};
  }
  const auto inspection = inspect(value, kind_);
  validity = inspection.validity;
  return {inspection.reason.empty() ? refusal_of(validity, wall) : inspection.reason, {}};
}

void FileState::accept(Candidate accepted, core::SteadyTime now, core::SystemTime wall, Effect& effect) {
  previous_.reset();
  // After a deletion the old value is gone for good.
  const bool keeps_previous =
      current_ && timing_.previous_grace > core::Milliseconds::zero() && problem_ != reason::kMissing;
  if (keeps_previous) previous_ = Previous{current_, now};
  current_ = make_value(std::move(accepted.value), kind_, accepted.validity);
  current_fingerprint_ = accepted.fingerprint;
  changed_ = wall;
  effect.short_key = is_short_key(current_->secret, kind_);
  ++generation_;
  effect.generation = true;
}

void FileState::commit(const Observation& seen, core::SteadyTime now, core::SystemTime wall, Effect& effect) {
  identity_ = seen.identity;
  racy_ = is_racy(seen.identity, wall, timing_.racy_age);
  read_at_ = now;
  confirm(seen.began, wall, effect);
}

// The file holds the current value, as it was when the look began.
void FileState::confirm(core::SteadyTime seen_at, core::SystemTime wall, Effect& effect) {
  if (const auto refusal = refusal_of(current_->validity, wall); !refusal.empty()) {
    fail(refusal, wall, effect);
    return;
  }
  good_at_ = std::max(good_at_, seen_at);
  if (problem_.empty() && since_ != core::SystemTime{}) return;
  problem_ = {};
  detail_.clear();
  since_ = wall;
  effect.state = true;
}

void FileState::fail(std::string_view why, core::SystemTime wall, Effect& effect, std::string detail) {
  effect.failed = why;
  if (why == reason::kMissing) previous_.reset();
  if (problem_ == why) return;
  problem_ = why;
  detail_ = std::move(detail);
  since_ = wall;
  effect.state = true;
}

// A candidate alone is an ordinary rotation, unless it should have been accepted long ago.
bool FileState::is_unconfirmed(core::SteadyTime now) const {
  return !problem_.empty() || (candidate_ && now - differs_since_ > quiet() * kChangingAfterQuiets);
}

bool FileState::grace_is_over(core::SteadyTime now) const {
  return is_unconfirmed(now) && now - good_at_ > timing_.grace;
}

std::shared_ptr<const Value> FileState::value_for(Use use, core::SteadyTime now) const {
  if (use != Use::kOutboundRunning && grace_is_over(now)) return nullptr;
  return current_;
}

std::shared_ptr<const Value> FileState::previous(core::SteadyTime now) const {
  if (!previous_ || now - previous_->replaced_at >= timing_.previous_grace) return nullptr;
  return previous_->value;
}

State FileState::state(core::SteadyTime now) const {
  if (problem_.empty() && !current_) return candidate_ ? State::kInvalid : State::kMissing;
  if (problem_.empty()) return State::kOk;
  const bool still_served = current_ && (has_running_use_ || !grace_is_over(now));
  if (still_served) return State::kStale;
  const bool is_missing = problem_ == reason::kMissing || problem_ == reason::kUnknownName;
  return is_missing ? State::kMissing : State::kInvalid;
}

std::string_view FileState::reason() const {
  if (!problem_.empty()) return problem_;
  if (!current_ && candidate_) return reason::kChanging;
  return pinned_deleted_ ? reason::kPinnedDeleted : std::string_view{};
}

}  // namespace embergate::vault
