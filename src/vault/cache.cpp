// SPDX-License-Identifier: Apache-2.0
#include "embergate/vault/cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "embergate/observability/log.hpp"
#include "embergate/vault/explanations.hpp"
#include "vault/cache_impl.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;
using core::ErrorCode;
using core::Milliseconds;
using core::Result;

constexpr std::size_t kMaxDenialsLogged = 1'000;

Timing timing_of(const SecretCache::Options& options) {
  return {options.ttl, options.quiet, options.grace.value_or(options.ttl), options.previous_grace, options.racy_age};
}

void log_state(const TrackedFile& file, const FileState& state, State now) {
  const auto generation = static_cast<std::int64_t>(state.generation());
  if (now == State::kOk) {
    log::event(log::Level::kInfo, "secret/resolved", "the secret can be used",
               {{"secret", std::string_view(file.name().value())}, {"generation", generation}});
    return;
  }
  const auto text = explained(state.reason(), state.detail());
  log::event(now == State::kStale ? log::Level::kWarn : log::Level::kError, "secret/resolve-failed", text,
             {{"secret", std::string_view(file.name().value())},
              {"state", to_string(now)},
              {"reason", state.reason()},
              {"code", core::code_of(fault_of(now, state.reason()))},
              {"generation", generation}});
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kStale:
      return "stale";
    case State::kMissing:
      return "missing";
    case State::kInvalid:
      return "invalid";
    case State::kScopeDenied:
      return "scope-denied";
    case State::kTargetChanged:
      return "target-changed";
    case State::kUnused:
      return "unused";
    case State::kRefused:
      return "refused";
  }
  return "invalid";
}

std::string_view to_string(Refused what) {
  switch (what) {
    case Refused::kLogin:
      return reason::kLoginRefused;
    case Refused::kCertificate:
      return reason::kCertificateRefused;
    case Refused::kLoginUnusable:
      return reason::kLoginUnusable;
    case Refused::kCertificateUnusable:
      return reason::kCertificateUnusable;
    case Refused::kAuthorities:
      return reason::kBrokerUntrusted;
  }
  return reason::kLoginRefused;
}

namespace {

core::Error with(core::Error error, core::Fault fault) {
  error.fault = fault;
  return error;
}

}  // namespace

Result<void> SecretCache::Impl::granted(const SecretName& name, const Requester& requester) {
  switch (config.load()->check(name, requester)) {
    case ScopeVerdict::kGranted:
      return {};
    case ScopeVerdict::kUnknownName:
      counters.error->add();
      return with(
          core::make_error(ErrorCode::kNotFound, fmt::format("secret \"{}\" is not in the vault config", name.value())),
          core::Fault::kSecretUnknownName);
    case ScopeVerdict::kOutOfScope:
      break;
  }
  counters.denied->add();
  log_denial(name, requester);
  return with(core::make_error(ErrorCode::kForbidden, fmt::format("secret \"{}\" is not available to {}/{}",
                                                                  name.value(), requester.resource_type, requester.id)),
              core::Fault::kSecretScope);
}

void SecretCache::Impl::log_denial(const SecretName& name, const Requester& requester) {
  {
    // Once per secret and requester: callers who can cause denials must not be able to fill the log.
    std::lock_guard lock(mutex);
    auto key = fmt::format("{}\n{}\n{}\n{}", name.value(), requester.resource_type, requester.id, requester.field);
    if (denials.size() >= kMaxDenialsLogged || !denials.insert(std::move(key)).second) return;
  }
  if (options.faults != nullptr) options.faults->count(core::Fault::kSecretScope);
  log::event(log::Level::kWarn, "secret/denied", "the scope of the secret does not cover this resource",
             {{"secret", std::string_view(name.value())},
              {"code", core::code_of(core::Fault::kSecretScope)},
              {"resourceType", std::string_view(requester.resource_type)},
              {"id", std::string_view(requester.id)},
              {"field", std::string_view(requester.field)}});
}

