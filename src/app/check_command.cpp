// SPDX-License-Identifier: Apache-2.0
#include "app/check_command.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "app/start_check.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::app {

int check_command(bool as_json, char** environment, std::ostream& out, std::ostream& error) {
  // Standard output is for the answer.
  observability::log::capture([](std::string_view) {});
  const StartCheck found = check_start(read_all_settings(environment));
  if (as_json) {
    out << nlohmann::json{{"faults", found.faults}, {"warnings", found.warnings}}.dump(
               2, ' ', false, nlohmann::json::error_handler_t::replace)
        << '\n';
    return found.faults.empty() ? 0 : 1;
  }
  for (const std::string& warning : found.warnings) error << fmt::format("warning: {}\n", warning);
  for (const std::string& fault : found.faults) out << fault << '\n';
  if (!found.faults.empty()) return 1;
  out << "settings, vault config and init bundle can be used\n";
  return 0;
}

}  // namespace embergate::app
