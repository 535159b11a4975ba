// SPDX-License-Identifier: Apache-2.0
// The strand's part of an identity: clients made, proven, rotated, replaced, rebuilt.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "embergate/observability/log.hpp"
#include "kafka/identity.hpp"
#include "kafka/producer_config.hpp"

namespace embergate::kafka {

namespace log = observability::log;

namespace {

constexpr core::Milliseconds kDrainLimit{10'000};    // kafka.md 5, a changed user name
constexpr core::Milliseconds kGiveBackLimit{5'000};  // after a purge
constexpr core::Milliseconds kWarmLimit{2'000};
constexpr core::Milliseconds kFirstQuestion{1'000};
constexpr core::Milliseconds kFirstAnswer{500};

}  // namespace

void Identity::open_without_login() {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || context_.stopping.load()) return;
  }
  auto conf = make_producer_conf(settings_, nullptr, {context_.options.queue_messages, context_.options.queue_kbytes});
  auto handle = conf ? make_client(*std::move(conf)) : core::Result<ClientHandle>(conf.error());
  if (handle) return install(*std::move(handle));
  credential_failed(false, handle.error().diagnostics);
  strand_->post_after(retry_.next(context_.clock.steady_now()), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->open_without_login();
  });
}

void Identity::install(ClientHandle handle) {
  auto client = std::make_shared<Client>(std::move(handle), weak_from_this());
  context_.pump.add(client);
  bool wanted = true;
  {
    std::lock_guard lock(mutex_);
    wanted = !ended_;
    if (wanted) {
      client_ = client;
      refusal_.reset();
    }
  }
  if (!wanted) return context_.retire(std::move(client));
  retry_.reset();
  for (const Member& member : members()) context_.finish(open_lane(member, *client));
  strand_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ask_first();
  });
}

// The asynchronous question of a client that has just begun waits up to a second for the library's timer; a short wait
// here is quicker.
void Identity::ask_first() {
  const auto running = client();
  const Members known = members();
  if (!running || known.empty() || connected_.load() || context_.stopping.load()) return;
  if (running->warm(known.front().topic, kFirstAnswer)) {
    answered();
  } else {
    plan_question(core::Milliseconds(0));
  }
}

core::Result<void> Identity::adopt(std::shared_ptr<const Credential> credential, ClientHandle proven) {
  const auto running = client();
  if (!running) {
    install(std::move(proven));
  } else if (same_user(*credential, *credential_)) {
    EG_CHECK(apply_credential(running->handle(), *credential));
    if (!connected_.load()) plan_question(kFirstQuestion);
  } else {
    replace(std::move(proven));
  }
  credential_ = std::move(credential);
  context_.proven->add();
  std::uint64_t generation = 0;
  {
    std::lock_guard lock(mutex_);
    status_.has_credential = true;
    generation = ++status_.credential_generation;
  }
  const std::string name = secret_of(settings_)->value();
  log::event(log::Level::kInfo,
             generation == 1 ? "topic-destination/secret-proven" : "topic-destination/secret-rotated",
             "the brokers accepted the credential; every new connection uses it",
             {{"secret", std::string_view(name)},
              {"generation", static_cast<std::int64_t>(generation)},
              {"destinations", std::string_view(destinations())}});
  emit(ProducerPool::Event::Kind::kCredentialProven,
       fmt::format("secret '{}': generation {} is in use", name, generation));
  return {};
}

// Another user: the old client drains first, so that no two clients carry the same keys. Records that it cannot
// deliver go back.
void Identity::replace(ClientHandle proven) {
  auto old = take_client(std::nullopt);
  if (!old->wait_drained(kDrainLimit)) {
    refuse("the Kafka client is being replaced");
    old->purge();
    old->wait_drained(kGiveBackLimit);
  }
  context_.retire(std::move(old));
  install(std::move(proven));
}

void Identity::died(std::string text) {
  const std::string clean = context_.redacted(std::move(text));
  note_error(clean);
  emit(ProducerPool::Event::Kind::kError, clean);
  strand_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->rebuild();
  });
}

