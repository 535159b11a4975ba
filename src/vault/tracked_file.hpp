// SPDX-License-Identifier: Apache-2.0
// One secret file in use: its state under a lock, and looks at it, one at a time. A caller never takes the
// result of a look that began before it asked: that look may have opened the file of before the swap. Thread: any; the
// look itself runs on the read pool, in the lane of its mount. Ownership: shared by the cache, its watches and a
// running look; abandon() cuts it off from clock, logs and metrics before those go. Failure: look() returns false when
// no answer came in time; the state then says io-error.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "embergate/core/clock.hpp"
#include "embergate/vault/config.hpp"
#include "vault/file_state.hpp"
#include "vault/read_pool.hpp"
#include "vault/subject.hpp"

namespace embergate::vault {

struct LookContext {
  const core::Clock& clock;
  std::shared_ptr<FileSystem> files;
  ReadPool& pool;
  Pause pause;
  core::Milliseconds read_timeout;
  bool allow_world_writable;
};

class TrackedFile final : public Subject, public std::enable_shared_from_this<TrackedFile> {
 public:
  // `on_effect` is called with the lock held, after every look.
  using OnEffect = std::function<void(const TrackedFile& file, const FileState& state, const Effect& effect)>;
  TrackedFile(const Entry& entry, ContentKind kind, Timing timing, LookContext context, OnEffect on_effect,
              FileState::Check content_check = {});

  [[nodiscard]] const SecretName& name() const { return name_; }
  [[nodiscard]] ContentKind kind() const { return kind_; }

  void check() override { look(); }
  bool check_at_once() override;
  std::string lane() override { return context_.files->mount_of(path_); }
  std::uint64_t generation() override;
  std::optional<core::SteadyTime> due() override;  // the end of a candidate's quiet time

  // Looks at the file now. `forced`: reads it whatever its identity.
  bool look(bool forced = false);
  // Looks again until no candidate waits, at most 3 x quiet.
  void settle();
  template <class F>
  decltype(auto) with_state(F&& use) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(use)(state_);
  }
  // True the first time: from then on it is polled, so that the moment is known when its value was last good.
  bool note_use() { return !used_.load(std::memory_order_relaxed) && !used_.exchange(true); }
  // Whether a forced refresh is due, and if so notes it.
  bool take_refresh(core::Milliseconds at_most_every);
  void forget_identity();  // the next look reads, whatever the identity
  void abandon();

 private:
  [[nodiscard]] bool look_quickly_locked(std::uint64_t asked_after);
  [[nodiscard]] Observation look_without_throwing(const std::optional<Identity>& unless_same) const;
  void take_without_throwing_locked(Observation seen);
  void submit_locked();
  void run_look();
  void look_ended_locked(Observation seen, core::SteadyTime now);
  void note_timeout_locked();
  void tell_locked();
  [[nodiscard]] bool uses_machine_clock() const { return &context_.clock == &core::system_clock(); }

  const SecretName name_;
  const std::string path_;
  const ContentKind kind_;
  const std::size_t limit_;
  const LookContext context_;
  const OnEffect on_effect_;

  std::mutex mutex_;
  std::condition_variable changed_;
  FileState state_;
  Effect untold_;
  std::atomic<std::uint64_t> quick_begun_{0};  // looks on callers' threads; changed under the lock
  std::uint64_t quick_ended_ = 0;
  std::uint64_t begun_ = 0;  // looks
  std::uint64_t ended_ = 0;
  std::uint64_t read_through_ = 0;  // looks up to this one read the content, whatever the identity
  std::atomic<bool> used_{false};
  bool queued_ = false;
  std::string lane_;  // where it was queued last
  bool abandoned_ = false;
  std::chrono::steady_clock::time_point begun_at_{};
  std::optional<core::SteadyTime> refreshed_at_;
};

}  // namespace embergate::vault
