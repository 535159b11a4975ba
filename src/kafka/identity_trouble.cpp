// SPDX-License-Identifier: Apache-2.0
// What went wrong with an identity's connection or login: noted for status(), for the members and as a fault that
// lasts.
#include <fmt/format.h>

#include <utility>

#include "embergate/observability/faults.hpp"
#include "kafka/identity.hpp"

namespace embergate::kafka {
namespace {

constexpr core::Milliseconds kConnectionPatience{2'000};  // a connection that comes back sooner is worth no line

core::Fault fault_of_refusal(vault::Refused what) {
  switch (what) {
    case vault::Refused::kLogin:
    case vault::Refused::kCertificate:
      return core::Fault::kKafkaAuthRefused;
    case vault::Refused::kAuthorities:
      return core::Fault::kKafkaTlsUntrusted;
    case vault::Refused::kLoginUnusable:
    case vault::Refused::kCertificateUnusable:
      return core::Fault::kSecretUnusable;
  }
  return core::Fault::kKafkaAuthRefused;
}

}  // namespace

void Identity::credential_failed(CredentialFailure failure) {
  std::string clean = context_.redacted(std::move(failure.text));
  std::string named = peer_of(clean);
  const Trouble trouble{failure.fault, std::move(named), std::move(clean)};
  const bool refused = failure.refused.has_value();
  if (refused) context_.refused->add();
  note_error(trouble);
  if (client() == nullptr) refuse(trouble.text);
  fault_happens(trouble, refused ? "topic-destination/secret-refused" : "topic-destination/init-failed",
                refused && !failure.is_known, {});
  emit({refused ? ProducerPool::Event::Kind::kCredentialRefused : ProducerPool::Event::Kind::kError, trouble.text,
        trouble.fault, trouble.peer});
}

void Identity::refusal_begins(vault::Refusal refusal) {
  const auto names = refused_secrets(settings_, refusal.what);
  refusal.detail = context_.redacted(std::move(refusal.detail));
  CredentialRefusal shown{
      refusal.since, std::string(vault::to_string(refusal.what)), {}, refusal.detail, fault_of_refusal(refusal.what)};
  for (const vault::SecretName& name : names) shown.secrets.emplace_back(name.value());
  refusal_note_ = context_.secrets.note_refusal(names, std::move(refusal));
  std::lock_guard lock(mutex_);
  status_.refusal = std::move(shown);
}

void Identity::refusal_ends() {
  refusal_note_.reset();
  faults_end();
  std::lock_guard lock(mutex_);
  status_.refusal.reset();
}

void Identity::newer_waits(std::vector<std::string> secrets) {
  std::lock_guard lock(mutex_);
  if (secrets.empty()) return status_.unproven.reset();
  if (!status_.unproven) status_.unproven.emplace().since = context_.clock.steady_now();
  status_.unproven->secrets = std::move(secrets);
}

void Identity::note_error(const Trouble& trouble) {
  std::lock_guard lock(mutex_);
  status_.last_error = trouble.text;
  status_.last_error_at = context_.clock.system_now();
  status_.fault = trouble.fault;
  status_.peer = trouble.peer;
}

bool Identity::is_known_to_be_down() const {
  if (connected_.load()) return false;
  std::lock_guard lock(mutex_);
  return status_.fault != core::Fault::kNone;
}

void Identity::fault_happens(const Trouble& trouble, std::string_view event, bool is_news,
                             core::Milliseconds patience) {
  if (context_.options.faults == nullptr) return;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
  }
  // Of its files the vault says it, once for all that use them.
  const bool is_of_file =
      core::code_of(trouble.fault).starts_with("secret.") && trouble.fault != core::Fault::kSecretScope &&
      trouble.fault != core::Fault::kSecretTargetChanged && trouble.fault != core::Fault::kSecretUnusable;
  if (is_of_file) return faults_end();
  context_.options.faults->is_now({.fault = trouble.fault,
                                   .key = fault_key(),
                                   .concerns = fmt::format("AidboxTopicDestination/{}", destinations()),
                                   .detail = trouble.text,
                                   .event = event,
                                   .is_news = is_news,
                                   .patience = patience});
}

// One connection serves several destinations: its fault is one.
std::string Identity::fault_key() const { return fmt::format("connection {}", static_cast<const void*>(this)); }

std::string Identity::quota_key() const { return fault_key() + " quota"; }

void Identity::faults_end() {
  if (context_.options.faults != nullptr) context_.options.faults->ends(fault_key());
}

void Identity::broke(ConnectionFault fault, ConnectionError error) {
  if (fault == ConnectionFault::kNoise) return;
  // That all are down says less than what was said of one of them before.
  if (error.error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && is_known_to_be_down()) return;
  const core::Fault code = fault_of_connection(error, settings_);
  std::string clean = context_.redacted(std::move(error.text));
  std::string peer = peer_of(clean);
  if (fault == ConnectionFault::kLoginRefused)
    clean = fmt::format("{}: {}", in_words(refused_secrets(settings_, vault::Refused::kLogin)), clean);
  came_apart(fault, {code, std::move(peer), std::move(clean)});
}

void Identity::objected(std::string text) {
  came_apart(ConnectionFault::kUnreachable,
             {core::Fault::kSecretTargetChanged, {}, context_.redacted(std::move(text))});
}

// Records go on, only slower: the connection is as good as before.
void Identity::throttled(core::Milliseconds by) {
  const bool begins = by.count() > 0;
  {
    std::lock_guard lock(mutex_);
    status_.throttled = by;
    throttled_at_ = std::chrono::steady_clock::now();
  }
  if (!begins) {
    if (context_.options.faults != nullptr) context_.options.faults->ends(quota_key(), core::Fault::kKafkaThrottled);
    return;
  }
  const Trouble trouble{
      core::Fault::kKafkaThrottled, {}, fmt::format("the brokers held an answer back for {} ms", by.count())};
  if (context_.options.faults != nullptr) {
    context_.options.faults->happens({.fault = trouble.fault,
                                      .key = quota_key(),
                                      .concerns = fmt::format("AidboxTopicDestination/{}", destinations()),
                                      .detail = trouble.text,
                                      .patience = kConnectionPatience,
                                      .lapse = kThrottleLapse});
  }
  emit({ProducerPool::Event::Kind::kError, trouble.text, trouble.fault});
}

void Identity::came_apart(ConnectionFault fault, Trouble trouble) {
  const bool of_login = fault == ConnectionFault::kLoginRefused;
  note_error(trouble);
  connected_.store(false);
  fault_happens(trouble, {}, false, kConnectionPatience);
  const bool of_certificate = settings_.ssl_keystore_key && is_of_our_certificate(trouble.text);
  // Each time: the destinations count them.
  emit({ProducerPool::Event::Kind::kError, std::move(trouble.text), trouble.fault, std::move(trouble.peer)});
  const bool first_refusal =
      needs_credential(settings_) && fault != ConnectionFault::kUnreachable && !login_failing_.exchange(true);
  strand_->post([weak = weak_from_this(), first_refusal, of_login, of_certificate] {
    const auto self = weak.lock();
    if (!self) return;
    self->plan_question(kFirstQuestion);
    if (of_login && self->keeper_) self->keeper_->login_refused();
    if (!first_refusal) return;
    if (!of_login && self->keeper_) self->keeper_->tls_refused(of_certificate);
    self->login_failing_since_ = self->context_.clock.steady_now();
    self->strand_->post_after(self->context_.options.refused_limit, [weak] {
      if (const auto late = weak.lock()) late->suspend_if_still_refused();
    });
  });
}

void Identity::unanswered(ConnectionError error) {
  if (!is_known_to_be_down() && !connected_.load()) {
    const core::Fault code = fault_of_connection(error, settings_);
    note_error({code, {}, context_.redacted(std::move(error.text))});
  }
  strand_->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->connected_.load()) self->plan_question(self->retry_.next(self->context_.clock.steady_now()));
  });
}

}  // namespace embergate::kafka
