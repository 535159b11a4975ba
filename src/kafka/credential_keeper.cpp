// SPDX-License-Identifier: Apache-2.0
#include "kafka/credential_keeper.hpp"

#include <fmt/format.h>

#include <utility>

#include "kafka/login_probe.hpp"
#include "kafka/producer_config.hpp"

namespace embergate::kafka {

CredentialKeeper::CredentialKeeper(PoolContext& context, const ConnectionSettings& settings,
                                   std::shared_ptr<Strand> strand, CredentialHost& host)
    : context_(context),
      settings_(settings),
      strand_(std::move(strand)),
      host_(&host),
      name_(*secret_of(settings)),
      kind_(settings.sasl_jaas_config ? vault::ContentKind::kJaas : vault::ContentKind::kSingleLine) {}

void CredentialKeeper::start() {
  // Several changes within the debounce time are one notice.
  auto notice = [weak = weak_from_this(), strand = strand_, noticed = noticed_,
                 debounce = context_.options.debounce](std::uint64_t) {
    if (noticed->exchange(true)) return;
    strand->post_after(debounce, [weak, noticed] {
      noticed->store(false);
      if (const auto self = weak.lock()) self->check();
    });
  };
  watch_ = context_.secrets.watch(name_, kind_, std::move(notice));
  check();
}

void CredentialKeeper::stop() {
  host_ = nullptr;
  watch_.reset();
}

void CredentialKeeper::plan(core::Milliseconds delay) {
  strand_->post_after(delay, [weak = weak_from_this(), timer = ++timer_] {
    const auto self = weak.lock();
    if (self && self->timer_ == timer) self->check();
  });
}

void CredentialKeeper::login_refused() {
  if (running_refused_) return;
  running_refused_ = true;
  retry_.reset();
  check();
}

void CredentialKeeper::login_recovered() { running_refused_ = false; }

void CredentialKeeper::lost() {
  used_is_proven_ = false;
  running_refused_ = false;
  force_read_ = true;
  plan_retry();
}

core::Result<vault::SecretValue> CredentialKeeper::read() {
  const auto requester = host_->requester();
  if (!requester) return core::make_error(core::ErrorCode::kForbidden, "no destination uses the secret");
  if (running_refused_ || force_read_) {
    return context_.secrets.refresh(name_, *requester, kind_, vault::Use::kOutboundRunning, tried_generation_);
  }
  return context_.secrets.resolve(name_, *requester, kind_, vault::Use::kOutboundRunning);
}

void CredentialKeeper::check() {
  ++timer_;  // whatever was planned happens now
  if (host_ == nullptr || context_.stopping.load()) return;
  const auto value = read();
  force_read_ = false;
  if (!value) {
    fail(false, value.error().diagnostics);
    plan_retry();
    return;
  }
  if (value->generation != tried_generation_) {
    tried_generation_ = value->generation;
    retry_.reset();
  }
  if (value->generation != used_generation_ || !used_is_proven_) {
    prove(*value);
  } else if (running_refused_) {
    plan_retry();  // the broker is ahead of the file
  }
}

void CredentialKeeper::prove(const vault::SecretValue& value) {
  auto made = make_credential(settings_, *value.secret);
  if (!made) {
    fail(false, made.error().diagnostics);
    return plan_retry();
  }
  const auto credential = std::make_shared<const Credential>(*std::move(made));
  auto conf =
      make_producer_conf(settings_, credential.get(), {context_.options.queue_messages, context_.options.queue_kbytes});
  if (!conf) {
    fail(false, conf.error().diagnostics);
    return plan_retry();
  }
  ProbeResult probe = probe_login(*std::move(conf), context_.options.probe_timeout, context_.stopping);
  if (context_.stopping.load()) return;
  if (!probe.client) {
    force_read_ = probe.fault == ConnectionFault::kLoginRefused;
    fail(force_read_, probe.text);
    return plan_retry();
  }
  if (const auto adopted = host_->adopt(credential, std::move(probe.client)); !adopted) {
    fail(false, adopted.error().diagnostics);
    return plan_retry();
  }
  used_generation_ = value.generation;
  used_is_proven_ = true;
  running_refused_ = false;
  retry_.reset();
}

void CredentialKeeper::fail(bool refused, const std::string& text) {
  host_->credential_failed(refused, fmt::format("secret '{}': {}", name_.value(), text));
}

}  // namespace embergate::kafka
