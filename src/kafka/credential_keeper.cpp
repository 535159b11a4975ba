// SPDX-License-Identifier: Apache-2.0
#include "kafka/credential_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "kafka/login_probe.hpp"
#include "kafka/producer_config.hpp"
#include "kafka/target_check.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kRoomStep{100};
constexpr core::Milliseconds kLeastTokenWait{1'000};
constexpr core::Milliseconds kLongestTokenWait{std::chrono::hours(24)};
constexpr double kTokenShare = 0.8;
constexpr std::chrono::seconds kCalm{60};  // after this long without a refusal the next one is a new story

// Connections with one file do not all begin at the same moment.
core::Milliseconds with_jitter(core::Milliseconds delay) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<core::Milliseconds::rep> more(0,
                                                              std::max<core::Milliseconds::rep>(delay.count() / 2, 0));
  return delay + core::Milliseconds(more(generator));
}

}  // namespace

CredentialKeeper::CredentialKeeper(PoolContext& context, const ConnectionSettings& settings,
                                   std::shared_ptr<Strand> strand, CredentialHost& host)
    : context_(context), settings_(settings), strand_(std::move(strand)), host_(&host) {
  auto members = members_of(settings);
  if (!members.empty()) bundle_ = context.secrets.bundle(std::move(members));
}

void CredentialKeeper::start() {
  // Several changes within the debounce time are one notice.
  auto notice = [weak = weak_from_this(), strand = strand_, noticed = noticed_,
                 debounce = context_.options.debounce](std::uint64_t) {
    if (noticed->exchange(true)) return;
    strand->post_after(with_jitter(debounce), [weak, noticed] {
      noticed->store(false);
      if (const auto self = weak.lock()) self->check();
    });
  };
  if (bundle_) watch_ = bundle_->watch(std::move(notice));
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
  const auto now = context_.clock.steady_now();
  if (!refused_at_ || now - *refused_at_ > kCalm) retry_.reset();
  refused_at_ = now;
  if (running_refused_) return;
  running_refused_ = true;
  first_look_ = true;
  check();
}

void CredentialKeeper::tls_refused() {
  force_read_ = true;
  check();
}

void CredentialKeeper::lost() {
  used_is_proven_ = false;
  running_refused_ = false;
  force_read_ = true;
  plan_retry();
}

void CredentialKeeper::too_old() {
  too_old_ = true;
  check();
}

void CredentialKeeper::target_changed() {
  retry_.reset();
  check();
}

core::Result<void> CredentialKeeper::claim_target() {
  if (!bundle_) return {};
  const auto requester = host_->requester();
  if (!requester) return core::make_error(core::ErrorCode::kForbidden, "no destination uses the connection");
  return kafka::claim_target(context_.options.bindings, settings_, *requester, context_.clock.system_now());
}

// An administrator may have confirmed another target while this one was in use.
bool CredentialKeeper::has_lost_its_target() {
  const auto bound = check_bound_target(context_.options.bindings, settings_);
  if (bound) return false;
  fail(false, bound.error().diagnostics);
  used_is_proven_ = false;
  host_->withdraw();
  return true;
}

core::Result<CredentialKeeper::Snapshot> CredentialKeeper::read() {
  if (!bundle_) {
    auto fixed = std::make_shared<vault::BundleValue>();
    fixed->generation = 1;
    return Snapshot(std::move(fixed));
  }
  const auto requester = host_->requester();
  if (!requester) return core::make_error(core::ErrorCode::kForbidden, "no destination uses the connection");
  if (running_refused_ || force_read_) {
    return bundle_->refresh(*requester, vault::Use::kOutboundRunning, tried_generation_);
  }
  return bundle_->resolve(*requester, vault::Use::kOutboundRunning);
}

void CredentialKeeper::check() {
  ++timer_;  // whatever was planned happens now
  if (host_ == nullptr || context_.stopping.load()) return;
  if (adopting_) {
    look_again_ = true;
    return;
  }
  if (has_lost_its_target()) return plan_retry();
  if (!host_->has_room_for_candidate()) return plan(kRoomStep);
  const auto snapshot = read();
  force_read_ = false;
  if (!snapshot) {
    fail(false, snapshot.error().diagnostics);
    return plan_retry();
  }
  act_on(*snapshot);
}

void CredentialKeeper::act_on(const Snapshot& snapshot) {
  const bool first_look = std::exchange(first_look_, false);
  if (snapshot->generation != tried_generation_) {
    tried_generation_ = snapshot->generation;
    retry_.reset();
    return prove(snapshot);
  }
  if (snapshot->generation != used_generation_ || !used_is_proven_ || too_old_) return prove(snapshot);
  if (!running_refused_) return;
  // The broker is ahead of the file, so knock rarely. A token can be had anew, a password cannot.
  if (first_look && !used_.token) return plan_retry();
  prove(snapshot);
}

core::Result<Login> CredentialKeeper::make_login(const vault::BundleValue& value) {
  EG_TRY(Credential made, make_credential(settings_, value.members, context_.options.token_sources.get()));
  Login login{std::make_shared<const Credential>(std::move(made)), nullptr};
  if (login.credential->tokens) {
    EG_CHECK(check_token_endpoint(context_.secrets.config(), settings_));
    const auto deadline = std::chrono::steady_clock::now() + context_.options.probe_timeout;
    EG_TRY(BearerToken token, login.credential->tokens->fetch(deadline, context_.stopping));
    login.token = std::make_shared<const BearerToken>(std::move(token));
  }
  return login;
}

