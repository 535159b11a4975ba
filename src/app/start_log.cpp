// SPDX-License-Identifier: Apache-2.0
#include "app/start_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "app/settings_table.hpp"

namespace embergate::app {
namespace {

namespace log = observability::log;

// A name in the working directory says little to who reads the log elsewhere.
std::string whole_path(const std::string& path) {
  std::error_code unknown;
  const auto whole = std::filesystem::absolute(path, unknown);
  return unknown ? path : whole.lexically_normal().string();
}

std::string listener_url(const Settings& settings) {
  const std::string& host = settings.web.host;
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  const std::string port = settings.web.port == 0 ? "(any free port)" : std::to_string(settings.web.port);
  return fmt::format("{}://{}{}{}:{}", settings.tls_certificate.empty() ? "http" : "https", bare_v6 ? "[" : "", host,
                     bare_v6 ? "]" : "", port);
}

}  // namespace

log::Options log_options(const Settings& settings, bool terminal) {
  const log::Format usual = terminal ? log::Format::kText : log::Format::kJson;
  return {settings.box_id, settings.log_level, settings.log_format.value_or(usual), terminal && settings.log_colour};
}

void log_starting(const SettingsReading& reading) {
  const std::string database = whole_path(reading.settings.database.path);
  const std::string url = listener_url(reading.settings);
  const std::string given = fmt::format("{}", fmt::join(reading.given, ", "));
  log::event(log::Level::kInfo, "process/starting",
             fmt::format("{} of {} settings come from the environment; embergate settings shows all",
                         reading.given.size(), settings_table().size()),
             {{"version", std::string_view(EMBERGATE_VERSION)},
              {"database", std::string_view(database)},
              {"url", std::string_view(url)},
              {"settings", std::string_view(given)}});
}

}  // namespace embergate::app
