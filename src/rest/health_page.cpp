// SPDX-License-Identifier: Apache-2.0
#include "rest/health_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "embergate/core/time_format.hpp"
#include "rest/render.hpp"

namespace embergate::rest {
namespace {

using observability::HealthResult;
using observability::HealthSnapshot;
using observability::HealthStatus;
using Results = std::map<std::string, HealthResult>;

constexpr std::string_view kMediaType = "application/health+json; charset=utf-8";

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

// The checks as everybody may see them.
Results summarized(const HealthSnapshot& snapshot) {
  Results results;
  for (const auto& [name, result] : snapshot.results) {
    if (result.summary.empty()) {
      results.emplace(name, result).first->second.faults.clear();
      continue;
    }
    const HealthResult coarse{HealthStatus::kPass, result.component_type, 0, "", "", ""};
    HealthResult& shown = results.emplace(result.summary, coarse).first->second;
    shown.status = std::max(shown.status, result.status);
  }
  return results;
}

nlohmann::json check_json(const HealthResult& result, core::SystemTime time) {
  nlohmann::json check{{"componentType", result.component_type},
                       {"status", status_text(result.status)},
                       {"time", core::format_instant_millis(time)}};
  if (!result.observed_unit.empty()) {
    check["observedValue"] = result.observed_value;
    check["observedUnit"] = result.observed_unit;
  }
  if (!result.output.empty()) check["output"] = result.output;
  if (!result.faults.empty()) check["code"] = core::code_of(result.faults.front());
  for (const core::Fault fault : result.faults) {
    auto& codes = check["codes"];
    const nlohmann::json code(core::code_of(fault));
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
  }
  return check;
}

std::string render(HealthStatus status, const Results& results, core::SystemTime time, const ApiOptions& options) {
  nlohmann::json checks = nlohmann::json::object();
  for (const auto& [name, result] : results) checks[name].push_back(check_json(result, time));
  const nlohmann::json body{{"status", status_text(status)},
                            {"description", "Embergate messaging gateway"},
                            {"about",
                             {{"version", options.version},
                              {"channel", "stable"},
                              {"commit", options.commit},
                              {"timestamp", options.build_time}}},
                            {"checks", checks}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HealthStatus worst_of(const HealthSnapshot& snapshot) {
  HealthStatus worst = HealthStatus::kPass;
  for (const auto& [name, result] : snapshot.results) worst = std::max(worst, result.status);
  return worst;
}

}  // namespace

http::Response HealthPage::answer(Reader reader) {
  const auto snapshot = monitor_.latest();
  if (!snapshot) return render_json(503, R"({"status":"fail","output":"starting"})", kMediaType);
  const core::Milliseconds age = monitor_.age_of(*snapshot);
  http::Response response;
  if (monitor_.is_stale(*snapshot)) {
    const HealthResult stuck{HealthStatus::kFail,
                             "system",
                             static_cast<double>(age.count()) / 1000.0,
                             "s",
                             "the checks do not come to an end: what they look at hangs",
                             ""};
    response =
        render_json(503, render(HealthStatus::kFail, {{"health:age", stuck}}, snapshot->time, options_), kMediaType);
  } else {
    const auto page = page_of(snapshot, reader);
    response = render_json(page->status, page->text, kMediaType);
  }
  response.headers.push_back({"Age", std::to_string(std::max<std::int64_t>(age.count(), 0) / 1000)});
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

std::shared_ptr<const HealthPage::Page> HealthPage::page_of(const std::shared_ptr<const HealthSnapshot>& snapshot,
                                                            Reader reader) {
  core::Snapshot<Page>& kept = pages_[static_cast<std::size_t>(reader)];
  if (auto page = kept.load(); page && page->of == snapshot) return page;
  const HealthStatus worst = worst_of(*snapshot);
  auto page = std::make_shared<Page>();
  page->of = snapshot;
  page->status = worst == HealthStatus::kFail ? 503 : 200;
  const Results results = reader == Reader::kAdministrator ? Results(snapshot->results.begin(), snapshot->results.end())
                                                           : summarized(*snapshot);
  page->text = render(worst, results, snapshot->time, options_);
  kept.store(page);
  return page;
}

}  // namespace embergate::rest
