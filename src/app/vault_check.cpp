// SPDX-License-Identifier: Apache-2.0
#include "app/vault_check.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "embergate/observability/log.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::app {
namespace {

struct Line {
  std::string name;
  std::string state;
  std::string reason;
};

std::vector<Line> check_all(vault::SecretCache& cache) {
  std::vector<Line> lines;
  for (const auto& [name, entry] : cache.config().entries()) {
    const vault::Report report = cache.probe(name);
    lines.push_back({name.value(), std::string(to_string(report.state)), report.reason});
  }
  return lines;
}

void print_json(const std::vector<Line>& lines) {
  nlohmann::json all = nlohmann::json::array();
  for (const Line& line : lines) all.push_back({{"name", line.name}, {"state", line.state}, {"reason", line.reason}});
  fmt::print("{}\n", nlohmann::json{{"secrets", all}}.dump(2));
}

void print_text(const std::vector<Line>& lines) {
  for (const Line& line : lines)
    fmt::print("{:<40} {}{}{}\n", line.name, line.state, line.reason.empty() ? "" : ": ", line.reason);
}

}  // namespace

int vault_check(const Settings& settings, bool as_json) {
  // Standard output is for the answer; what the vault would log is in it.
  observability::log::capture([](std::string_view) {});
  if (settings.vault_config.empty()) {
    fmt::print(stderr, "BOX_VAULT_CONFIG is not set: there is nothing to check\n");
    return 2;
  }
  auto config = vault::VaultConfig::load(settings.vault_config);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().diagnostics);
    return 2;
  }
  for (const std::string& warning : config->warnings()) fmt::print(stderr, "warning: {}\n", warning);
  observability::Metrics metrics;
  vault::SecretCache::Options options = settings.vault;
  options.start_poll_thread = false;
  vault::SecretCache cache(*std::move(config), options, core::system_clock(), metrics);
  const std::vector<Line> lines = check_all(cache);
  as_json ? print_json(lines) : print_text(lines);
  for (const Line& line : lines) {
    if (line.state != "ok") return 1;
  }
  return 0;
}

}  // namespace embergate::app
