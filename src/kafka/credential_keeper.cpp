// SPDX-License-Identifier: Apache-2.0
#include "kafka/credential_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <utility>

#include "kafka/producer_config.hpp"
#include "kafka/target_check.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kRoomStep{100};
constexpr core::Milliseconds kLeastTokenWait{1'000};
constexpr core::Milliseconds kLongestTokenWait{std::chrono::hours(24)};
constexpr double kTokenShare = 0.8;
constexpr int kMostDoublings = 2;  // of the time for a login

bool is_refusal(const core::Error& error) { return error.code == core::ErrorCode::kUnauthenticated; }

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

void CredentialKeeper::check_after(core::Milliseconds delay) {
  strand_->post_after(delay, [weak = weak_from_this(), timer = ++timer_] {
    const auto self = weak.lock();
    if (self && self->timer_ == timer) self->check();
  });
}

void CredentialKeeper::login_refused() {
  const bool known = plan_.client_is_refused();
  plan_.client_refused(now(), used_.login.token != nullptr);
  if (known) return;
  tell_refusal();
  check();
}

void CredentialKeeper::tls_refused(bool our_certificate) {
  force_read_ = true;
  if (our_certificate) {
    plan_.certificate_refused(now());
    tell_refusal();
  }
  check();
}

void CredentialKeeper::client_answers() {
  plan_.client_answers();
  tell_refusal();
}

void CredentialKeeper::lost() {
  plan_.client_lost(now());
  force_read_ = true;
  go_on();
}

void CredentialKeeper::too_old() {
  plan_.client_too_old();
  check();
}

// What is refused is tried with its pauses, whatever the rules: brokers lock accounts.
void CredentialKeeper::rules_changed() {
  if (!plan_.refusal()) plan_.may_go_on();
  check();
}

core::Result<void> CredentialKeeper::claim_target() {
  if (!bundle_) return {};
  const auto requester = host_->requester();
  if (!requester) return core::make_error(core::ErrorCode::kForbidden, "no destination uses the connection");
  return kafka::claim_target(context_.options.bindings, settings_, *requester, context_.clock.system_now());
}

// What was accepted before is not used by a right that comes later either: the files say what is.
void CredentialKeeper::forget_accepted() {
  if (used_.generation == 0 && !adopting_) return;
  used_ = {};
  plan_ = LoginPlan();
  if (host_ != nullptr) host_->newer_waits({});
  tell_refusal();
}

// A candidate that was about to take over goes with the client at work.
void CredentialKeeper::withdraw(const std::string& why) {
  adopting_ = false;
  candidate_ = {};
  plan_.client_outdated();
  host_->withdraw(why);
}

// An administrator may have confirmed another target while this one was in use, or the vault config may say something
// else of the secrets. Where only the clients stand against it, another one may be allowed.
bool CredentialKeeper::must_stop() {
  std::optional<std::string> why = bundle_ ? host_->denial() : std::nullopt;
  const core::Fault fault = why ? core::Fault::kSecretScope : core::Fault::kSecretTargetChanged;
  if (why) forget_accepted();
  if (!why) {
    if (auto bound = check_bound_target(context_.options.bindings, settings_); !bound)
      why = std::move(bound).error().diagnostics;
  }
  const bool of_client = !why;
  if (of_client) why = host_->objection();
  if (!why) return false;
  fail(fault, *why);
  withdraw(*why);
  if (of_client) check_after(core::Milliseconds(0));
  return !of_client;
}

core::Result<CredentialKeeper::Snapshot> CredentialKeeper::read() {
  if (!bundle_) {
    auto fixed = std::make_shared<vault::BundleValue>();
    fixed->generation = 1;
    return Snapshot(std::move(fixed));
  }
  const auto requester = host_->requester();
  if (!requester) return core::make_error(core::ErrorCode::kForbidden, "no destination uses the connection");
  if (plan_.client_is_refused() || force_read_) {
    return bundle_->refresh(*requester, vault::Use::kOutboundRunning, plan_.newest());
  }
  return bundle_->resolve(*requester, vault::Use::kOutboundRunning);
}

void CredentialKeeper::check() {
  ++timer_;  // whatever was planned happens now
  if (host_ == nullptr || context_.stopping.load()) return;
  if (must_stop()) return check_after(plan_.pause(now()));
  if (adopting_) {
    look_again_ = true;
    return;
  }
  if (!host_->has_room_for_candidate()) return check_after(kRoomStep);
  const auto newest = read();
  force_read_ = false;
  if (!newest) {
    fail(newest.error(), core::Fault::kSecretMissing);
    // Without a right to the secret nothing of it is used, what was read before neither.
    if (!newest.error().retriable) return check_after(plan_.pause(now()));
  }
  plan_.found(newest ? (*newest)->generation : 0);
  host_->newer_waits(waiting_secrets(newest ? *newest : nullptr));
  const auto step = plan_.next(now());
  if (step.kind == LoginPlan::Step::Kind::kWait) return check_after(step.wait);
  if (step.kind == LoginPlan::Step::Kind::kTry) prove(step.generation, newest ? *newest : nullptr);
}

void CredentialKeeper::go_on() {
  if (const auto wait = plan_.next_look(now())) check_after(*wait);
}

core::Result<void> CredentialKeeper::fetch_token(Login& login) {
  if (!login.credential->tokens) return {};
  EG_CHECK(check_token_endpoint(*context_.secrets.config(), settings_));
  const auto deadline = std::chrono::steady_clock::now() + context_.options.probe_timeout;
  EG_TRY(BearerToken token, login.credential->tokens->fetch(deadline, context_.stopping));
  login.token = std::make_shared<const BearerToken>(std::move(token));
  return {};
}

// With the newest value of the files, or once more with the one that brokers accepted last.
core::Result<CredentialKeeper::Attempt> CredentialKeeper::begin_attempt(std::uint64_t generation,
                                                                        const Snapshot& newest) {
  if (!newest || newest->generation != generation)
    return Attempt{generation, {used_.login.credential, {}}, used_.files};
  EG_TRY(Credential made, make_credential(settings_, newest->members, context_.options.token_sources.get()));
  return Attempt{generation, {std::make_shared<const Credential>(std::move(made)), {}}, file_generations(*newest)};
}

void CredentialKeeper::prove(std::uint64_t generation, const Snapshot& newest) {
  if (const auto claimed = claim_target(); !claimed)
    return end_attempt(generation, std::nullopt, fault_of_target(claimed.error()), claimed.error().diagnostics);
  auto attempt = begin_attempt(generation, newest);
  if (!attempt) {
    return end_attempt(generation, unusable_part(settings_, newest->members), core::Fault::kSecretUnusable,
                       attempt.error().diagnostics);
  }
  if (must_stop()) return check_after(plan_.pause(now()));  // the claim may have waited for the database
  const auto token = fetch_token(attempt->login);
  if (context_.stopping.load()) return;
  if (!token) {
    const std::string& why = token.error().diagnostics;
    if (is_refusal(token.error()))
      return end_attempt(generation, vault::Refused::kLogin, core::Fault::kKafkaAuthRefused, why);
    return end_attempt(generation, untrusted(why, *attempt), core::Fault::kKafkaTokenFailed, why);
  }
  if (must_stop()) return check_after(plan_.pause(now()));  // tokens take their time
  probe(*std::move(attempt));
}

// A login that takes longer than the time-out, on a machine that is short of processor time, would never succeed.
core::Milliseconds CredentialKeeper::probe_timeout() const {
  return context_.options.probe_timeout * (1 << unanswered_tries_);
}

// A login that no one may use any more is not shown to another broker.
ProbeResult CredentialKeeper::log_in(ConfHandle conf, const Attempt& attempt, const JustAccepted& accepted) {
  const auto ends = [this] { return context_.stopping.load() || (bundle_ && host_->denial()); };
  return probe_login(std::move(conf), attempt.login.token.get(), context_.objection_to_brokers_of(settings_, accepted),
                     probe_timeout(), ends, accepted.get());
}

void CredentialKeeper::probe(Attempt attempt) {
  auto conf = make_producer_conf(settings_, attempt.login.credential.get(),
                                 {context_.options.queue_messages, context_.options.queue_kbytes});
  if (!conf)
    return end_attempt(attempt.generation, unusable(attempt), core::Fault::kSecretUnusable, conf.error().diagnostics);
  const auto accepted = std::make_shared<std::atomic<bool>>(false);
  ProbeResult probe = log_in(*std::move(conf), attempt, accepted);
  if (context_.stopping.load()) return;
  if (must_stop()) return check_after(plan_.pause(now()));
  if (!probe.client) {
    const bool unanswered = probe.fault == ConnectionFault::kUnreachable;
    unanswered_tries_ = unanswered ? std::min(unanswered_tries_ + 1, kMostDoublings) : 0;
    force_read_ = probe.fault != ConnectionFault::kUnreachable;
    return end_attempt(attempt.generation, refusal_of(probe, attempt), code_of(probe), probe.error.text);
  }
  unanswered_tries_ = 0;
  const auto proven = prove_target(context_.options.bindings, settings_, probe.brokers);
  accepted->store(false);
  if (!proven)
    return end_attempt(attempt.generation, std::nullopt, fault_of_target(proven.error()), proven.error().diagnostics);
  candidate_ = std::move(attempt);
  adopting_ = true;
  look_again_ = false;
  if (candidate_.generation == plan_.newest()) host_->newer_waits({});
  host_->adopt(Proven{candidate_.login, std::move(probe.client), plan_.is_new(candidate_.generation), plan_.too_old(),
                      candidate_.files});
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
  plan_.adopted(used_.generation, now());
  std::erase_if(said_once_, [&](const auto& one) { return one.first == used_.generation; });
  tell_refusal();
  token_retry_.reset();
  plan_token_by_life();
  if (std::exchange(look_again_, false)) return check();
  go_on();
}

void CredentialKeeper::not_adopted(core::Fault fault, const std::string& text) {
  adopting_ = false;
  end_attempt(std::exchange(candidate_, {}).generation, std::nullopt, fault, text);
}

void CredentialKeeper::plan_token(core::Milliseconds delay) {
  strand_->post_after(delay, [weak = weak_from_this(), timer = ++token_timer_] {
    const auto self = weak.lock();
    if (self && self->token_timer_ == timer) self->renew_token();
  });
}

void CredentialKeeper::plan_token_by_life() {
  const auto& token = used_.login.token;
  if (!token) return;
  const auto life = token->expires_at - token->issued_at;
  const auto due = token->issued_at + std::chrono::duration_cast<core::SystemTime::duration>(life * kTokenShare);
  const auto left = std::chrono::duration_cast<core::Milliseconds>(due - context_.clock.system_now());
  // Tokens that were issued together are not fetched together.
  const auto early = with_jitter(std::max(left, core::Milliseconds(0)) / 20);
  plan_token(std::clamp(left - early, kLeastTokenWait, kLongestTokenWait));
}

void CredentialKeeper::token_wanted() {
  if (!used_.login.token || host_ == nullptr) return;
  plan_token(core::Milliseconds(0));
}

void CredentialKeeper::renew_token() {
  if (host_ == nullptr || context_.stopping.load() || !used_.login.token) return;
  if (adopting_ || plan_.client_is_refused()) return plan_token(kLeastTokenWait);  // a check fetches one, too
  if (must_stop()) return check_after(plan_.pause(now()));
  Login next{used_.login.credential, nullptr};
  const auto fetched = fetch_token(next);
  if (context_.stopping.load()) return;
  if (must_stop()) return check_after(plan_.pause(now()));
  if (!fetched) return token_failed(fetched.error());
  if (takeover(used_.login, next) == Takeover::kReplace) {
    plan_.client_outdated();  // another principal: the whole way
    return check();
  }
  const bool younger = next.token->expires_at > used_.login.token->expires_at;
  used_.login = std::move(next);
  host_->renew(used_.login);
  if (!younger) return plan_token(token_retry_.next(now()));  // a file that holds the token has its own time
  token_retry_.reset();
  plan_token_by_life();
}

// A refused client secret is tried on the schedule of all logins of the connection, in turns with a newer one.
void CredentialKeeper::token_failed(const core::Error& error) {
  if (!is_refusal(error)) {
    fail(error, core::Fault::kKafkaTokenFailed);
    return plan_token(token_retry_.next(now()));
  }
  fail_refused(used_.generation, vault::Refused::kLogin, core::Fault::kKafkaAuthRefused, error.diagnostics);
  plan_.client_refused(now(), false);
  tell_refusal();
  check();
}

}  // namespace embergate::kafka
