// SPDX-License-Identifier: Apache-2.0
// The strand's part of an identity: clients made, proven, rotated, rebuilt. Replacing has its own file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/observability/log.hpp"
#include "kafka/identity.hpp"
#include "kafka/producer_config.hpp"

namespace embergate::kafka {

namespace log = observability::log;

namespace {

constexpr core::Milliseconds kAnswerLimit{500};      // for what is on the wire to brokers that answer
constexpr core::Milliseconds kGiveBackLimit{5'000};  // after a purge
constexpr core::Milliseconds kWarmLimit{2'000};
constexpr core::Milliseconds kFirstAnswer{500};
constexpr std::chrono::minutes kRebuildCalm{5};  // after this long without a failure the next client is made at once
constexpr core::Milliseconds kLeastLife{1'000};  // of a client that delivered, for the next one to be made at once

}  // namespace

void Identity::open_without_login() {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || context_.stopping.load()) return;
  }
  auto conf = make_producer_conf(settings_, nullptr, {context_.options.queue_messages, context_.options.queue_kbytes});
  auto made = conf ? make_client(*std::move(conf), nullptr, context_.objection_to_brokers_of(settings_))
                   : core::Result<OpenClient>(conf.error());
  if (made) return install(make_silent_client(*std::move(made)));
  credential_failed({core::Fault::kDestinationUnusable, made.error().diagnostics, std::nullopt, false});
  strand_->post_after(retry_.next(context_.clock.steady_now()), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->open_without_login();
  });
}

std::shared_ptr<Client> Identity::make_silent_client(OpenClient made) {
  return std::make_shared<Client>(std::move(made), weak_from_this(),
                                  QueueLimits{context_.options.queue_messages, context_.options.queue_kbytes});
}

void Identity::install(const std::shared_ptr<Client>& client) {
  client->speak();
  bool wanted = true;
  {
    std::lock_guard lock(mutex_);
    wanted = !ended_;
    if (wanted) {
      client_ = client;
      refusal_.reset();
    }
  }
  context_.pump.add(client);
  if (!wanted) return context_.retire(client);
  retry_.reset();
  plan_end_of_login(client);
  Lane::Finished finished;
  {
    std::lock_guard lock(mutex_);
    if (client_ == client) finished = set_valves_locked();
  }
  context_.finish(finished);
  strand_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ask_first();
  });
}

// Open connections keep their login; who wants none to be older than some age gets a new client then (decision 22).
void Identity::plan_end_of_login(const std::shared_ptr<Client>& client) {
  if (settings_.max_login_age_ms == 0 || !keeper_) return;
  const core::Milliseconds age(settings_.max_login_age_ms);
  strand_->post_after(age, [weak = weak_from_this(), of = std::weak_ptr<Client>(client)] {
    const auto self = weak.lock();
    const auto old = of.lock();
    if (self && old && self->client() == old && self->keeper_) self->keeper_->too_old();
  });
}

// The asynchronous question of a client that has just begun waits up to a second for the library's timer; a short wait
// here is quicker.
void Identity::ask_first() {
  const auto running = client();
  const Members known = members();
  if (!running || known.empty() || connected_.load() || context_.stopping.load()) return;
  if (running->warm(kFirstAnswer)) {
    answered();
  } else {
    plan_question(core::Milliseconds(0));
  }
}

void Identity::adopt(Proven proven) {
  auto running = client();
  if (running && running->shut()) {
    drop_client("the Kafka client is being made again");
    running.reset();
  }
  if (!running) {
    install(make_silent_client(std::move(proven.client)));
    return in_use(proven);
  }
  const Takeover way = takeover(login_, proven.login);
  if (way == Takeover::kReplace || proven.too_old) return begin_replacement(std::move(proven));
  proven.client = {};  // it has done its part
  if (uses_sasl(settings_)) {
    if (const auto used = running->use(proven.login); !used)
      return keeper_->not_adopted(core::Fault::kSecretUnusable, used.error().diagnostics);
  }
  if (!connected_.load()) plan_question(kFirstQuestion);
  in_use(proven);
}