// After a fatal error the client accepts nothing: everything goes back, a new one takes over with the same credential.
void Identity::rebuild() {
  auto old = take_client("the Kafka client failed and is being made anew");
  if (!old) return;
  log::event(log::Level::kWarn, "topic-destination/producer-rebuilt",
             "the Kafka client reported a fatal error and is made anew",
             {{"destinations", std::string_view(destinations())}});
  old->purge();
  old->wait_drained(kGiveBackLimit);
  context_.retire(std::move(old));
  auto conf = make_producer_conf(settings_, credential_.get(),
                                 {context_.options.queue_messages, context_.options.queue_kbytes});
  auto handle = conf ? make_client(*std::move(conf)) : core::Result<ClientHandle>(conf.error());
  if (handle) return install(*std::move(handle));
  credential_failed(false, handle.error().diagnostics);
  if (keeper_) return keeper_->lost();
  open_without_login();
}

void Identity::credential_failed(bool refused, std::string text) {
  const std::string clean = context_.redacted(std::move(text));
  if (refused) context_.refused->add();
  const bool news = note_error(clean);
  const bool running = client() != nullptr;
  if (!running) refuse(clean);
  if (news) {
    log::event(log::Level::kWarn, refused ? "topic-destination/secret-refused" : "topic-destination/init-failed", clean,
               {{"destinations", std::string_view(destinations())}, {"running", running}});
  }
  if (news || refused) {
    emit(refused ? ProducerPool::Event::Kind::kCredentialRefused : ProducerPool::Event::Kind::kError, clean);
  }
}

bool Identity::note_error(const std::string& text) {
  std::lock_guard lock(mutex_);
  const bool news = status_.last_error != text;
  status_.last_error = text;
  status_.last_error_at = context_.clock.system_now();
  return news;
}

void Identity::broke(ConnectionFault fault, std::string text) {
  if (fault == ConnectionFault::kNoise) return;
  const std::string clean = context_.redacted(std::move(text));
  const bool news = note_error(clean);
  if (connected_.exchange(false) || news) emit(ProducerPool::Event::Kind::kError, clean);
  const bool first_refusal = fault == ConnectionFault::kLoginRefused && !login_failing_.exchange(true);
  strand_->post([weak = weak_from_this(), first_refusal] {
    const auto self = weak.lock();
    if (!self) return;
    self->plan_question(kFirstQuestion);
    if (!first_refusal) return;
    if (self->keeper_) self->keeper_->login_refused();
    self->login_failing_since_ = self->context_.clock.steady_now();
    self->strand_->post_after(self->context_.options.refused_limit, [weak] {
      if (const auto late = weak.lock()) late->suspend_if_still_refused();
    });
  });
}

// The library would knock about once a second for ever, and brokers lock accounts: after the limit the client is given
// up, and only the keeper's schedule tries on (R-36, kafka.md 5).
void Identity::suspend_if_still_refused() {
  const auto now = context_.clock.steady_now();
  if (!login_failing_.load() || now - login_failing_since_ < context_.options.refused_limit) return;
  login_failing_.store(false);
  std::string reason;
  {
    std::lock_guard lock(mutex_);
    reason = status_.last_error;
  }
  auto old = take_client(reason);
  if (!old) return;
  log::event(log::Level::kWarn, "topic-destination/suspended",
             "the brokers refuse the login; records wait in the database",
             {{"destinations", std::string_view(destinations())}});
  context_.retire(std::move(old));
  if (keeper_) keeper_->lost();
}

void Identity::answered() {
  const bool was_failing = login_failing_.exchange(false);
  if (connected_.exchange(true) && !was_failing) return;
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->retry_.reset();
    if (self->keeper_) self->keeper_->login_recovered();
    self->warm_and_announce();
  });
}

void Identity::unanswered(std::string text) {
  if (!connected_.load()) note_error(context_.redacted(std::move(text)));
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->connected_.load()) self->plan_question(self->retry_.next(self->context_.clock.steady_now()));
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
  std::vector<TopicSettings> topics;
  for (const Member& member : members()) {
    if (std::find(topics.begin(), topics.end(), member.topic) == topics.end()) topics.push_back(member.topic);
  }
  for (const TopicSettings& topic : topics) running->warm(topic, kWarmLimit);
  emit(ProducerPool::Event::Kind::kReady, "connected");
}

}  // namespace embergate::kafka
