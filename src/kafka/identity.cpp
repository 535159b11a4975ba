// SPDX-License-Identifier: Apache-2.0
#include "kafka/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/core/assert.hpp"
#include "embergate/observability/log.hpp"
#include "kafka/producer_config.hpp"
#include "kafka/target_check.hpp"

namespace embergate::kafka {

namespace log = observability::log;

namespace {
constexpr core::Milliseconds kInquiryAnswer{1'000};
constexpr core::Milliseconds kInquiryInterval{3'000};
}  // namespace

void ListenerSlot::call(const ProducerPool::Event& event) {
  std::lock_guard lock(mutex_);
  if (listener_) listener_(event);
}

void ListenerSlot::clear() {
  std::lock_guard lock(mutex_);
  listener_ = nullptr;
}

Identity::Identity(PoolContext& context, ConnectionSettings settings)
    : context_(context),
      settings_(std::move(settings)),
      strand_(std::make_shared<Strand>(context.control)),
      config_(context.secrets.config()) {
  status_.has_credential = !needs_credential(settings_);
}

void Identity::start() {
  strand_->post([self = shared_from_this()] {
    if (!needs_credential(self->settings_)) return self->open_without_login();
    self->keeper_ = std::make_shared<CredentialKeeper>(self->context_, self->settings_, self->strand_, *self);
    self->keeper_->start();
  });
}

Lane::Finished Identity::open_lane(const Member& member, Client& client) {
  auto sink = client.sink(member.topic);
  if (!sink) return member.lane->refuse(sink.error().diagnostics);
  bool must_wait = false;
  auto finished = member.lane->open(*std::move(sink), must_wait);
  if (must_wait) {
    lanes_wait_.store(true);
    look_for_room();
  }
  return finished;
}

// Under the lock: no client is taken away between the look at it and the opening.
Lane::Finished Identity::set_valve_locked(const Member& member) {
  if (member.denial) return member.lane->refuse(member.denial->text);
  if (client_) return open_lane(member, *client_);
  if (refusal_) return member.lane->refuse(*refusal_);
  member.lane->hold();
  return {};
}

Lane::Finished Identity::set_valves_locked() {
  Lane::Finished finished;
  for (const Members* all : {&orphans_, &members_}) {
    for (const Member& member : *all) {
      const auto more = set_valve_locked(member);
      finished.insert(finished.end(), more.begin(), more.end());
    }
  }
  return finished;
}

std::optional<Identity::Denial> Identity::denial_of(const Member& member) const {
  auto objection = objection_to_user(*context_.secrets.config(), settings_, member.requester);
  if (!objection) return std::nullopt;
  return Denial{*std::move(objection), context_.clock.system_now()};
}

// The right is looked at under the lock, so that a config which changes meanwhile is looked at after this.
void Identity::join(const Member& member) {
  Lane::Finished finished;
  {
    std::lock_guard lock(mutex_);
    members_.push_back(member);
    forget_orphans_locked();
    members_.back().denial = denial_of(member);
    finished = set_valve_locked(members_.back());
  }
  context_.finish(finished);
  strand_->post([self = shared_from_this()] {
    if (self->connected_.load()) self->warm_and_announce();
  });
}

void Identity::leave(const std::shared_ptr<Lane>& lane) {
  std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.lane == lane; });
  if (found == members_.end()) return;
  forget_orphans_locked();
  // The right of the last one speaks for what the client still holds.
  if (!lane->idle() || members_.size() == 1) orphans_.push_back(*found);
  members_.erase(found);
}

void Identity::forget_orphans_locked() {
  if (members_.empty()) return;
  std::erase_if(orphans_, [](const Member& member) { return member.lane->idle(); });
}

void Identity::send(Lane& lane, std::shared_ptr<const RecordBatch> batch, Producer::Done done) {
  bool must_wait = false;
  auto* state = new BatchState(std::move(batch), std::move(done), context_.batches, lane.broken());
  context_.finish(lane.send(state, must_wait));
  if (!must_wait) return;
  lanes_wait_.store(true);
  // Had all reports come in before the flag was up, no one would look again.
  look_for_room();
}

void Identity::look_for_room() {
  context_.pump.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->made_room();
  });
}

