// SPDX-License-Identifier: Apache-2.0
// The rounds in which files are looked at without anybody asking. The poll thread itself waits for no file
// system: what cannot be said at once is asked by helpers, those of one mount in turn, so that a mount that hangs
// delays no one else's rotation.
#include <algorithm>
#include <new>

#include "embergate/core/thread_name.hpp"
#include "vault/cache_impl.hpp"

namespace embergate::vault {
namespace {

using core::Milliseconds;

constexpr std::size_t kMaxCheckers = 16;

Milliseconds stuck_after(const SecretCache::Options& options) {
  return std::max(options.read_timeout / kReliefsPerReadTimeout, Milliseconds(1));
}

}  // namespace

ReadPool::Limits SecretCache::Impl::reader_limits(const Options& options) {
  ReadPool::Limits limits;
  limits.stuck_after = stuck_after(options);
  limits.hung_after = options.read_timeout;
  limits.stop_timeout = options.read_timeout;
  return limits;
}

// Their waits end, so stop() can wait for them.
ReadPool::Limits SecretCache::Impl::checker_limits(const Options& options) {
  ReadPool::Limits limits;
  limits.name = "vault-checker";
  limits.threads = kMaxCheckers;
  limits.per_lane = 1;
  limits.stuck_after = stuck_after(options);
  limits.hung_after = options.read_timeout;
  return limits;
}

void SecretCache::Impl::note_use(const std::shared_ptr<TrackedFile>& file) {
  if (!file->note_use()) return;
  std::lock_guard lock(mutex);
  used.push_back(file);
}

std::vector<std::shared_ptr<Subject>> SecretCache::Impl::polled() const {
  auto subjects = notices->watched();
  {
    std::lock_guard lock(mutex);
    subjects.insert(subjects.end(), used.begin(), used.end());
  }
  if (config_watch) subjects.push_back(config_watch->file());
  std::sort(subjects.begin(), subjects.end());
  subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
  return subjects;
}

// At most one check of each subject is under way.
void SecretCache::Impl::begin_check(const std::shared_ptr<Subject>& subject) {
  if (subject->check_begun.exchange(true)) return;
  {
    std::lock_guard lock(poll_mutex);
    ++checks_begun;
  }
  const auto check = [this, subject] {
    try {
      subject->check();
    } catch (const std::bad_alloc&) {
      counters.error->add();  // the next round may have more memory; what is known stays
    }
    end_check(*subject);
  };
  bool begun = false;
  try {
    begun = checkers.submit(subject->lane(), check);
  } catch (const std::bad_alloc&) {
    begun = false;
  }
  if (begun) return;
  counters.error->add();  // no memory, or no thread: the next round tries again
  end_check(*subject);
}

void SecretCache::Impl::end_check(Subject& subject) {
  const bool wants_another = subject.due().has_value();
  subject.check_begun = false;
  if (wants_another) kick(false);  // sooner than the poll thread knows
  std::lock_guard lock(poll_mutex);
  --checks_begun;
  checks_ended.notify_all();
}

void SecretCache::Impl::tell() {
  reload_config();
  notices->deliver();
  show_states();
}

void SecretCache::Impl::poll_round() {
  for (const auto& subject : polled()) {
    if (!subject->check_at_once()) begin_check(subject);
  }
  tell();
}

void SecretCache::Impl::poll_once() {
  poll_round();
  wait_for_checks(options.read_timeout);
  tell();
}

void SecretCache::Impl::wait_for_checks(Milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::unique_lock lock(poll_mutex);
  while (checks_begun > 0 && std::chrono::steady_clock::now() < deadline) {
    checks_ended.wait_for(lock, stuck_after(options));
    lock.unlock();
    checkers.relieve();
    lock.lock();
  }
}

Milliseconds SecretCache::Impl::until_next_round(core::SteadyTime last_round) const {
  const auto now = clock.steady_now();
  auto next = last_round + std::min(options.poll, options.ttl);
  for (const auto& subject : polled()) {
    // A candidate is looked at again when its quiet time is over, not a whole round later.
    auto due = subject->due();
    // It was looked at in this round, or cannot be looked at: not again before another quiet time.
    if (due && *due <= last_round) due = last_round + options.quiet;
    if (due) next = std::min(next, *due);
  }
  return std::max(std::chrono::ceil<Milliseconds>(next - now), Milliseconds(1));
}

void SecretCache::Impl::poll_loop() {
  core::name_this_thread("vault-poll");
  auto last_round = clock.steady_now();
  bool look = true;
  while (true) {
    Milliseconds wait(1);
    try {
      if (look) {
        last_round = clock.steady_now();
        poll_round();
      } else {
        tell();
      }
      wait = until_next_round(last_round);
    } catch (const std::bad_alloc&) {
      counters.error->add();  // the next round may have more memory; what is known stays
    }
    const auto next = std::chrono::steady_clock::now() + wait;
    std::unique_lock lock(poll_mutex);
    while (!stopping && !poll_kicked && !look_kicked && std::chrono::steady_clock::now() < next) {
      // While checks wait their turn someone has to see to it that it comes.
      const auto until =
          checks_begun == 0 ? next : std::min(next, std::chrono::steady_clock::now() + stuck_after(options));
      poll_wake.wait_until(lock, until);
      if (checks_begun == 0) continue;
      lock.unlock();
      checkers.relieve();
      lock.lock();
    }
    if (stopping) return;
    look = look_kicked || !poll_kicked || std::chrono::steady_clock::now() >= next;
    poll_kicked = false;
    look_kicked = false;
  }
}

void SecretCache::Impl::kick(bool to_look) {
  std::lock_guard lock(poll_mutex);
  (to_look ? look_kicked : poll_kicked) = true;
  poll_wake.notify_one();
}

}  // namespace embergate::vault
