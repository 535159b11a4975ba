// SPDX-License-Identifier: Apache-2.0
// The config in force, and how another one takes its place: all on the poll thread.
#include <fmt/format.h>

#include <algorithm>

#include "embergate/observability/log.hpp"
#include "vault/cache_impl.hpp"

namespace embergate::vault {
namespace {

namespace log = observability::log;

std::string listed(const std::vector<SecretName>& names) {
  std::string list;
  for (const SecretName& name : names) list += (list.empty() ? "" : " ") + name.value();
  return list;
}

}  // namespace

// The roots are for secrets; the operator chooses where the config is.
void SecretCache::Impl::watch_config_file(std::shared_ptr<FileSystem> file_system) {
  const auto name = make_secret_name("vault-config");  // shown nowhere
  if (options.config_path.empty() || !options.config_reader || !name) return;
  LookContext look{context.clock,
                   file_system ? std::move(file_system) : machine_file_system(),
                   pool,
                   context.pause,
                   context.read_timeout,
                   context.allow_world_writable};
  const Timing timing{options.ttl, options.quiet, options.ttl, core::Milliseconds(0), options.racy_age};
  auto file = std::make_shared<TrackedFile>(Entry{.name = *name, .path = options.config_path, .scopes = {}},
                                            ContentKind::kConfig, timing, std::move(look),
                                            [this](const TrackedFile&, const FileState&, const Effect& effect) {
                                              if (effect.generation || effect.state) kick(false);
                                            });
  config_watch = std::make_unique<ConfigWatch>(std::move(file), options.config_path, options.config_reader,
                                               options.quiet, clock, metrics);
}

// What fails for lack of memory is done again in the next round, all of it.
void SecretCache::Impl::reload_config() {
  if (!config_watch) return;
  auto news = config_watch->take();
  if (!news) return;
  const auto before = config.load();
  const auto change = difference(*before, news->config);
  const auto next = std::make_shared<const VaultConfig>(std::move(news->config));
  follow_config(next, change);
  config_watch->done();
  for (const std::string& warning : next->warnings()) {
    const auto& known = before->warnings();
    if (std::find(known.begin(), known.end(), warning) == known.end())
      log::event(log::Level::kWarn, "vault/warning", warning);
  }
  if (!change.empty() || news->mended) log_config(*next, change);
}

void SecretCache::Impl::follow_config(const std::shared_ptr<const VaultConfig>& next, const ConfigChange& change) {
  std::vector<std::shared_ptr<TrackedFile>> moved;
  {
    std::lock_guard lock(mutex);
    moved.reserve(tracked.size());
    for (const auto& [key, file] : tracked) {
      const Entry* entry = next->find(key.first);
      if (!file->follow(entry)) continue;
      if (entry == nullptr) {
        std::erase(used, file);
        file->forget_use();
      }
      moved.push_back(file);
    }
    // Last, and before track() finds a file: what the new config grants comes from files that follow it.
    config.store(next);
    if (!change.empty()) denials.clear();
  }
  for (const auto& file : moved) notices->note(*file);
  moved.clear();
  if (!change.empty()) {
    config_version->advance();
    notices->note(*config_version);
    kick(true);
  }
  state_changed = true;
  {
    std::lock_guard lock(first_mutex);
    for (const auto* names : {&change.changed, &change.removed}) {
      for (const SecretName& name : *names)
        std::erase_if(first_by_inode, [&](const auto& one) { return one.second == name; });
    }
  }
  {
    std::lock_guard lock(show_mutex);
    for (const SecretName& name : change.removed) {
      gauges.forget(name);
      expiries.forget(name);
    }
  }
  std::lock_guard lock(mutex);
  forget_unused_locked();
}

// Those that bundles and watches hold may come back to life.
void SecretCache::Impl::forget_unused_locked() {
  const auto now = config.load();
  std::erase_if(tracked,
                [&](const auto& one) { return now->find(one.first.first) == nullptr && one.second.use_count() == 1; });
}

void SecretCache::Impl::log_config(const VaultConfig& now, const ConfigChange& change) const {
  if (!now.enabled()) return;
  std::vector<SecretName> all;
  for (const auto& [name, entry] : now.entries()) all.push_back(name);
  const std::string names = listed(all);
  if (change.empty()) {
    log::event(log::Level::kInfo, "vault/loaded", "the vault config is in use",
               {{"count", static_cast<std::int64_t>(all.size())}, {"names", std::string_view(names)}});
    return;
  }
  const std::string added = listed(change.added);
  const std::string changed = listed(change.changed);
  const std::string removed = listed(change.removed);
  log::event(log::Level::kInfo, "vault/loaded", "the vault config is in use",
             {{"count", static_cast<std::int64_t>(all.size())},
              {"names", std::string_view(names)},
              {"added", std::string_view(added)},
              {"changed", std::string_view(changed)},
              {"removed", std::string_view(removed)}});
}

std::shared_ptr<const VaultConfig> SecretCache::config() const { return impl_->config.load(); }

const ConfigInForce& SecretCache::config_in_force() const { return impl_->config; }

ConfigReport SecretCache::config_report() const {
  return impl_->config_watch ? impl_->config_watch->report() : ConfigReport{};
}

std::unique_ptr<Watch> SecretCache::watch_config(std::function<void()> changed) {
  return impl_->notices->add(impl_->config_version, [told = std::move(changed)](std::uint64_t) { told(); });
}

}  // namespace embergate::vault