void Identity::in_use(const Proven& proven) {
  login_ = proven.login;
  context_.proven->add();
  std::uint64_t generation = 0;
  {
    std::lock_guard lock(mutex_);
    status_.has_credential = true;
    status_.fault = core::Fault::kNone;
    status_.last_error.clear();
    status_.file_generations = proven.file_generations;
    if (proven.is_new) generation = ++status_.credential_generation;
  }
  faults_end();
  if (proven.is_new) {
    const std::string names = in_words(secret_names(settings_));
    const std::string list = secret_list(settings_);
    const std::string files = generation_list(settings_, proven.file_generations);
    log::event(log::Level::kInfo,
               generation == 1 ? "topic-destination/secret-proven" : "topic-destination/secret-rotated",
               "the brokers accepted the credential; every new connection uses it",
               {{"secret", std::string_view(list)},
                {"generation", std::string_view(files)},
                {"destinations", std::string_view(destinations())}});
    emit({ProducerPool::Event::Kind::kCredentialProven, fmt::format("{}: generation {} is in use", names, files)});
  }
  keeper_->adopted();
}

void Identity::renew(const Login& login) {
  login_ = login;
  if (connected_.load()) faults_end();
  const auto running = client();
  if (!running) return;
  if (const auto used = running->use(login); !used)
    credential_failed({core::Fault::kSecretUnusable, used.error().diagnostics, std::nullopt, false});
}

void Identity::token_wanted() {
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->keeper_) self->keeper_->token_wanted();
  });
}

void Identity::died(std::string text) {
  const Trouble trouble{core::Fault::kKafkaFailed, {}, context_.redacted(std::move(text))};
  note_error(trouble);
  emit({ProducerPool::Event::Kind::kError, trouble.text, trouble.fault});
  strand_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->rebuild("the Kafka client reported a fatal error and is made again");
  });
}

// The client sends nothing any more. A replacement that is under way sees it for itself.
void Identity::came_back() {
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    const auto running = self ? self->client() : nullptr;
    if (!running || !running->shut() || self->context_.stopping.load()) return;
    if (self->login_failing_.load()) return self->suspend();
    self->rebuild("records came back from a connection; the Kafka client is made again so that none overtakes them");
  });
}

void Identity::drop_client(const std::string& reason) {
  if (auto old = take_client(reason)) give_back(std::move(old));
}

// What is queued goes back at once, what is on the wire when no answer comes.
void Identity::give_back(std::shared_ptr<Client> old) {
  old->purge_queued();
  if (!old->wait_drained(kAnswerLimit)) {
    old->purge();
    old->wait_drained(kGiveBackLimit);
  }
  previous_ = old;
  context_.retire(std::move(old));
}

// A new client takes over with the same credential: at once, but for clients that fail again and again. A user without
// any right makes every client fail at its first record.
void Identity::rebuild(std::string_view why) {
  const auto broken = client();
  if (!broken) return;
  const core::Milliseconds pause = pause_before_rebuild(*broken);
  log::event(
      log::Level::kWarn, "topic-destination/producer-rebuilt", why,
      {{"destinations", std::string_view(destinations())}, {"pause_ms", static_cast<std::int64_t>(pause.count())}});
  drop_client("the Kafka client failed and is being made again");
  rebuild_planned_ = true;
  if (pause.count() == 0) return make_again();
  strand_->post_after(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->make_again();
  });
}

core::Milliseconds Identity::pause_before_rebuild(const Client& broken) {
  const auto now = context_.clock.steady_now();
  const bool is_new_story = rebuilt_at_ == core::SteadyTime{} || now - rebuilt_at_ > kRebuildCalm;
  if (is_new_story || broken.has_delivered()) rebuild_retry_.reset();
  const bool at_once = is_new_story || (broken.has_delivered() && now - rebuilt_at_ > kLeastLife);
  const core::Milliseconds pause = at_once ? core::Milliseconds(0) : rebuild_retry_.next(now);
  rebuilt_at_ = now + pause;
  return pause;
}

