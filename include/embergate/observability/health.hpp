// SPDX-License-Identifier: Apache-2.0
// Named health checks, and the snapshot of their results that GET /health shows (contract 5.6). Checks run on the
// monitor's thread alone, however often someone asks. Thread: any; add and remove take a mutex, checks run under none
// of ours. Ownership: a check is removed by its owner before what it reads dies. Failure: a check that hangs leaves the
// snapshot as it is, and its age shows.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"
#include "embergate/core/snapshot.hpp"

namespace embergate::observability {

enum class HealthStatus { kPass, kWarn, kFail };

struct HealthResult {
  HealthStatus status = HealthStatus::kPass;
  std::string component_type;  // "system", "database", "kafka"
  double observed_value = 0;
  std::string observed_unit;  // "s", "Mb", "ms" or empty
  std::string output;         // for people, when not pass
  // What everybody may see of it: the status alone, under this name, the worst of all checks that share it. Empty: all.
  std::string summary = {};
  std::vector<core::Fault> faults = {};  // for administrators; the worst first
};

class HealthRegistry {
 public:
  using Check = std::function<HealthResult()>;
  void add(std::string name, Check check);  // name as it stands under "checks": "db:responseTime"
  void remove(const std::string& name);
  [[nodiscard]] std::vector<std::pair<std::string, HealthResult>> run() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Check> checks_;
};

struct HealthSnapshot {
  core::SteadyTime taken{};
  core::SystemTime time{};
  std::vector<std::pair<std::string, HealthResult>> results;
};

class HealthMonitor {
 public:
  struct Options {
    core::Milliseconds interval{1'000};
    core::Milliseconds stale_after{15'000};  // checks that take longer hang
  };
  HealthMonitor(const HealthRegistry& registry, const core::Clock& clock, const Options& options);
  ~HealthMonitor();
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;

  void start();  // takes the first snapshot on the caller's thread
  void stop();   // waits for the checks that run
  // Never waits and runs nothing; null before start().
  [[nodiscard]] std::shared_ptr<const HealthSnapshot> latest() const { return latest_.load(); }
  [[nodiscard]] core::Milliseconds age_of(const HealthSnapshot& snapshot) const;
  [[nodiscard]] bool is_stale(const HealthSnapshot& snapshot) const { return age_of(snapshot) > options_.stale_after; }

 private:
  void take();
  void run();

  const HealthRegistry& registry_;
  const core::Clock& clock_;
  const Options options_;
  core::Snapshot<HealthSnapshot> latest_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace embergate::observability