void CredentialKeeper::prove(const Snapshot& snapshot) {
  if (const auto claimed = claim_target(); !claimed) {
    fail(false, claimed.error().diagnostics);
    return plan_retry();
  }
  auto login = make_login(*snapshot);
  if (context_.stopping.load()) return;
  if (!login) {
    fail(false, login.error().diagnostics);
    return plan_retry();
  }
  auto conf = make_producer_conf(settings_, login->credential.get(),
                                 {context_.options.queue_messages, context_.options.queue_kbytes});
  if (!conf) {
    fail(false, conf.error().diagnostics);
    return plan_retry();
  }
  ProbeResult probe = probe_login(*std::move(conf), login->token.get(), context_.objection_to_brokers_of(settings_),
                                  context_.options.probe_timeout, context_.stopping);
  if (context_.stopping.load()) return;
  if (!probe.client) {
    force_read_ = probe.fault != ConnectionFault::kUnreachable;
    fail(probe.fault == ConnectionFault::kLoginRefused, probe.text);
    return plan_retry();
  }
  if (const auto proven = prove_target(context_.options.bindings, settings_, probe.brokers); !proven) {
    fail(false, proven.error().diagnostics);
    return plan_retry();
  }
  candidate_ = *std::move(login);
  candidate_generation_ = snapshot->generation;
  adopting_ = true;
  look_again_ = false;
  host_->adopt(Proven{candidate_, std::move(probe.client), candidate_generation_ != used_generation_, too_old_,
                      file_generations(*snapshot)});
}

std::map<std::string, std::uint64_t> CredentialKeeper::file_generations(const vault::BundleValue& value) const {
  std::map<std::string, std::uint64_t> generations;
  if (!bundle_) return generations;
  const auto& members = bundle_->members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].name) generations[std::string(members[i].name->value())] = value.file_generations[i];
  }
  return generations;
}

void CredentialKeeper::adopted() {
  adopting_ = false;
  used_ = std::exchange(candidate_, {});
  used_generation_ = candidate_generation_;
  used_is_proven_ = true;
  running_refused_ = false;
  too_old_ = false;
  // After a refusal the schedule goes on for a while: one broker of several may lag behind.
  if (!refused_at_ || context_.clock.steady_now() - *refused_at_ > kCalm) retry_.reset();
  token_retry_.reset();
  plan_token_by_life();
  if (std::exchange(look_again_, false)) check();
}

void CredentialKeeper::not_adopted(const std::string& text) {
  adopting_ = false;
  candidate_ = {};
  fail(false, text);
  plan_retry();
}

void CredentialKeeper::plan_token(core::Milliseconds delay) {
  strand_->post_after(delay, [weak = weak_from_this(), timer = ++token_timer_] {
    const auto self = weak.lock();
    if (self && self->token_timer_ == timer) self->renew_token();
  });
}

void CredentialKeeper::plan_token_by_life() {
  if (!used_.token) return;
  const auto life = used_.token->expires_at - used_.token->issued_at;
  const auto due = used_.token->issued_at + std::chrono::duration_cast<core::SystemTime::duration>(life * kTokenShare);
  const auto left = std::chrono::duration_cast<core::Milliseconds>(due - context_.clock.system_now());
  // Tokens that were issued together are not fetched together.
  const auto early = with_jitter(std::max(left, core::Milliseconds(0)) / 20);
  plan_token(std::clamp(left - early, kLeastTokenWait, kLongestTokenWait));
}

void CredentialKeeper::token_wanted() {
  if (!used_.token || host_ == nullptr) return;
  plan_token(core::Milliseconds(0));
}

void CredentialKeeper::renew_token() {
  if (host_ == nullptr || context_.stopping.load() || !used_.token) return;
  if (adopting_ || running_refused_) return plan_token(kLeastTokenWait);  // a check fetches one, too
  if (has_lost_its_target()) return plan_retry();
  const auto deadline = std::chrono::steady_clock::now() + context_.options.probe_timeout;
  auto fetched = used_.credential->tokens->fetch(deadline, context_.stopping);
  if (context_.stopping.load()) return;
  const auto now = context_.clock.steady_now();
  if (!fetched) {
    fail(!fetched.error().retriable, fetched.error().diagnostics);
    return plan_token(token_retry_.next(now));
  }
  const auto token = std::make_shared<const BearerToken>(*std::move(fetched));
  const Login next{used_.credential, token};
  if (takeover(used_, next) == Takeover::kReplace) {
    used_is_proven_ = false;  // another principal: the whole way
    return check();
  }
  const bool younger = token->expires_at > used_.token->expires_at;
  used_ = next;
  host_->renew(used_);
  if (!younger) return plan_token(token_retry_.next(now));  // a file that holds the token has its own time
  token_retry_.reset();
  plan_token_by_life();
}

void CredentialKeeper::fail(bool refused, const std::string& text) {
  host_->credential_failed(refused, fmt::format("{}: {}", secrets_in_words(settings_), text));
}

}  // namespace embergate::kafka
