// SPDX-License-Identifier: Apache-2.0
#include "rest/service.hpp"

#include <nlohmann/json.hpp>

#include "embergate/core/time_format.hpp"
#include "rest/render.hpp"

namespace embergate::rest {
namespace {

using observability::HealthResult;
using observability::HealthStatus;

std::string_view status_text(HealthStatus status) {
  switch (status) {
    case HealthStatus::kPass:
      return "pass";
    case HealthStatus::kWarn:
      return "warn";
    case HealthStatus::kFail:
      return "fail";
  }
  return "fail";
}

nlohmann::json check_json(const HealthResult& result, core::SystemTime now) {
  nlohmann::json check{{"componentType", result.component_type},
                       {"status", status_text(result.status)},
                       {"time", core::format_instant_millis(now)}};
  if (!result.observed_unit.empty()) {
    check["observedValue"] = result.observed_value;
    check["observedUnit"] = result.observed_unit;
  }
  if (!result.output.empty()) check["output"] = result.output;
  return check;
}

}  // namespace

http::Response render_health(const observability::HealthRegistry& health, const ApiOptions& options,
                             core::SystemTime now) {
  HealthStatus worst = HealthStatus::kPass;
  nlohmann::json checks = nlohmann::json::object();
  for (const auto& [name, result] : health.run()) {
    worst = std::max(worst, result.status);
    checks[name].push_back(check_json(result, now));
  }
  const nlohmann::json body{{"status", status_text(worst)},
                            {"description", "Embergate messaging gateway"},
                            {"about",
                             {{"version", options.version},
                              {"channel", "stable"},
                              {"commit", options.commit},
                              {"timestamp", options.build_time}}},
                            {"checks", checks}};
  return render_json(worst == HealthStatus::kFail ? 503 : 200, body.dump(), "application/health+json; charset=utf-8");
}

http::Response render_version(const ApiOptions& options) {
  const nlohmann::json body{
      {"version", options.version}, {"commit", options.commit}, {"timestamp", options.build_time}};
  return render_json(200, body.dump());
}

}  // namespace embergate::rest
