// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/health.hpp"

#include <utility>

namespace embergate::observability {

void HealthRegistry::add(std::string name, Check check) {
  const std::lock_guard lock(mutex_);
  checks_.insert_or_assign(std::move(name), std::move(check));
}

void HealthRegistry::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  checks_.erase(name);
}

std::vector<std::pair<std::string, HealthResult>> HealthRegistry::run() const {
  std::map<std::string, Check> checks;
  {
    const std::lock_guard lock(mutex_);
    checks = checks_;
  }
  std::vector<std::pair<std::string, HealthResult>> results;
  results.reserve(checks.size());
  for (const auto& [name, check] : checks) results.emplace_back(name, check());
  return results;
}

HealthMonitor::HealthMonitor(const HealthRegistry& registry, const core::Clock& clock, const Options& options)
    : registry_(registry), clock_(clock), options_(options) {}

HealthMonitor::~HealthMonitor() { stop(); }

void HealthMonitor::start() {
  take();
  thread_ = std::thread([this] { run(); });
}

void HealthMonitor::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

core::Milliseconds HealthMonitor::age_of(const HealthSnapshot& snapshot) const {
  return std::chrono::duration_cast<core::Milliseconds>(clock_.steady_now() - snapshot.taken);
}

// The age counts from before the checks ran: what they read may be that old.
void HealthMonitor::take() {
  auto snapshot = std::make_shared<HealthSnapshot>();
  snapshot->taken = clock_.steady_now();
  snapshot->time = clock_.system_now();
  snapshot->results = registry_.run();
  latest_.store(std::move(snapshot));
}

void HealthMonitor::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.interval, [this] { return stopping_; })) {
    lock.unlock();
    take();
    lock.lock();
  }
}

}  // namespace embergate::observability
