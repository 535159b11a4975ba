// SPDX-License-Identifier: Apache-2.0
// The inside of SecretCache: files and bundles in use, the poll thread, what is logged and counted.
// Thread: as SecretCache. Ownership: owned by SecretCache. Failure: as SecretCache.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "embergate/vault/bundle.hpp"
#include "embergate/vault/cache.hpp"
#include "vault/config_watch.hpp"
#include "vault/expiry_watch.hpp"
#include "vault/notices.hpp"
#include "vault/redactor.hpp"
#include "vault/refusals.hpp"
#include "vault/secret_faults.hpp"
#include "vault/secret_gauges.hpp"
#include "vault/tracked_bundle.hpp"
#include "vault/tracked_file.hpp"

namespace embergate::vault {

struct ResolutionCounters {
  explicit ResolutionCounters(observability::Metrics& metrics)
      : hit(of(metrics, "hit")),
        reload(of(metrics, "reload")),
        error(of(metrics, "error")),
        denied(of(metrics, "denied")) {}

  std::shared_ptr<observability::Counter> hit;
  std::shared_ptr<observability::Counter> reload;
  std::shared_ptr<observability::Counter> error;
  std::shared_ptr<observability::Counter> denied;

 private:
  static std::shared_ptr<observability::Counter> of(observability::Metrics& metrics, const char* outcome) {
    return metrics.counter("secret_resolutions_total", "Requests for a secret, by outcome", {{"outcome", outcome}});
  }
};

// What watchers of the config watch; there is nothing to look at.
class ConfigVersion final : public Subject {
 public:
  void advance() { ++generation_; }
  void check() override {}
  bool check_at_once() override { return true; }
  std::string lane() override { return {}; }
  std::uint64_t generation() override { return generation_; }
  std::optional<core::SteadyTime> due() override { return std::nullopt; }

 private:
  std::atomic<std::uint64_t> generation_{1};
};

struct SecretCache::Impl {
  Impl(VaultConfig vault_config, Options chosen, const core::Clock& the_clock, observability::Metrics& the_metrics,
       std::shared_ptr<FileSystem> file_system)
      : config(std::make_shared<const VaultConfig>(std::move(vault_config))),
        options(std::move(chosen)),
        clock(the_clock),
        metrics(the_metrics),
        counters(the_metrics),
        pool(reader_limits(options)),
        checkers(checker_limits(options)),
        context{clock,
                file_system ? file_system : machine_file_system(config.load()->allowed_roots()),
                pool,
                &clock == &core::system_clock() ? pool.pause() : Pause([](core::Milliseconds) {}),
                options.read_timeout,
                options.allow_world_writable},
        notices(std::make_shared<Notices>()),
        gauges(the_metrics, options.names_in_metrics),
        lasting(options.faults) {
    watch_config_file(std::move(file_system));
  }

  core::Result<void> granted(const SecretName& name, const Requester& requester);
  std::shared_ptr<TrackedFile> track(const SecretName& name, ContentKind kind);
  void forget_unused_locked();
  void watch_config_file(std::shared_ptr<FileSystem> file_system);
  void reload_config();
  void follow_config(const std::shared_ptr<const VaultConfig>& next, const ConfigChange& change);
  void log_config(const VaultConfig& now, const ConfigChange& change) const;
  void tell();
  std::vector<std::shared_ptr<TrackedFile>> tracked_as(const SecretName& name) const;
  core::Result<SecretValue> answer(TrackedFile& file, Use use, bool settles, std::uint64_t reads_before);
  core::Result<SecretValue> granted_answer(TrackedFile& file, const Requester& requester, Use use, bool settles,
                                           std::uint64_t reads_before);
  void on_effect(const TrackedFile& file, const FileState& state, const Effect& effect);
  Report report_of(TrackedFile& file) const;
  Report report_of_files(const SecretName& name) const;
  std::vector<std::shared_ptr<TrackedBundle>> live_bundles() const;
  void add_bundle_facts(Report& report, const std::vector<std::shared_ptr<TrackedBundle>>& whole) const;
  void add_refusal(Report& report) const;
  void add_fault(Report& report) const;  // once all else is known
  void on_bundle(const TrackedBundle& bundle, const BundleReport& report);
  std::shared_ptr<TrackedBundle> make_bundle(std::vector<BundleMember> members);
  core::Milliseconds until_next_round(core::SteadyTime last_round) const;
  std::vector<Report> reports_in_use() const;
  void show_states();
  void note_use(const std::shared_ptr<TrackedFile>& file);
  static ReadPool::Limits reader_limits(const Options& options);
  static ReadPool::Limits checker_limits(const Options& options);
  std::vector<std::shared_ptr<Subject>> polled() const;
  void begin_check(const std::shared_ptr<Subject>& subject);
  void end_check(Subject& subject);
  void poll_round();
  void poll_once();
  void poll_loop();
  void wait_for_checks(core::Milliseconds limit);
  void kick(bool to_look);
  void warn_about_shared_file(const SecretName& name, const Identity& identity);
  void log_denial(const SecretName& name, const Requester& requester);

  ConfigInForce config;
  const Options options;
  const core::Clock& clock;
  observability::Metrics& metrics;
  const ResolutionCounters counters;
  ReadPool pool;      // of the threads that may hang
  ReadPool checkers;  // of those that wait for them in the poll thread's stead
  const LookContext context;
  const std::shared_ptr<Notices> notices;
  const std::shared_ptr<ConfigVersion> config_version = std::make_shared<ConfigVersion>();
  std::unique_ptr<ConfigWatch> config_watch;  // null: the config does not change
  const std::shared_ptr<Refusals> refusals = std::make_shared<Refusals>();
  Redactor redactor;

  mutable std::mutex mutex;  // guards what follows; never held while a file is looked at
  // Bounded: a name that the config has not stays only while someone holds its file.
  std::map<std::pair<SecretName, ContentKind>, std::shared_ptr<TrackedFile>> tracked;
  std::map<std::string, std::weak_ptr<TrackedBundle>> bundles;
  std::set<std::string> denials;
  std::vector<std::shared_ptr<TrackedFile>> used;  // polled though no one watches them

  std::mutex first_mutex;  // guards the next; taken under a file's lock
  std::map<std::pair<std::uint64_t, std::uint64_t>, SecretName> first_by_inode;

  std::mutex show_mutex;  // guards the next four
  SecretGauges gauges;
  SecretFaults lasting;
  ExpiryWatch expiries;
  std::optional<core::SteadyTime> shown_at;
  std::atomic<bool> state_changed{false};

  std::mutex poll_mutex;
  std::condition_variable poll_wake;
  bool poll_kicked = false;      // there is something to tell
  bool look_kicked = false;      // there is something to look at
  std::size_t checks_begun = 0;  // and not ended
  std::condition_variable checks_ended;
  bool stopping = false;
  std::thread poll_thread;
};

}  // namespace embergate::vault
