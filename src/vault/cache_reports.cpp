// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "embergate/observability/log.hpp"
#include "embergate/vault/explanations.hpp"
#include "vault/cache_impl.hpp"
#include "vault/reasons.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;

// "a, b": a value of its own in the log, which quotes it as it does.
std::string list_of(const std::vector<SecretName>& names) {
  std::string list;
  for (const SecretName& name : names) list += (list.empty() ? "" : ", ") + name.value();
  return list;
}

std::vector<SecretName> files_of(const TrackedBundle& bundle) {
  std::vector<SecretName> names;
  for (const BundleMember& member : bundle.members()) {
    if (member.name) names.push_back(*member.name);
  }
  return names;
}

// That a file of its own can be used was logged when it was looked at.
void log_bundle(const TrackedBundle& bundle, const BundleReport& report) {
  const std::vector<SecretName> files = files_of(bundle);
  const std::string names = list_of(files);
  const auto generation = static_cast<std::int64_t>(report.generation);
  if (report.state == State::kOk) {
    if (files.size() > 1) {
      log::event(log::Level::kInfo, "secret/bundle-resolved", "the secrets belong together and can be used",
                 {{"secrets", std::string_view(names)}, {"generation", generation}});
    }
    if (report.old_cipher) {
      log::event(
          log::Level::kWarn, "secret/legacy-cipher",
          "the key was encrypted with a cipher of older tools (RC2, RC4, DES) that protects it no more; encrypt it "
          "again, with AES",
          {{"secrets", std::string_view(names)}});
    }
    return;
  }
  log::event(report.state == State::kStale ? log::Level::kWarn : log::Level::kError, "secret/bundle-failed",
             explanation_of(report.reason),
             {{"secrets", std::string_view(names)},
              {"state", to_string(report.state)},
              {"reason", std::string_view(report.reason)},
              {"code", core::code_of(fault_of(report.state, report.reason))},
              {"generation", generation}});
}

void log_expiry(const Report& report, int mark) {
  log::event(log::Level::kWarn, "secret/expires-soon",
             mark == 0 ? fmt::format("the certificate or token in use has run out; deliver a new one")
                       : fmt::format("the certificate or token in use runs out within {} day{}; deliver a new one",
                                     mark, mark == 1 ? "" : "s"),
             {{"secret", std::string_view(report.name.value())},
              {"days", static_cast<std::int64_t>(mark)},
              {"code", core::code_of(report.fault)}});
}

std::string key_of(const std::vector<BundleMember>& members) {
  std::string key;
  for (const auto& member : members) {
    const auto& text = member.name ? member.name->value() : member.literal;
    key += fmt::format("{}:{}:{}:{}:{}|", member.name.has_value(), static_cast<int>(member.kind),
                       member.password ? static_cast<int>(*member.password) : -1, text.size(), text);
  }
  return key;
}

}  // namespace

Report SecretCache::Impl::report_of(TrackedFile& file) const {
  return file.with_state([&](const FileState& state) {
    Report report{file.name(),
                  state.state(clock.steady_now()),
                  std::string(state.reason()),
                  state.generation(),
                  state.since(),
                  state.last_read(),
                  state.changed(),
                  std::nullopt,
                  state.detail()};
    if (const auto current = state.current()) {
      report.not_after = current->validity.not_after;
      report.not_before = current->validity.not_before;
    }
    return report;
  });
}

std::vector<std::shared_ptr<TrackedBundle>> SecretCache::Impl::live_bundles() const {
  std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<TrackedBundle>> found;
  for (const auto& [key, weak] : bundles) {
    if (auto bundle = weak.lock()) found.push_back(std::move(bundle));
  }
  return found;
}

// What only the members together can show: that they do not fit, and the times inside a key store.
void SecretCache::Impl::add_bundle_facts(Report& report,
                                         const std::vector<std::shared_ptr<TrackedBundle>>& whole) const {
  for (const auto& bundle : whole) {
    if (!bundle->has(report.name)) continue;
    const auto facts = bundle->report();
    if (!report.not_after && bundle->holds_store(report.name)) {
      report.not_after = facts.not_after;
      report.not_before = facts.not_before;
    }
    if (facts.culprit || facts.reason.empty() || report.state != State::kOk) continue;
    report.state = facts.state;
    report.reason = facts.reason;
    report.since = facts.since;
    report.detail.clear();
  }
}

void SecretCache::Impl::add_refusal(Report& report) const {
  if (report.state != State::kOk) return;
  const auto refusal = refusals->of(report.name);
  if (!refusal) return;
  report.state = State::kRefused;
  report.reason = to_string(refusal->what);
  report.since = refusal->since;
  report.detail = refusal->detail;
}

void SecretCache::Impl::add_fault(Report& report) const { report.fault = fault_of(report, clock.system_now()); }

void SecretCache::Impl::on_bundle(const TrackedBundle& bundle, const BundleReport& report) {
  // A member's own trouble is logged where the member is looked at.
  if (!report.culprit) log_bundle(bundle, report);
  state_changed = true;
  if (notices->note(bundle)) kick(false);
}

std::vector<Report> SecretCache::Impl::reports_in_use() const {
  std::vector<std::shared_ptr<TrackedFile>> files;
  {
    std::lock_guard lock(mutex);
    const auto now = config.load();
    for (const auto& [key, file] : tracked) {
      if (now->find(key.first) != nullptr) files.push_back(file);
    }
  }
  std::vector<Report> reports;
  for (const auto& file : files) {
    auto report = report_of(*file);
    const bool again = !reports.empty() && reports.back().name == report.name;
    // One name may be in use as several kinds: what is not well counts.
    if (again && reports.back().state != State::kOk) continue;
    if (again) reports.pop_back();
    reports.push_back(std::move(report));
  }
  return reports;
}

