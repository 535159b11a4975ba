// SPDX-License-Identifier: Apache-2.0
#include "kafka/login_plan.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace embergate::kafka {

namespace {

constexpr std::chrono::seconds kCalm{60};  // after this long without a refusal the next one is a new story

core::Milliseconds between(core::SteadyTime from, core::SteadyTime to) {
  return std::max(std::chrono::ceil<core::Milliseconds>(to - from), core::Milliseconds(0));
}

}  // namespace

LoginPlan::Step LoginPlan::next(core::SteadyTime now) {
  if (!newer_waits() && !wants_login()) return {};
  if (newest_ != 0 && newest_ != tried_) {
    tried_ = newest_;
    retry_.reset();
    // Otherwise a file that changes all the time would keep the accepted one from its turn.
    turn_stays_ = proven_is_next_ && proven_may(std::max(now, due_));
    return {Step::Kind::kTry, newest_, {}};
  }
  if (now < due_) return {Step::Kind::kWait, 0, between(now, due_)};
  const std::uint64_t chosen = whose_turn(now);
  if (chosen == 0) return {Step::Kind::kWait, 0, pause(now)};
  return {Step::Kind::kTry, chosen, {}};
}

std::optional<core::Milliseconds> LoginPlan::next_look(core::SteadyTime now) const {
  if (!newer_waits() && !wants_login()) return std::nullopt;
  if (newest_ != 0 && newest_ != tried_) return core::Milliseconds(0);
  return between(now, std::max(now, due_));
}

core::Milliseconds LoginPlan::pause(core::SteadyTime now) {
  due_ = now + retry_.next(now);
  return between(now, due_);
}

bool LoginPlan::proven_may(core::SteadyTime at) const {
  return proven_ != 0 && proven_ != newest_ && wants_login() && at >= proven_due_;
}

void LoginPlan::may_go_on() {
  retry_.reset();
  due_ = {};
}

std::uint64_t LoginPlan::whose_turn(core::SteadyTime now) const {
  if (proven_may(now) && (proven_is_next_ || newest_ == 0)) return proven_;
  return newest_;
}

void LoginPlan::slow_down(std::uint64_t generation, core::SteadyTime now) {
  if (!std::exchange(turn_stays_, false)) due_ = now + retry_.next(now);
  proven_is_next_ = generation != proven_;
  if (generation == proven_) proven_due_ = now + proven_retry_.next(now);
}

// The newest value counts: that an older one is refused as well says nothing of what the files hold.
void LoginPlan::refused(std::uint64_t generation, core::SteadyTime now, vault::Refused what) {
  slow_down(generation, now);
  if (!refusal_ || refusal_->generation < generation) {
    refusal_ = Refusal{generation, now, what};
  } else if (refusal_->generation == generation) {
    refusal_->what = what;
  }
}

void LoginPlan::failed(std::uint64_t generation, core::SteadyTime now) { slow_down(generation, now); }

void LoginPlan::adopted(std::uint64_t generation, core::SteadyTime now) {
  turn_stays_ = false;
  proven_is_next_ = false;
  proven_ = generation;
  at_work_ = true;
  client_refused_ = false;
  too_old_ = false;
  if (refusal_ && refusal_->generation <= generation) refusal_.reset();
  // After a refusal the schedules go on for a while: one broker of several may lag behind.
  if (calm(now)) {
    proven_retry_.reset();
    proven_due_ = {};
    if (!newer_waits()) retry_.reset();
  }
  if (newer_waits()) due_ = now + retry_.next(now);
}

bool LoginPlan::calm(core::SteadyTime now) const { return !client_refused_at_ || now - *client_refused_at_ > kCalm; }

void LoginPlan::client_refused(core::SteadyTime now, bool renewable) {
  const bool is_new_story = calm(now);
  client_refused_at_ = now;
  if (is_new_story) {
    retry_.reset();
    proven_retry_.reset();
    proven_due_ = {};
  }
  if (client_refused_) return;
  client_refused_ = true;
  if (!refusal_) refusal_ = Refusal{proven_, now, vault::Refused::kLogin};
  proven_is_next_ = renewable;  // otherwise it was just refused
  const auto turn = renewable && is_new_story ? now : now + retry_.next(now);
  // A turn that was planned stays where it is: the brokers may have come to know the newest one.
  due_ = newer_waits() && due_ > now ? std::min(due_, turn) : turn;
}

// The client goes on by itself: no account is locked for a certificate.
void LoginPlan::certificate_refused(core::SteadyTime now) {
  if (!refusal_) refusal_ = Refusal{proven_, now, vault::Refused::kCertificate};
}

void LoginPlan::client_answers() {
  if (refusal_ && refusal_->generation == proven_ && !client_refused_) refusal_.reset();
}

void LoginPlan::client_lost(core::SteadyTime now) {
  at_work_ = false;
  client_refused_ = false;
  proven_is_next_ = false;
  due_ = now + retry_.next(now);
}

}  // namespace embergate::kafka
