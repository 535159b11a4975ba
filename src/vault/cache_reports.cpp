// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "embergate/observability/log.hpp"
#include "vault/cache_impl.hpp"
#include "vault/explanations.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;

void log_bundle(const TrackedBundle& bundle, const BundleReport& report) {
  const auto names = bundle.names();
  const auto generation = static_cast<std::int64_t>(report.generation);
  if (report.state == State::kOk) {
    log::event(log::Level::kInfo, "secret/bundle-resolved", "the secrets belong together and can be used",
               {{"secrets", std::string_view(names)}, {"generation", generation}});
    return;
  }
  log::event(report.state == State::kStale ? log::Level::kWarn : log::Level::kError, "secret/bundle-failed",
             explanation_of(report.reason),
             {{"secrets", std::string_view(names)},
              {"state", to_string(report.state)},
              {"reason", std::string_view(report.reason)},
              {"generation", generation}});
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
                  std::nullopt};
    if (const auto current = state.current()) report.not_after = current->validity.not_after;
    return report;
  });
}

std::vector<std::shared_ptr<TrackedBundle>> SecretCache::Impl::bundles_with(const SecretName& name) const {
  std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<TrackedBundle>> found;
  for (const auto& [key, weak] : bundles) {
    auto bundle = weak.lock();
    if (bundle && bundle->has(name)) found.push_back(std::move(bundle));
  }
  return found;
}

// What only the members together can show: that they do not fit, and the times inside a key store.
void SecretCache::Impl::add_bundle_facts(Report& report) const {
  for (const auto& bundle : bundles_with(report.name)) {
    const auto whole = bundle->report();
    if (!report.not_after) report.not_after = whole.not_after;
    if (whole.culprit || whole.reason.empty() || report.state != State::kOk) continue;
    report.state = whole.state;
    report.reason = whole.reason;
    report.since = whole.since;
  }
}

void SecretCache::Impl::on_bundle(const TrackedBundle& bundle, const BundleReport& report) {
  // A member's own trouble is told where the member is looked at.
  if (!report.culprit) log_bundle(bundle, report);
  if (notices->note(bundle)) kick();
}

std::shared_ptr<TrackedBundle> SecretCache::Impl::make_bundle(std::vector<BundleMember> members) {
  std::vector<std::shared_ptr<TrackedFile>> files;
  for (const auto& member : members) {
    const Entry* entry = member.name ? config.find(*member.name) : nullptr;
    files.push_back(entry != nullptr ? track(*entry, member.kind) : nullptr);
  }
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

Report SecretCache::report(const SecretName& name) const {
  // One name may be in use as several kinds: what is not well is told first.
  std::optional<Report> worst;
  for (const auto& file : impl_->tracked_as(name)) {
    auto report = impl_->report_of(*file);
    if (!worst || worst->state == State::kOk) worst = std::move(report);
  }
  if (worst) {
    impl_->add_bundle_facts(*worst);
    return *worst;
  }
  Report unused;
  unused.name = name;
  return unused;
}

Report SecretCache::probe(const SecretName& name) {
  const Entry* entry = impl_->config.find(name);
  if (entry != nullptr && impl_->tracked_as(name).empty()) {
    // The kind with the fewest demands: what the value is for is not known here.
    const auto file = impl_->track(*entry, ContentKind::kJaas);
    file->look();
    file->settle();
  }
  return report(name);
}

std::vector<Report> SecretCache::report_all() const {
  std::vector<Report> reports;
  for (const auto& [name, entry] : impl_->config.entries()) reports.push_back(report(name));
  return reports;
}

}  // namespace embergate::vault
