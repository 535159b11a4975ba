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
  // `on_effect` is called with the lock held, after every look. An entry without a path: the config has no such name,
  // and nothing is looked at.
  using OnEffect = std::function<void(const TrackedFile& file, const FileState& state, const Effect& effect)>;
  TrackedFile(const Entry& entry, ContentKind kind, Timing timing, LookContext context, OnEffect on_effect,
              FileState::Check content_check = {});

  [[nodiscard]] const SecretName& name() const { return name_; }
  [[nodiscard]] ContentKind kind() const { return kind_; }

  void check() override { look(); }
  bool check_at_once() override;
  std::string lane() override;
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
  // What the config says of the name now; null: nothing. A look that is under way counts for nothing when that is
  // something else than before. True when it is.
  bool follow(const Entry* entry);
  // True the first time: from then on it is polled, so that the moment is known when its value was last good.
  bool note_use() { return !used_.load(std::memory_order_relaxed) && !used_.exchange(true); }
  void forget_use() { used_ = false; }
  // Whether a forced refresh is due, and if so notes it.
  bool take_refresh(core::Milliseconds at_most_every);
  void forget_identity();  // the next look reads, whatever the identity
  void abandon();

 private:
  [[nodiscard]] bool look_quickly_locked(std::uint64_t asked_after);
  [[nodiscard]] bool is_gone_locked() const { return source_.path.empty(); }
  [[nodiscard]] Observation look_without_throwing(const Look& look) const;
  void take_without_throwing_locked(Observation seen);
  void submit_locked();
  void run_look(std::uint64_t source);
  void look_ended_locked(Observation seen, core::SteadyTime now);
  void note_timeout_locked();
  void tell_locked();
  [[nodiscard]] bool uses_machine_clock() const { return &context_.clock == &core::system_clock(); }

  struct Source {  // of an entry, what says where the value is
    std::string path;
    bool raw = false;
    std::optional<std::string> json_pointer;
    friend bool operator==(const Source&, const Source&) = default;
  };
  [[nodiscard]] std::size_t limit_locked() const;

  const SecretName name_;
  const ContentKind kind_;
  const LookContext context_;
  const OnEffect on_effect_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Source source_;
  std::uint64_t source_number_ = 0;  // advances with each other source; looks at those before count for nothing
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
