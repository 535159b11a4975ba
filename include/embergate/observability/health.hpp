// SPDX-License-Identifier: Apache-2.0
// Named health checks that GET /health collects (contract 5.6). A check is a quick function that reads state; it never
// does I/O itself. Thread: any; add and remove take a mutex, checks run under none of ours. Ownership: a check is
// removed by its owner before what it reads dies.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace embergate::observability {

enum class HealthStatus { kPass, kWarn, kFail };

struct HealthResult {
  HealthStatus status = HealthStatus::kPass;
  std::string component_type;  // "system", "database", "kafka"
  double observed_value = 0;
  std::string observed_unit;  // "s", "Mb", "ms" or empty
  std::string output;         // for people, when not pass
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

}  // namespace embergate::observability
