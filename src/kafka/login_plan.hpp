// SPDX-License-Identifier: Apache-2.0
// Decides which login of one connection is tried, and when: the newest one of its files, or the last one that brokers
// accepted (R-35, R-36, R-40, decision 22). While the client at work is accepted, only a newer value is tried. Once the
// client is refused, lost or too old, the two take turns, so that it does not matter which of them the brokers know.
// All tries share one schedule, so two values knock no more often than one. The last accepted value has a schedule of
// its own besides, which no change of a file starts again: a revoked password is tried rarely in the end. A value that
// a newer accepted one has replaced is never tried again. Thread: one owner. Pure: every call takes the time. Units:
// generations count the values of the files from 1; 0 is no value. Failure: none.
#pragma once

#include <cstdint>
#include <optional>

#include "embergate/core/clock.hpp"
#include "embergate/vault/cache.hpp"
#include "kafka/retry_schedule.hpp"

namespace embergate::kafka {

class LoginPlan {
 public:
  struct Step {
    enum class Kind { kNothing, kWait, kTry };
    Kind kind = Kind::kNothing;
    std::uint64_t generation = 0;  // kTry: the newest one or the last accepted one
    core::Milliseconds wait{0};    // kWait: when to ask again
  };
  // The value that is refused or cannot be used, what of it, and since when.
  struct Refusal {
    std::uint64_t generation = 0;
    core::SteadyTime since{};
    vault::Refused what = vault::Refused::kLogin;
  };

  LoginPlan() = default;
  explicit LoginPlan(const RetrySchedule::Jitter& jitter) : retry_(jitter), proven_retry_(jitter) {}

  // What the files hold now; 0: nothing that can be used.
  void found(std::uint64_t generation) { newest_ = generation; }
  Step next(core::SteadyTime now);
  // When next() has to be asked again, if at all.
  [[nodiscard]] std::optional<core::Milliseconds> next_look(core::SteadyTime now) const;
  // Nothing may be tried now: how long to wait before the next look.
  core::Milliseconds pause(core::SteadyTime now);

  // What kept everybody from trying may be over.
  void may_go_on();

  // How a try ended. Refused: for what the value is. Failed: that says nothing of the value.
  void refused(std::uint64_t generation, core::SteadyTime now, vault::Refused what);
  void failed(std::uint64_t generation, core::SteadyTime now);
  void adopted(std::uint64_t generation, core::SteadyTime now);

  // Of the client at work. `renewable`: the same credential may get another token, so it is worth a try at once.
  void client_refused(core::SteadyTime now, bool renewable);
  void client_answers();
  void client_lost(core::SteadyTime now);
  void client_too_old() { too_old_ = true; }
  void client_outdated() { at_work_ = false; }  // its login has become another one
  void certificate_refused(core::SteadyTime now);

  [[nodiscard]] std::uint64_t newest() const { return newest_; }
  [[nodiscard]] bool client_is_refused() const { return client_refused_; }
  [[nodiscard]] bool is_new(std::uint64_t generation) const { return generation != proven_; }
  [[nodiscard]] bool too_old() const { return too_old_; }
  // The files hold another value than the one that brokers accepted last.
  [[nodiscard]] bool newer_waits() const { return newest_ != 0 && newest_ != proven_; }
  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  [[nodiscard]] bool wants_login() const { return !at_work_ || client_refused_ || too_old_; }
  [[nodiscard]] bool calm(core::SteadyTime now) const;
  [[nodiscard]] std::uint64_t whose_turn(core::SteadyTime now) const;  // 0: of none
  [[nodiscard]] bool proven_may(core::SteadyTime at) const;
  void slow_down(std::uint64_t generation, core::SteadyTime now);

  RetrySchedule retry_;
  RetrySchedule proven_retry_;
  core::SteadyTime due_{};         // when a value that was tried before may be tried again
  core::SteadyTime proven_due_{};  // the same for the last accepted one
  std::uint64_t newest_ = 0;
  std::uint64_t tried_ = 0;   // the newest one that was tried
  std::uint64_t proven_ = 0;  // the last one that brokers accepted
  bool proven_is_next_ = false;
  bool turn_stays_ = false;  // a newer value is being tried before its turn, and takes no one else's
  bool at_work_ = false;     // a client has the accepted login
  bool client_refused_ = false;
  bool too_old_ = false;
  std::optional<core::SteadyTime> client_refused_at_;
  std::optional<Refusal> refusal_;
};

}  // namespace embergate::kafka
