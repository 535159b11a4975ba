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

}  // namespace embergate::observability
