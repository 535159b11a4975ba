// SPDX-License-Identifier: Apache-2.0
#include "vault/tracked_file.hpp"

#include <algorithm>
#include <new>

#include "vault/content.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

using RealClock =
    std::chrono::steady_clock;  // waits for other threads last as long as they last, whatever the injected clock says

constexpr int kSettleQuiets = 3;
constexpr int kLooksPerQuiet = 4;

template <class Duration>
Duration at_least_one(Duration value) {
  return std::max(value, Duration(1));
}

std::optional<PointerTokens> tokens_of(const std::optional<std::string>& pointer) {
  return pointer ? tokens_of_pointer(*pointer) : std::nullopt;
}

}  // namespace

TrackedFile::TrackedFile(const Entry& entry, ContentKind kind, Timing timing, LookContext context, OnEffect on_effect,
                         FileState::Check content_check)
    : name_(entry.name),
      kind_(kind),
      context_(std::move(context)),
      on_effect_(std::move(on_effect)),
      source_{entry.path, entry.raw, entry.json_pointer},
      state_(kind, entry.raw, timing, std::move(content_check), tokens_of(entry.json_pointer)) {
  if (is_gone_locked()) state_.lose(context_.clock.system_now());
}

std::size_t TrackedFile::limit_locked() const {
  return source_.json_pointer ? kMaxFileBytes : size_limit(kind_, source_.raw);
}

std::string TrackedFile::lane() {
  std::string path;
  {
    std::lock_guard lock(mutex_);
    path = source_.path;
  }
  return path.empty() ? path : context_.files->mount_of(path);
}

bool TrackedFile::follow(const Entry* entry) {
  Source source;
  if (entry != nullptr) source = {entry->path, entry->raw, entry->json_pointer};
  auto pointer = tokens_of(source.json_pointer);
  std::lock_guard lock(mutex_);
  if (source == source_) return false;
  source_ = std::move(source);
  ++source_number_;
  // A look at the file before may hang for long, and no one waits for it any more.
  queued_ = false;
  ended_ = begun_;
  read_through_ = begun_ + 1;
  untold_ = {};
  if (is_gone_locked()) {
    state_.lose(context_.clock.system_now());
  } else {
    state_.move_on(source_.raw, std::move(pointer));
  }
  changed_.notify_all();
  return true;
}

std::uint64_t TrackedFile::generation() {
  return with_state([](const FileState& state) { return state.generation(); });
}

std::optional<core::SteadyTime> TrackedFile::due() {
  return with_state(
      [](const FileState& state) { return state.settling() ? std::optional(state.settles_at()) : std::nullopt; });
}

// Nearly every look finds what the last one found: that is told without a change of threads, where the file system is
// one that does not hang.
bool TrackedFile::look_quickly_locked(std::uint64_t asked_after) {
  if (is_gone_locked()) return true;
  // Another caller's look that began after this one asked will do.
  if (quick_ended_ > asked_after) return true;
  if (!state_.is_local() || abandoned_ || queued_ || begun_ > ended_ || begun_ < read_through_) return false;
  const auto now = context_.clock.steady_now();
  const auto known = state_.known_identity(now);
  if (!known) return false;
  const auto mine = quick_begun_.fetch_add(1) + 1;
  auto seen = unchanged_at(*context_.files, source_.path, *known);
  if (!seen) return false;
  seen->began = now;
  quick_ended_ = mine;
  look_ended_locked(*std::move(seen), now);
  return true;
}

bool TrackedFile::check_at_once() {
  const auto asked_after = quick_begun_.load();
  std::lock_guard lock(mutex_);
  return look_quickly_locked(asked_after);
}

bool TrackedFile::look(bool forced) {
  const auto asked_after = quick_begun_.load();
  std::unique_lock lock(mutex_);
  if (!forced && look_quickly_locked(asked_after)) return true;
  const auto wanted = begun_ + 1;
  if (forced) read_through_ = wanted;
  const auto deadline = RealClock::now() + context_.read_timeout;
  const auto slice = at_least_one(context_.read_timeout / kReliefsPerReadTimeout);
  while (ended_ < wanted && !abandoned_ && !is_gone_locked()) {
    const bool running = begun_ > ended_;
    const auto now = RealClock::now();
    const bool hangs = running && now - begun_at_ >= context_.read_timeout;
    if (!queued_ && !running) submit_locked();
    // A look that waits behind others that hang is waited for no more than one that hangs itself.
    if (hangs || now >= deadline || (queued_ && context_.pool.is_hung(lane_))) {
      note_timeout_locked();
      return false;
    }
    changed_.wait_until(lock, std::min(deadline, now + slice));
    if (ended_ < wanted) context_.pool.relieve();
  }
  return ended_ >= wanted || is_gone_locked();
}

