// SPDX-License-Identifier: Apache-2.0
// The command line (decision 16): serve (default), health, backup, vault check, fhirpath, version. Exit codes: 0 done,
// 1 a check or the start failed, 2 wrong usage or config.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/backup_command.hpp"
#include "app/fhirpath_command.hpp"
#include "app/health_command.hpp"
#include "app/start_check.hpp"
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
int fail(const std::vector<std::string>& faults) {
  const bool read_by_people = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  for (const std::string& fault : faults) {
    if (!read_by_people) log::event(log::Level::kError, "process/start-failed", fault);
    fmt::print(stderr, "embergate: {}\n", fault);
  }
  return 1;
}

// The reader of the log may end, and files may reach a limit of their size: the call that fails says so. By default the
// signals of both end the process.
void outlive_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

int serve(app::SettingsReading reading, const std::vector<std::string>& protection_warnings) {
  outlive_failed_writes();
  app::Settings& settings = reading.settings;
  log::configure({settings.box_id, settings.log_level});
  if (const app::StartCheck check = app::check_start(reading); !check.faults.empty()) return fail(check.faults);
  for (const std::string& warning : protection_warnings) log::event(log::Level::kWarn, "process/warning", warning);
  auto runtime = app::Runtime::start(std::move(settings));
  if (!runtime) return fail({runtime.error().diagnostics});
  (*runtime)->run_until_signal();
  return 0;
}

int version(bool as_json) {
  if (as_json) {
    fmt::print("{}\n",
               nlohmann::json{
                   {"version", EMBERGATE_VERSION}, {"commit", EMBERGATE_COMMIT}, {"timestamp", EMBERGATE_BUILD_TIME}}
                   .dump());
  } else {
    fmt::print("embergate {} ({})\n", EMBERGATE_VERSION, EMBERGATE_COMMIT);
  }
  return 0;
}

CLI::App* add_fhirpath(CLI::App& cli, app::FhirpathOptions& options) {
  CLI::App* command = cli.add_subcommand("fhirpath", "try an expression on a resource, or check it");
  command->add_option("expression", options.expression, "a FHIRPath expression");
  command->add_option("--resource", options.resource_file, "JSON file of the resource, - for standard input");
  command->add_option("--previous", options.previous_file, "JSON file of its state before, %previous");
  command->add_option("--cases", options.cases_file, "JSON lines with id, expression and resource; an answer for each");
  command->add_option("--type", options.type, "type of the context where there is no resource");
  command->add_option("--fhir-version", options.fhir_version, "R4 (default), R4B or R5");
  command->add_option("--now", options.now, "the instant of now() and today()");
  command->add_flag("--json", options.json, "print JSON");
  command->add_flag("--explain", options.explain, "show the tree, warnings, and what each part gave");
  command->add_flag("--check", options.check, "only compile; print errors and warnings");
  command->add_flag("--strict", options.strict, "findings of the static check are errors");
  return command;
}

CLI::App* add_backup(CLI::App& cli, app::BackupCommand& options) {
  CLI::App* command = cli.add_subcommand(
      "backup", "copy the database at BOX_DB_PATH to a new file, also while the gateway writes to it");
  command->add_option("file", options.file, "the file to make; with --check and --mark the one to look at or to mark");
  CLI::Option* check = command->add_flag("--check", options.check, "only check FILE, or the database at BOX_DB_PATH");
  CLI::Option* mark = command->add_flag(
      "--mark", options.mark, "mark FILE, a copy that was made by other means, as one that is about to be started on");
  mark->excludes(check);
  command
      ->add_option("--log-limit", options.log_limit_mib,
                   "MiB by which the database's log may grow meanwhile before the backup gives up (4096)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'048'576}));
  command->add_flag("--json", options.json, "print JSON");
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> protection_warnings = vault::protect_process();
  CLI::App cli("Embergate: FHIR resource changes to Kafka, with credentials that live in files");
  cli.require_subcommand(0, 1);
  bool as_json = false;
  CLI::App* serve_command =
      cli.add_subcommand("serve", "run the gateway (default); settings come from BOX_* environment variables");
  const CLI::App* health = cli.add_subcommand("health", "ask the gateway that runs with these settings for its health");
  CLI::App* vault_command = cli.add_subcommand("vault", "look at the vault config")->require_subcommand(1);
  CLI::App* check_command =
      vault_command->add_subcommand("check", "which names resolve, and their state; never a value");
  check_command->add_flag("--json", as_json, "print JSON");
  CLI::App* version_command = cli.add_subcommand("version", "print the version");
  version_command->add_flag("--json", as_json, "print JSON");
  app::BackupCommand backup_options;
  const CLI::App* backup = add_backup(cli, backup_options);
  app::FhirpathOptions fhirpath_options;
  const CLI::App* fhirpath_command = add_fhirpath(cli, fhirpath_options);
  static_cast<void>(serve_command);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  if (version_command->parsed()) return version(as_json);
  if (health->parsed()) return app::health_command(environ, std::cout, std::cerr);
  if (backup->parsed()) return app::backup_command(backup_options, environ, std::cout, std::cerr);
  if (fhirpath_command->parsed()) {
    fhirpath_options.model_folders = app::model_folders_of_program();
    return app::fhirpath_command(fhirpath_options, std::cin, std::cout, std::cerr);
  }
  app::SettingsReading reading = app::read_all_settings(environ);
  app::set_wiping_of_freed_memory(reading.settings.wipe_freed_memory);
  if (!check_command->parsed()) return serve(std::move(reading), protection_warnings);
  if (!reading.faults.empty()) return fail(reading.faults);
  return app::vault_check(reading.settings, as_json);
}