std::shared_ptr<TrackedFile> SecretCache::Impl::track(const SecretName& name, ContentKind kind) {
  std::lock_guard lock(mutex);
  if (const auto found = tracked.find({name, kind}); found != tracked.end()) return found->second;
  const auto now = config.load();
  const Entry* entry = now->find(name);
  if (entry == nullptr) forget_unused_locked();
  auto& slot = tracked[{name, kind}];
  if (!slot) {
    slot = std::make_shared<TrackedFile>(
        entry != nullptr ? *entry : Entry{.name = name, .path = {}, .scopes = {}}, kind, timing_of(options), context,
        [this](const TrackedFile& file, const FileState& state, const Effect& effect) {
          on_effect(file, state, effect);
        },
        options.jaas_check);
  }
  return slot;
}

std::vector<std::shared_ptr<TrackedFile>> SecretCache::Impl::tracked_as(const SecretName& name) const {
  std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<TrackedFile>> found;
  for (const auto& [key, file] : tracked) {
    if (key.first == name) found.push_back(file);
  }
  return found;
}

// Two names by which one file is reached add up their scopes.
void SecretCache::Impl::warn_about_shared_file(const SecretName& name, const Identity& identity) {
  const auto now = config.load();
  const Entry* entry = now->find(name);
  if (entry == nullptr || entry->json_pointer) return;
  std::lock_guard lock(first_mutex);
  const auto [first, is_new] = first_by_inode.emplace(std::pair(identity.device, identity.inode), name);
  const Entry* other = now->find(first->second);
  // That equal paths are shared was logged when the config was read.
  if (is_new || first->second == name || other == nullptr || other->path == entry->path) return;
  log::event(log::Level::kWarn, "secret/shared-file",
             "two names lead to one file; those in the scope of either get the same value",
             {{"secret", std::string_view(name.value())}, {"other", std::string_view(first->second.value())}});
}

// Called under the file's lock, so nothing here may look at the file or call a watcher.
void SecretCache::Impl::on_effect(const TrackedFile& file, const FileState& state, const Effect& effect) {
  if (effect.generation) redactor.add(state.current());
  if (effect.generation && state.generation() == 1 && state.identity())
    warn_about_shared_file(file.name(), *state.identity());
  if (effect.state) {
    log_state(file, state, state.state(clock.steady_now()));
  } else if (effect.generation) {
    log_state(file, state, State::kOk);
  }
  if (effect.pinned_deleted) {
    log::event(log::Level::kWarn, "secret/pinned-deleted", explanation_of(reason::kPinnedDeleted),
               {{"secret", std::string_view(file.name().value())},
                {"code", core::code_of(core::Fault::kSecretPinnedDeleted)}});
  }
  if (effect.readable_by_others) {
    log::event(log::Level::kWarn, "secret/readable-by-all",
               "every user of this machine can read the file; mode 0440 is enough",
               {{"secret", std::string_view(file.name().value())}});
  }
  if (!effect.failed.empty()) {
    metrics
        .counter("vault_failed_looks_total", "Looks at secret files that found no usable value, by reason",
                 {{"reason", std::string(effect.failed)}})
        ->add();
  }
  if (effect.short_key) {
    log::event(log::Level::kWarn, "secret/short-key",
               "the key is shorter than the hash it is for; 32 random bytes are the least (RFC 7518 3.2)",
               {{"secret", std::string_view(file.name().value())}});
  }
  if (!effect.generation && !effect.state) return;
  state_changed = true;
  if (notices->note(file)) kick(false);
}

Result<SecretValue> SecretCache::Impl::answer(TrackedFile& file, Use use, bool settles, std::uint64_t reads_before) {
  struct Outcome {
    bool waits = false;
    std::shared_ptr<const Value> value;
    std::uint64_t generation = 0;
    bool read = false;
    std::string_view reason;  // without a value
    std::string detail;
  };
  const auto outcome_of = [&](const FileState& state) {
    Outcome found;
    found.value = state.value_for(use, clock.steady_now());
    found.generation = state.generation();
    found.read = state.reads() != reads_before;
    if (!found.value) {
      found.reason = state.reason();
      found.detail = state.detail();
    }
    return found;
  };
  // Nearly every access ends here, so it takes the lock once.
  Outcome outcome = file.with_state([&](FileState& state) {
    if (use == Use::kOutboundRunning) state.note_running_use();
    Outcome found = outcome_of(state);
    found.waits = state.settling() && (settles || use == Use::kInbound || !state.current());
    return found;
  });
  if (outcome.waits) {
    file.settle();
    outcome = file.with_state(outcome_of);
  }
  if (!outcome.value) {
    counters.error->add();
    return with(core::make_retriable(ErrorCode::kUnavailable,
                                     fmt::format("secret \"{}\" cannot be used ({}): {}", file.name().value(),
                                                 outcome.reason, explained(outcome.reason, outcome.detail))),
                fault_of(outcome.reason));
  }
  (outcome.read ? counters.reload : counters.hit)->add();
  return SecretValue{std::shared_ptr<const Secret>(outcome.value, &outcome.value->secret), outcome.generation};
}