void TrackedFile::submit_locked() {
  lane_ = context_.files->mount_of(source_.path);
  queued_ =
      context_.pool.submit(lane_, [self = shared_from_this(), source = source_number_] { self->run_look(source); });
}

void TrackedFile::run_look(std::uint64_t source) {
  Look look;
  core::SteadyTime began{};
  {
    std::lock_guard lock(mutex_);
    if (source != source_number_) return;
    queued_ = false;
    if (abandoned_) return;
    look = {source_.path, limit_locked(), std::nullopt, context_.allow_world_writable};
    ++begun_;
    begun_at_ = RealClock::now();
    began = context_.clock.steady_now();
    if (begun_ > read_through_) look.unless_same = state_.known_identity(began);
  }
  auto seen = look_without_throwing(look);
  seen.began = began;
  std::lock_guard lock(mutex_);
  if (source != source_number_) return wipe(seen.bytes);
  if (abandoned_) {
    wipe(seen.bytes);
  } else {
    take_without_throwing_locked(std::move(seen));
  }
  ended_ = begun_;
  changed_.notify_all();
}

// Without memory a look has failed, and what was known stays.
Observation TrackedFile::look_without_throwing(const Look& look) const {
  try {
    return look_at(*context_.files, look, context_.pause);
  } catch (const std::bad_alloc&) {
    Observation failed;
    failed.reason = reason::kIoError;
    return failed;
  }
}

void TrackedFile::take_without_throwing_locked(Observation seen) {
  try {
    look_ended_locked(std::move(seen), context_.clock.steady_now());
  } catch (const std::bad_alloc&) {
    // What is known of the file may be half of a step: the next look reads it all again.
    read_through_ = begun_ + 1;
  }
}

void TrackedFile::look_ended_locked(Observation seen, core::SteadyTime now) {
  untold_.add(state_.apply(std::move(seen), now, context_.clock.system_now()));
  tell_locked();
}

// Kept until it has been told, so that a telling for which there was no memory is made up for.
void TrackedFile::tell_locked() {
  on_effect_(*this, state_, untold_);
  untold_ = {};
}

void TrackedFile::note_timeout_locked() {
  untold_.add(state_.timed_out(context_.clock.system_now()));
  tell_locked();
}

void TrackedFile::settle() {
  const auto quiet = with_state([](const FileState& state) { return state.quiet(); });
  const auto deadline = RealClock::now() + quiet * kSettleQuiets;
  const auto step = at_least_one(quiet / kLooksPerQuiet);
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      if (!state_.settling() || abandoned_) return;
      // Time that only a test moves is not waited for.
      const auto remaining = state_.settles_at() - context_.clock.steady_now();
      const bool quiet_is_over = remaining <= core::SteadyTime::duration::zero();
      if (!uses_machine_clock() && !quiet_is_over) return;
      if (uses_machine_clock()) {
        const auto now = RealClock::now();
        // A process that was stalled may come too late for a look that was due.
        last = now >= deadline;
        if (last && !quiet_is_over) return;
        const auto wake = now + std::clamp<core::SteadyTime::duration>(remaining, std::chrono::milliseconds(1), step);
        if (!last)
          changed_.wait_until(lock, std::min(deadline, wake), [&] { return abandoned_ || !state_.settling(); });
        if (abandoned_ || !state_.settling()) return;
      }
    }
    if (!look()) return;
  }
}

bool TrackedFile::take_refresh(core::Milliseconds at_most_every) {
  std::lock_guard lock(mutex_);
  const auto now = context_.clock.steady_now();
  if (refreshed_at_ && now - *refreshed_at_ < at_most_every) return false;
  refreshed_at_ = now;
  return true;
}

void TrackedFile::forget_identity() {
  std::lock_guard lock(mutex_);
  read_through_ = begun_ + 1;
}

void TrackedFile::abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

}  // namespace embergate::vault