void Identity::make_again() {
  if (!std::exchange(rebuild_planned_, false) || client() || context_.stopping.load()) return;
  if (keeper_ && denial()) return keeper_->lost();
  auto conf = make_producer_conf(settings_, login_.credential.get(),
                                 {context_.options.queue_messages, context_.options.queue_kbytes});
  auto made = conf ? make_client(*std::move(conf), login_.token.get(), context_.objection_to_brokers_of(settings_))
                   : core::Result<OpenClient>(conf.error());
  if (made) {
    context_.rebuilt->add();
    return install(make_silent_client(*std::move(made)));
  }
  credential_failed({core::Fault::kSecretUnusable, made.error().diagnostics, std::nullopt, false});
  if (keeper_) return keeper_->lost();
  open_without_login();
}

// False: there was none.
bool Identity::give_up_client(std::string_view why) {
  if (!client()) return false;
  suspend_client(why);
  return true;
}

void Identity::suspend_client(std::string_view why) {
  std::string reason;
  {
    std::lock_guard lock(mutex_);
    reason = status_.last_error;
  }
  log::event(log::Level::kWarn, "topic-destination/suspended", why,
             {{"destinations", std::string_view(destinations())}});
  drop_client(reason);
}

// Nor is a client made again that was to be: the keeper proves its target first. One that is draining for its successor
// holds records for many seconds.
void Identity::withdraw(const std::string& why) {
  rebuild_planned_ = false;
  login_ = {};
  const auto given_up = std::exchange(replacement_, nullptr);
  if (!given_up && !client()) return;
  suspend_client(fmt::format("{}; records wait in the database", why));
  if (!given_up) return;
  context_.retire(std::move(given_up->next));
  if (given_up->old) give_back(std::move(given_up->old));
  std::lock_guard lock(mutex_);
  draining_.reset();
}

void Identity::target_changed() {
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->keeper_) self->keeper_->rules_changed();
  });
}

// A client that was refused knocks no more; after the limit it is given up, and its records go back to the outbox,
// where their number is known (R-36, kafka.md 5).
void Identity::suspend_if_still_refused() {
  const auto now = context_.clock.steady_now();
  if (!login_failing_.load() || now - login_failing_since_ < context_.options.refused_limit) return;
  suspend();
}

void Identity::suspend() {
  login_failing_.store(false);
  if (!give_up_client("the brokers refuse the login; records wait in the database")) return;
  if (keeper_) keeper_->lost();
}

// A client that was taken away may still get its last answers; they say nothing of the state now.
void Identity::answered() {
  if (connected_.load() && !login_failing_.load()) return;
  if (!client()) return;
  const bool was_failing = login_failing_.exchange(false);
  if (connected_.exchange(true) && !was_failing) return;
  strand_->post([weak = weak_from_this(), was_failing] {
    const auto self = weak.lock();
    if (!self) return;
    if (was_failing && self->keeper_) self->keeper_->client_answers();
    self->retry_.reset();
    self->warm_and_announce();
  });
}

void Identity::plan_question(core::Milliseconds delay) {
  if (question_planned_) return;
  question_planned_ = true;
  strand_->post_after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->question_planned_ = false;
    if (self->connected_.load() || self->context_.stopping.load()) return;
    if (const auto running = self->client()) running->ask(self->context_.options.probe_timeout);
  });
}

void Identity::warm_and_announce() {
  const auto running = client();
  if (!running || context_.stopping.load()) return;
  running->warm(kWarmLimit);
  if (!connected_.load()) return;              // it broke meanwhile
  if (refusal_note_ == nullptr) faults_end();  // else the newer value is still refused
  emit({ProducerPool::Event::Kind::kReady, "connected"});
}

}  // namespace embergate::kafka