// The config may have changed while the file was looked at, and the value may be of the new path.
Result<SecretValue> SecretCache::Impl::granted_answer(TrackedFile& file, const Requester& requester, Use use,
                                                      bool settles, std::uint64_t reads_before) {
  auto found = answer(file, use, settles, reads_before);
  if (found) EG_CHECK(granted(file.name(), requester));
  return found;
}

SecretCache::SecretCache(VaultConfig config, Options options, const core::Clock& clock, observability::Metrics& metrics,
                         std::shared_ptr<FileSystem> files)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(options), clock, metrics, std::move(files))) {
  impl_->log_config(*impl_->config.load(), {});
  if (impl_->options.start_poll_thread) impl_->poll_thread = std::thread([impl = impl_.get()] { impl->poll_loop(); });
}

SecretCache::~SecretCache() { stop(); }

Result<SecretValue> SecretCache::resolve(const SecretName& name, const Requester& requester, ContentKind kind,
                                         Use use) {
  EG_CHECK(impl_->granted(name, requester));
  const auto file = impl_->track(name, kind);
  impl_->note_use(file);
  const auto reads = file->with_state([](const FileState& state) { return state.reads(); });
  file->look();
  return impl_->granted_answer(*file, requester, use, false, reads);
}

Result<SecretValue> SecretCache::refresh(const SecretName& name, const Requester& requester, ContentKind kind, Use use,
                                         std::uint64_t used_generation) {
  EG_CHECK(impl_->granted(name, requester));
  const auto file = impl_->track(name, kind);
  impl_->note_use(file);
  struct Before {
    std::uint64_t reads;
    std::uint64_t generation;
  };
  const auto before =
      file->with_state([](const FileState& state) { return Before{state.reads(), state.generation()}; });
  // Someone else's refresh may have brought the new value already; and no one's wrong passwords may drive our
  // reads.
  const bool forced = before.generation <= used_generation && file->take_refresh(impl_->options.forced_refresh);
  file->look(forced);
  return impl_->granted_answer(*file, requester, use, forced, before.reads);
}

std::shared_ptr<const Secret> SecretCache::previous(const SecretName& name) const {
  for (const auto& file : impl_->tracked_as(name)) {
    auto value = file->with_state([&](const FileState& state) { return state.previous(impl_->clock.steady_now()); });
    if (value) return {value, &value->secret};
  }
  return nullptr;
}

std::unique_ptr<Watch> SecretCache::watch(const SecretName& name, ContentKind kind,
                                          std::function<void(std::uint64_t generation)> changed) {
  auto watch = impl_->notices->add(impl_->track(name, kind), std::move(changed));
  impl_->kick(true);
  return watch;
}

void SecretCache::drop() {
  std::lock_guard lock(impl_->mutex);
  for (const auto& [key, file] : impl_->tracked) file->forget_identity();
  if (impl_->config_watch) impl_->config_watch->file()->forget_identity();
}

void SecretCache::poll_once() { impl_->poll_once(); }

void SecretCache::stop() {
  {
    std::lock_guard lock(impl_->poll_mutex);
    impl_->stopping = true;
    impl_->poll_wake.notify_all();
  }
  {
    std::lock_guard lock(impl_->mutex);
    for (const auto& [key, file] : impl_->tracked) file->abandon();
  }
  if (impl_->config_watch) impl_->config_watch->file()->abandon();
  if (impl_->poll_thread.joinable()) impl_->poll_thread.join();
  impl_->checkers.stop();
  impl_->notices->close();
  impl_->pool.stop();
}

void SecretCache::redact(std::string& line) const { impl_->redactor.redact(line); }

}  // namespace embergate::vault
