// SPDX-License-Identifier: Apache-2.0
#include "app/health_checks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "embergate/core/time_format.hpp"

namespace embergate::app {
namespace {

using observability::HealthResult;
using observability::HealthStatus;

// A group of writes that takes longer is stuck on its volume.
constexpr core::Milliseconds kLongestWrite{5'000};

double resident_megabytes() {
  std::ifstream in("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  in >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

// Names and reasons only; a gateway goes on with what it has, so this is never `fail`.
HealthResult secrets_health(const vault::SecretCache& secrets) {
  constexpr std::size_t kMaxNamed = 5;
  HealthResult result{HealthStatus::kPass, "system", 0, "", "", "vault:secrets"};
  std::size_t troubled = 0;
  for (const vault::Report& report : secrets.reports_in_use()) {
    if (report.state == vault::State::kOk) continue;
    if (++troubled <= kMaxNamed) {
      const std::string_view state = vault::to_string(report.state);
      result.output += fmt::format("{}{} {}", result.output.empty() ? "" : ", ", report.name.value(), state);
      if (!report.reason.empty() && report.reason != state) result.output += fmt::format(" ({})", report.reason);
    }
  }
  if (troubled > kMaxNamed) result.output += fmt::format(" and {} more", troubled - kMaxNamed);
  if (troubled > 0) result.status = HealthStatus::kWarn;
  result.observed_value = static_cast<double>(troubled);
  return result;
}

HealthResult config_health(const vault::SecretCache& secrets) {
  HealthResult result{HealthStatus::kPass, "system", 0, "", "", "vault:config"};
  const vault::ConfigReport report = secrets.config_report();
  if (report.fault.empty()) return result;
  result.status = HealthStatus::kWarn;
  result.output = fmt::format("the config before is in force since {}: {}", core::format_instant_seconds(report.since),
                              report.fault);
  return result;
}

std::string trouble_of(store::Store& store) {
  const store::WritingState writing = store.writing();
  if (!writing.holds) {
    store.probe_writing();
    return "writes fail: " + writing.reason;
  }
  if (writing.under_way > kLongestWrite)
    return fmt::format("a write has not become durable for {} s", writing.under_way.count() / 1000);
  const auto alive = store.ping();
  return alive ? std::string() : "the database does not answer: " + alive.error().diagnostics;
}

HealthResult database_health(store::Store& store) {
  HealthResult result{HealthStatus::kPass, "database", 0, "ms", trouble_of(store), ""};
  if (!result.output.empty()) result.status = HealthStatus::kFail;
  result.observed_value = static_cast<double>(store.last_commit_time().count());
  return result;
}

}  // namespace

void add_health_checks(observability::HealthRegistry& health, store::Store& store, const vault::SecretCache& secrets,
                       const core::Clock& clock) {
  health.add("uptime", [&clock, started = clock.steady_now()] {
    const std::chrono::duration<double> up = clock.steady_now() - started;
    return HealthResult{HealthStatus::kPass, "system", up.count(), "s", "", ""};
  });
  health.add("memory:utilization",
             [] { return HealthResult{HealthStatus::kPass, "system", resident_megabytes(), "Mb", "", ""}; });
  health.add("vault:secrets", [&secrets] { return secrets_health(secrets); });
  if (secrets.config()->enabled()) health.add("vault:config", [&secrets] { return config_health(secrets); });
  health.add("db:responseTime", [&store] { return database_health(store); });
}

}  // namespace embergate::app