// On every change, and now and then for the ages.
void SecretCache::Impl::show_states() {
  constexpr std::chrono::seconds kInterval{10};
  std::lock_guard lock(show_mutex);
  const auto steady = clock.steady_now();
  const bool changed = state_changed.exchange(false);
  const bool refused = refusals->take_changed();
  if (!changed && !refused && shown_at && steady - *shown_at < kInterval) return;
  shown_at = steady;
  const auto now = clock.system_now();
  const auto whole = live_bundles();
  auto reports = reports_in_use();
  for (auto& report : reports) {
    add_bundle_facts(report, whole);
    add_refusal(report);
    add_fault(report);
  }
  gauges.show(reports, now);
  lasting.show(reports);
  for (const auto& report : reports) {
    if (report.fault != core::Fault::kSecretExpires && report.fault != core::Fault::kSecretExpired) continue;
    if (!report.not_after) continue;
    if (const auto mark = expiries.passed(report.name, *report.not_after, now)) log_expiry(report, *mark);
  }
}

std::shared_ptr<TrackedBundle> SecretCache::Impl::make_bundle(std::vector<BundleMember> members) {
  std::vector<std::shared_ptr<TrackedFile>> files;
  files.reserve(members.size());
  for (const auto& member : members) files.push_back(member.name ? track(*member.name, member.kind) : nullptr);
  TrackedBundle::Host host{
      [this](const BundleMember& member, const Requester& requester) { return granted(*member.name, requester); },
      [this](const TrackedBundle& bundle, const BundleReport& report) { on_bundle(bundle, report); }};
  return std::make_shared<TrackedBundle>(
      std::move(members), std::move(files),
      TrackedBundle::Rules{options.grace.value_or(options.ttl), options.pair_mismatch, options.forced_refresh},
      std::move(host), clock, notices);
}

std::shared_ptr<Bundle> SecretCache::bundle(std::vector<BundleMember> members) {
  const auto key = key_of(members);
  {
    std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->bundles, [](const auto& one) { return one.second.expired(); });
    const auto found = impl_->bundles.find(key);
    if (found != impl_->bundles.end()) {
      if (auto alive = found->second.lock()) return alive;
    }
  }
  auto made = impl_->make_bundle(std::move(members));
  std::lock_guard lock(impl_->mutex);
  auto& slot = impl_->bundles[key];
  if (auto alive = slot.lock()) return alive;
  slot = made;
  return made;
}

Report SecretCache::Impl::report_of_files(const SecretName& name) const {
  Report unused;
  unused.name = name;
  unused.state = State::kUnused;
  if (config.load()->find(name) == nullptr) {
    unused.state = State::kMissing;
    unused.reason = reason::kUnknownName;
    return unused;
  }
  // One name may be in use as several kinds: what is not well comes first.
  std::optional<Report> worst;
  for (const auto& file : tracked_as(name)) {
    auto report = report_of(*file);
    if (!worst || worst->state == State::kOk) worst = std::move(report);
  }
  if (worst) {
    add_bundle_facts(*worst, live_bundles());
    return *worst;
  }
  return unused;
}

Report SecretCache::report(const SecretName& name) const {
  auto report = impl_->report_of_files(name);
  impl_->add_refusal(report);
  impl_->add_fault(report);
  return report;
}

Report SecretCache::report(const SecretName& name, const Requester& requester) const {
  auto report = impl_->report_of_files(name);
  if (impl_->config.load()->check(name, requester) == ScopeVerdict::kOutOfScope) {
    report.state = State::kScopeDenied;
    report.reason.clear();
    report.detail.clear();
  }
  impl_->add_fault(report);
  return report;
}

std::unique_ptr<RefusalNote> SecretCache::note_refusal(const std::vector<SecretName>& names, Refusal refusal) {
  return impl_->refusals->note(names, std::move(refusal));
}

Report SecretCache::probe(const SecretName& name, std::optional<ContentKind> kind) {
  if (impl_->config.load()->find(name) == nullptr) return report(name);
  const auto look = [&](ContentKind as) {
    const auto file = impl_->track(name, as);
    file->look();
    file->settle();
    auto found = impl_->report_of(*file);
    impl_->add_fault(found);
    return found;
  };
  if (kind) return look(*kind);
  // Nothing says what it is for: text, or a key store.
  auto found = look(ContentKind::kText);
  if (found.reason != reason::kNulByte && found.reason != reason::kBadEncoding) return found;
  auto store = look(ContentKind::kPkcs12);
  return store.state == State::kOk ? store : found;
}

std::vector<Report> SecretCache::reports_in_use() const {
  auto reports = impl_->reports_in_use();
  const auto whole = impl_->live_bundles();
  for (auto& report : reports) {
    impl_->add_bundle_facts(report, whole);
    impl_->add_refusal(report);
    impl_->add_fault(report);
  }
  return reports;
}

std::vector<Report> SecretCache::report_all() const {
  std::vector<Report> reports;
  const auto now = impl_->config.load();
  for (const auto& [name, entry] : now->entries()) reports.push_back(report(name));
  return reports;
}

}  // namespace embergate::vault
