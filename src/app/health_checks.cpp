// SPDX-License-Identifier: Apache-2.0
#include "app/health_checks.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

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

constexpr std::size_t kMaxNamed = 5;

// The first few by name, the others as a number.
class Names {
 public:
  void add(const std::string& text) {
    if (++count_ <= kMaxNamed) text_ += (text_.empty() ? "" : ", ") + text;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::string text() const {
    return count_ > kMaxNamed ? fmt::format("{} and {} more", text_, count_ - kMaxNamed) : text_;
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

// What is out of use, then what works with an older value, then what will run out.
int gravity_of(const vault::Report& report) {
  switch (report.state) {
    case vault::State::kOk:
      return 2;
    case vault::State::kStale:
      return 1;
    default:
      return 0;
  }
}

std::string trouble_of(const vault::Report& report) {
  const std::string_view code = core::code_of(report.fault);
  const std::string_view state = vault::to_string(report.state);
  const bool says_more = !report.reason.empty() && report.reason != state;
  return fmt::format("{} {}{}{}{}", report.name.value(), state, says_more ? fmt::format(" ({})", report.reason) : "",
                     code.empty() ? "" : " ", code);
}

// Names, reasons and codes only; a gateway goes on with what it has, so this is never `fail`.
HealthResult secrets_health(const vault::SecretCache& secrets) {
  HealthResult result{HealthStatus::kPass, "system", 0, "", "", "vault:secrets"};
  std::vector<vault::Report> troubled = secrets.reports_in_use();
  std::erase_if(troubled, [](const vault::Report& report) {
    return report.state == vault::State::kOk && report.fault == core::Fault::kNone;
  });
  std::multimap<int, const vault::Report*> by_gravity;
  for (const vault::Report& report : troubled) by_gravity.emplace(gravity_of(report), &report);
  Names names;
  for (const auto& [gravity, report] : by_gravity) {
    names.add(trouble_of(*report));
    if (report->fault != core::Fault::kNone) result.faults.push_back(report->fault);
  }
  if (!troubled.empty()) result.status = HealthStatus::kWarn;
  result.observed_value = static_cast<double>(names.count());
  result.output = names.text();
  return result;
}

HealthResult config_health(const vault::SecretCache& secrets) {
  HealthResult result{HealthStatus::kPass, "system", 0, "", "", "vault:config"};
  const vault::ConfigReport report = secrets.config_report();
  if (report.fault.empty()) return result;
  result.status = HealthStatus::kWarn;
  result.faults.push_back(core::Fault::kVaultConfig);
  result.output = fmt::format("the config before is in force since {}: {}", core::format_instant_seconds(report.since),
                              report.fault);
  return result;
}

struct Trouble {
  core::Fault fault = core::Fault::kNone;
  std::string text;
};

Trouble trouble_of(store::Store& store) {
  const store::WritingState writing = store.writing();
  if (!writing.holds) {
    store.probe_writing();
    return {writing.fault, "writes fail: " + writing.reason};
  }
  if (writing.under_way > kLongestWrite) {
    return {core::Fault::kStoreSlow,
            fmt::format("a write has not become durable for {} s", writing.under_way.count() / 1000)};
  }
  const auto alive = store.ping();
  if (alive) return {};
  return {core::Fault::kStoreFailed, "the database does not answer: " + alive.error().diagnostics};
}

HealthResult database_health(store::Store& store, observability::Faults& faults) {
  const Trouble trouble = trouble_of(store);
  HealthResult result{HealthStatus::kPass, "database", 0, "ms", trouble.text, ""};
  if (trouble.fault != core::Fault::kNone) {
    result.status = HealthStatus::kFail;
    result.faults.push_back(trouble.fault);
  }
  // How long it has been is another number each second, and no other fault.
  const bool is_slow = trouble.fault == core::Fault::kStoreSlow;
  faults.becomes({.fault = trouble.fault,
                  .key = "database",
                  .concerns = "BOX_DB_PATH",
                  .detail = is_slow ? std::string() : trouble.text,
                  .event = is_slow ? "store/slow" : "store/failed",
                  .level = observability::log::Level::kError});
  result.observed_value = static_cast<double>(store.last_commit_time().count());
  return result;
}

// What lasts of these faults, wherever it was found.
HealthResult faults_health(const observability::Faults& faults, std::string summary,
                           std::initializer_list<core::Fault> looked_for) {
  HealthResult result{HealthStatus::kPass, "system", 0, "", "", std::move(summary)};
  Names names;
  for (const observability::Faults::Active& active : faults.active()) {
    if (std::find(looked_for.begin(), looked_for.end(), active.fault) == looked_for.end()) continue;
    names.add(fmt::format("{} {} ({})", active.concerns, core::code_of(active.fault), active.detail));
    if (std::find(result.faults.begin(), result.faults.end(), active.fault) == result.faults.end())
      result.faults.push_back(active.fault);
  }
  if (names.count() > 0) result.status = HealthStatus::kWarn;
  result.observed_value = static_cast<double>(names.count());
  result.output = names.text();
  return result;
}

}  // namespace

void add_health_checks(observability::HealthRegistry& health, store::Store& store, const vault::SecretCache& secrets,
                       observability::Faults& faults, const core::Clock& clock) {
  health.add("uptime", [&clock, started = clock.steady_now()] {
    const std::chrono::duration<double> up = clock.steady_now() - started;
    return HealthResult{HealthStatus::kPass, "system", up.count(), "s", "", ""};
  });
  health.add("memory:utilization",
             [] { return HealthResult{HealthStatus::kPass, "system", resident_megabytes(), "Mb", "", ""}; });
  health.add("vault:secrets", [&secrets] { return secrets_health(secrets); });
  if (secrets.config()->enabled()) health.add("vault:config", [&secrets] { return config_health(secrets); });
  health.add("db:responseTime", [&store, &faults] { return database_health(store, faults); });
  health.add("topics:criteria", [&faults] {
    return faults_health(faults, "topics:criteria",
                         {core::Fault::kTopicSwitchedOff, core::Fault::kTopicCriterionError});
  });
  health.add("web:certificate",
             [&faults] { return faults_health(faults, "web:certificate", {core::Fault::kWebCertificate}); });
}

}  // namespace embergate::app
