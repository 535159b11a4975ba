// SPDX-License-Identifier: Apache-2.0
// Make before break (R-39, R-42, R-43; kafka.md 5): the candidate is proven and knows its topics before the flow is
// held; the old client drains, or gives back what it cannot deliver; then the candidate carries the flow. All on the
// strand, in short steps, so that no thread waits for a broker.
#include <algorithm>
#include <utility>

#include "kafka/identity.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kDrainLimit{10'000};
constexpr core::Milliseconds kPatience{500};  // with brokers that refuse the old login: nothing will drain
constexpr core::Milliseconds kRecallLimit{5'000};
constexpr core::Milliseconds kStep{5};
constexpr core::Milliseconds kWarmLimit{2'000};

}  // namespace

// A client that meets its topics only with the first records sends those late, and perhaps after others.
bool Identity::warm_candidate(Client& candidate) {
  for (const Member& member : members()) {
    if (!member.denial && !candidate.sink(member.topic)) return false;
  }
  return candidate.warm(kWarmLimit);
}

void Identity::begin_replacement(Proven proven) {
  auto next = make_silent_client(std::exchange(proven.client, {}));
  if (!warm_candidate(*next))
    return keeper_->not_adopted(core::Fault::kKafkaTimeout,
                                "the brokers took the login but did not tell of the topics");
  replacement_ = std::make_unique<Replacement>();
  replacement_->next = std::move(next);
  replacement_->proven = std::move(proven);
  context_.replacements.ask([weak = weak_from_this(), strand = strand_,
                             next = std::weak_ptr(replacement_->next)](std::shared_ptr<Turns::Turn> turn) {
    strand->post([weak, next, turn = std::move(turn)]() mutable {
      const auto self = weak.lock();
      if (self && self->is_replaced_by(next)) self->begin_drain(std::move(turn));
    });
  });
}

// One that was given up may still have steps to come, and another one may have begun.
bool Identity::is_replaced_by(const std::weak_ptr<Client>& next) const {
  return replacement_ && replacement_->next == next.lock();
}

void Identity::begin_drain(std::shared_ptr<Turns::Turn> turn) {
  if (context_.stopping.load()) return;
  replacement_->turn = std::move(turn);
  replacement_->old = take_client(std::nullopt);
  if (!replacement_->old) return finish_replacement();  // given up or broken meanwhile
  {
    std::lock_guard lock(mutex_);
    draining_ = replacement_->old;
  }
  replacement_->patience_ends = std::chrono::steady_clock::now() + kPatience;
  enter_phase(Replacement::Phase::kDraining, kDrainLimit);
  replacement_step();
}

void Identity::enter_phase(Replacement::Phase phase, core::Milliseconds limit) {
  replacement_->phase = phase;
  replacement_->phase_ends = std::chrono::steady_clock::now() + limit;
}

void Identity::plan_replacement_step() {
  strand_->post_after(kStep, [weak = weak_from_this(), next = std::weak_ptr(replacement_->next)] {
    const auto self = weak.lock();
    if (self && self->is_replaced_by(next)) self->replacement_step();
  });
}

// From the gentlest way to the roughest. What is on the wire may be on the broker already, so it is recalled last.
void Identity::replacement_step() {
  using Phase = Replacement::Phase;
  if (context_.stopping.load()) return;
  Client& old = *replacement_->old;
  const auto now = std::chrono::steady_clock::now();
  const bool refused = login_failing_.load();
  const bool out_of_patience = old.shut() || (refused && now >= replacement_->patience_ends);
  if (old.outstanding() == 0) return finish_replacement();
  switch (replacement_->phase) {
    case Phase::kDraining:
      if (now < replacement_->phase_ends && !out_of_patience) break;
      // What waits in the lanes is younger than what comes back, so it comes back as well.
      refuse("the Kafka client is being replaced");
      enter_phase(Phase::kRecallingQueued,
                  refused ? kPatience : std::min(core::Milliseconds(settings_.request_timeout_ms), kRecallLimit));
      break;
    case Phase::kRecallingQueued:
      old.purge_queued();  // again and again: what was on a wire that is cut is queued once more
      if (now < replacement_->phase_ends) break;
      old.purge();
      enter_phase(Phase::kRecallingAll, kRecallLimit);
      break;
    case Phase::kRecallingAll:
      if (now >= replacement_->phase_ends) return finish_replacement();  // the rest comes back while it is retired
      break;
  }
  plan_replacement_step();
}

void Identity::finish_replacement() {
  const auto done = std::exchange(replacement_, nullptr);
  {
    std::lock_guard lock(mutex_);
    draining_.reset();
  }
  if (done->old) {
    previous_ = done->old;
    context_.retire(std::move(done->old));
  }
  login_failing_.store(false);
  connected_.store(true);
  install(done->next);
  done->next.reset();
  in_use(done->proven);
  emit({ProducerPool::Event::Kind::kReady, "connected"});
}

void Identity::give_up_replacement() {
  const auto given_up = std::exchange(replacement_, nullptr);
  if (!given_up) return;
  {
    std::lock_guard lock(mutex_);
    draining_.reset();
  }
  if (given_up->old) context_.retire(std::move(given_up->old));
  if (given_up->next) context_.retire(std::move(given_up->next));
}

}  // namespace embergate::kafka
