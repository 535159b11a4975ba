// SPDX-License-Identifier: Apache-2.0
// The program: the command that the command line asks for (decision 16). Exit codes: 0 done, 1 a check or the start
// failed, 2 wrong usage or config.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/backup_command.hpp"
#include "app/check_command.hpp"
#include "app/command_line.hpp"
#include "app/completion.hpp"
#include "app/fhirpath_command.hpp"
#include "app/health_command.hpp"
#include "app/manual.hpp"
#include "app/printable_stream.hpp"
#include "app/settings_command.hpp"
#include "app/start_check.hpp"
#include "app/start_log.hpp"
#include "app/status_command.hpp"
#include "app/vault_check.hpp"
#include "app/wiping_free.hpp"
#include "embergate/app/runtime.hpp"
#include "embergate/app/settings.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/vault/process_protection.hpp"

namespace {

using namespace embergate;
namespace log = observability::log;

// On a terminal each fault stands once, in words; elsewhere the log has it too, for those who collect only that.
int fail(const std::vector<std::string>& faults, std::ostream& error) {
  const bool read_by_people = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  for (const std::string& fault : faults) {
    if (!read_by_people) log::event(log::Level::kError, "process/start-failed", fault);
    error << fmt::format("embergate: {}\n", fault);
  }
  return 1;
}

// The reader of the log may end, and files may reach a limit of their size: the call that fails says so. By default the
// signals of both end the process.
void outlive_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

int serve(app::SettingsReading reading, const std::vector<std::string>& protection_warnings, std::ostream& error) {
  outlive_failed_writes();
  app::Settings& settings = reading.settings;
  log::configure(app::log_options(settings, ::isatty(STDOUT_FILENO) == 1));
  if (const app::StartCheck check = app::check_start(reading); !check.faults.empty()) return fail(check.faults, error);
  app::log_starting(reading);
  for (const std::string& warning : protection_warnings) log::event(log::Level::kWarn, "process/warning", warning);
  auto runtime = app::Runtime::start(std::move(settings));
  if (!runtime) return fail({runtime.error().diagnostics}, error);
  (*runtime)->run_until_signal();
  return 0;
}

std::string version_line() { return fmt::format("embergate {} ({})", EMBERGATE_VERSION, EMBERGATE_COMMIT); }

int version(bool as_json, std::ostream& out) {
  if (as_json) {
    out << nlohmann::json{{"version", EMBERGATE_VERSION},
                          {"commit", EMBERGATE_COMMIT},
                          {"timestamp", EMBERGATE_BUILD_TIME}}
               .dump()
        << '\n';
  } else {
    out << version_line() << '\n';
  }
  return 0;
}

int run_gateway_command(const app::CommandLine& line, const std::vector<std::string>& protection_warnings,
                        std::ostream& out, std::ostream& error) {
  app::SettingsReading reading = app::read_all_settings(environ);
  app::set_wiping_of_freed_memory(reading.settings.wipe_freed_memory);
  if (!line.given("vault check")) return serve(std::move(reading), protection_warnings, error);
  for (const std::string& fault : reading.faults) error << fmt::format("embergate: {}\n", fault);
  if (!reading.faults.empty()) return 2;
  app::VaultCheckOptions options = line.vault_check;
  options.as_json = line.json;
  return app::vault_check(reading.settings, options, out, error);
}

int print(std::string_view text, std::ostream& out) {
  out << text;
  return 0;
}

// Of the commands that ask and show.
std::optional<int> answer(app::CommandLine& line, std::ostream& out, std::ostream& error) {
  if (line.given("help")) return line.help(out, error);
  if (line.given("explain")) {
    line.explain.json = line.json;
    return app::explain_command(line.explain, out, error);
  }
  if (line.given("check")) return app::check_command(line.json, environ, out, error);
  if (line.given("settings")) {
    const app::SettingsCommand command{line.json, ::isatty(STDOUT_FILENO) == 1, line.settings};
    return app::settings_command(command, environ, out, error);
  }
  if (line.given("health")) return app::health_command(environ, line.health_wait, out, error);
  if (line.given("status")) {
    line.status.json = line.json;
    return app::status_command(line.status, environ, out, error);
  }
  if (line.given("backup")) return app::backup_command(line.backup, environ, out, error);
  if (!line.given("fhirpath")) return std::nullopt;
  line.fhirpath.model_folders = app::model_folders_of_program();
  return app::fhirpath_command(line.fhirpath, std::cin, out, error);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> protection_warnings = vault::protect_process();
  app::PrintableStream error(std::cerr);
  app::PrintableStream for_people(std::cout);
  // Values that programs read stay as they are.
  std::ostream& out = ::isatty(STDOUT_FILENO) == 1 ? for_people : std::cout;
  app::CommandLine line(version_line());
  if (const auto code = line.parse(argc, argv, out, error)) return *code;
  if (line.given("version")) return version(line.json, out);
  if (line.given("man"))
    return print(line.page.empty() ? app::manual_of_commands(line.tree()) : app::manual_of_settings(), out);
  if (line.given("completion")) return print(app::completion_script(line.shell, line.tree()), out);
  if (const auto code = answer(line, out, error)) return *code;
  return run_gateway_command(line, protection_warnings, out, error);
}