// The client is shared: its queue is emptied only when no one else has a part in it.
void Identity::purge(Lane& lane) {
  Lane::Finished finished = lane.fail_waiting("given back on request");
  {
    std::lock_guard lock(mutex_);
    if (members_.size() <= 1) {
      for (const Member& orphan : orphans_) {
        const auto more = orphan.lane->fail_waiting("given back on request");
        finished.insert(finished.end(), more.begin(), more.end());
      }
      if (client_) client_->purge();
      if (draining_) draining_->purge();
    }
  }
  context_.finish(finished);
}

bool Identity::take_config_locked() {
  const auto before = std::exchange(config_, context_.secrets.config());
  const auto names = secret_names(settings_);
  return std::any_of(names.begin(), names.end(), [&](const vault::SecretName& name) {
    const vault::Entry* was = before->find(name);
    const vault::Entry* is = config_->find(name);
    return (was == nullptr) != (is == nullptr) || (is != nullptr && *is != *was);
  });
}

// Whether its right is another one than before.
bool Identity::judge_locked(Member& member, Lane::Finished& finished) {
  auto denial = denial_of(member);
  const bool same = denial ? member.denial && denial->text == member.denial->text : !member.denial;
  if (same) return false;
  member.denial = std::move(denial);
  const auto more = set_valve_locked(member);
  finished.insert(finished.end(), more.begin(), more.end());
  return true;
}

// The lanes of those who lost their right close at once, even while the strand is busy with a login. Each is judged
// each time: one that joined while a config was in force for a moment was judged by that.
void Identity::config_changed() {
  Lane::Finished finished;
  std::string lost;
  {
    std::lock_guard lock(mutex_);
    if (context_.stopping.load()) return;
    bool concerned = take_config_locked();
    for (Member& orphan : orphans_) concerned |= judge_locked(orphan, finished);
    for (Member& member : members_) {
      const bool had_right = !member.denial;
      concerned |= judge_locked(member, finished);
      if (had_right && member.denial) lost += (lost.empty() ? "" : " ") + member.requester.id;
    }
    if (!concerned) return;
  }
  context_.finish(finished);
  if (!lost.empty()) {
    log::event(log::Level::kWarn, "topic-destination/suspended",
               "the vault config keeps the secret from them; records wait in the database",
               {{"destinations", std::string_view(lost)}});
  }
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->keeper_) self->keeper_->rules_changed();
    if (self->connected_.load()) self->warm_and_announce();
  });
}

ConnectionStatus Identity::status(const Member& of) const {
  const std::string& topic = of.topic.topic;
  std::lock_guard lock(mutex_);
  const auto own =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.lane == of.lane; });
  if (own != members_.end() && own->denial) {
    return ConnectionStatus{.has_credential = false,
                            .last_error = own->denial->text,
                            .last_error_at = own->denial->since,
                            .fault = core::Fault::kSecretScope};
  }
  ConnectionStatus status = status_;
  status.connected = connected_.load();
  if (std::chrono::steady_clock::now() - throttled_at_ > kThrottleLapse) status.throttled = core::Milliseconds(0);
  if (const auto found = topic_troubles_.find(topic); found != topic_troubles_.end()) {
    status.topic_trouble = found->second.text;
    status.topic_fault = found->second.fault;
  }
  return status;
}

// One question serves all topics, so that a hundred destinations that wait ask no more often than one.
void Identity::inquire() {
  if (!connected_.load()) return;
  {
    std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now < inquire_again_) return;
    inquire_again_ = now + kInquiryInterval;
  }
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    const auto running = self ? self->client() : nullptr;
    if (!running || self->context_.stopping.load()) return;
    auto troubles = running->topic_troubles(kInquiryAnswer);
    if (!troubles) return;
    std::lock_guard lock(self->mutex_);
    self->topic_troubles_ = *std::move(troubles);
  });
}

bool Identity::fits(const TopicSettings& topic) const {
  std::lock_guard lock(mutex_);
  return std::all_of(members_.begin(), members_.end(),
                     [&](const Member& member) { return member.topic.topic != topic.topic || member.topic == topic; });
}

bool Identity::unused() const {
  std::lock_guard lock(mutex_);
  return members_.empty();
}

bool Identity::idle() const {
  std::lock_guard lock(mutex_);
  if (client_ && client_->outstanding() > 0) return false;
  if (draining_ && draining_->outstanding() > 0) return false;
  const auto lane_idle = [](const Member& member) { return member.lane->idle(); };
  return std::all_of(members_.begin(), members_.end(), lane_idle) &&
         std::all_of(orphans_.begin(), orphans_.end(), lane_idle);
}

std::shared_ptr<Client> Identity::client() const {
  std::lock_guard lock(mutex_);
  return client_;
}

Identity::Members Identity::members() const {
  std::lock_guard lock(mutex_);
  Members all = orphans_;
  all.insert(all.end(), members_.begin(), members_.end());
  return all;
}

// Whatever the client.
void Identity::refuse(const std::string& reason) {
  Lane::Finished finished;
  {
    std::lock_guard lock(mutex_);
    refusal_ = reason;
    for (const Members* all : {&orphans_, &members_}) {
      for (const Member& member : *all) {
        const auto more = member.lane->refuse(member.denial ? member.denial->text : reason);
        finished.insert(finished.end(), more.begin(), more.end());
      }
    }
  }
  context_.finish(finished);
}

void Identity::end(const std::string& reason) {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  strand_->post([self = shared_from_this(), reason] {
    if (self->keeper_) self->keeper_->stop();
    self->refusal_ends();
    self->give_up_replacement();
    if (auto client = self->take_client(reason)) self->context_.retire(std::move(client));
    self->faults_end();
    if (self->context_.options.faults != nullptr) self->context_.options.faults->ends(self->quota_key());
    self->retired_.store(true);
  });
}

std::shared_ptr<Client> Identity::take_client(const std::optional<std::string>& refusal) {
  std::shared_ptr<Client> client;
  Lane::Finished finished;
  {
    std::lock_guard lock(mutex_);
    if (refusal) connected_.store(false);
    refusal_ = refusal;
    client = std::exchange(client_, nullptr);
    finished = set_valves_locked();
  }
  context_.finish(finished);
  return client;
}

void Identity::made_room() {
  if (!lanes_wait_.exchange(false)) return;
  for (const Member& member : members()) {
    bool must_wait = false;
    context_.finish(member.lane->proceed(must_wait));
    if (must_wait) lanes_wait_.store(true);
  }
  std::lock_guard lock(mutex_);
  forget_orphans_locked();
  if (members_.size() > 1)
    std::rotate(members_.begin(), members_.begin() + 1, members_.end());  // another one is first next time
}

std::optional<vault::Requester> Identity::requester() const {
  std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(members_.begin(), members_.end(), [](const Member& member) { return !member.denial; });
  return found == members_.end() ? std::nullopt : std::optional(found->requester);
}

std::optional<std::string> Identity::denial() const {
  std::lock_guard lock(mutex_);
  const Members& judged = members_.empty() ? orphans_ : members_;
  const bool all_denied =
      std::all_of(judged.begin(), judged.end(), [](const Member& member) { return member.denial.has_value(); });
  return judged.empty() || !all_denied ? std::nullopt : std::optional(judged.front().denial->text);
}

std::optional<std::string> Identity::objection() const {
  std::vector<std::shared_ptr<Client>> clients{client()};
  if (replacement_) clients.insert(clients.end(), {replacement_->old, replacement_->next});
  for (const auto& one : clients) {
    if (!one) continue;
    if (auto objected = one->objection()) return objected;
  }
  return std::nullopt;
}

std::string Identity::destinations() const {
  std::lock_guard lock(mutex_);
  std::string names;
  for (const Member& member : members_) {
    if (names.size() > 500) return names + " ...";
    names += (names.empty() ? "" : " ") + member.requester.id;
  }
  return names;
}

void Identity::emit(ProducerPool::Event event) {
  strand_->post([self = shared_from_this(), event = std::move(event)] {
    std::vector<std::shared_ptr<ListenerSlot>> listeners;
    {
      std::lock_guard lock(self->mutex_);
      for (const Member& member : self->members_) listeners.push_back(member.listener);
    }
    for (const auto& listener : listeners) listener->call(event);
  });
}

}  // namespace embergate::kafka
