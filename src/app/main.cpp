// SPDX-License-Identifier: Apache-2.0
// The command line (decision 16): serve (default), check, settings, health, backup, vault check, explain, fhirpath,
// version, help. Exit codes: 0 done, 1 a check or the start failed, 2 wrong usage or config.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/backup_command.hpp"
#include "app/check_command.hpp"
#include "app/command_hints.hpp"
#include "app/explain_command.hpp"
#include "app/fhirpath_command.hpp"
#include "app/health_command.hpp"
#include "app/settings_command.hpp"
#include "app/settings_table.hpp"
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

std::string version_line() { return fmt::format("embergate {} ({})", EMBERGATE_VERSION, EMBERGATE_COMMIT); }

int version(bool as_json) {
  if (as_json) {
    fmt::print("{}\n",
               nlohmann::json{
                   {"version", EMBERGATE_VERSION}, {"commit", EMBERGATE_COMMIT}, {"timestamp", EMBERGATE_BUILD_TIME}}
                   .dump());
  } else {
    fmt::print("{}\n", version_line());
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

CLI::App* add_health(CLI::App& cli, std::optional<std::chrono::milliseconds>& wait) {
  CLI::App* command = cli.add_subcommand("health", "ask the gateway that runs with these settings for its health");
  const auto take = [&wait](const std::string& seconds) {
    int count = 60;
    if (!seconds.empty()) CLI::detail::lexical_cast(seconds, count);  // a number, as the check has seen
    wait = std::chrono::seconds(count);
  };
  command->add_option_function<std::string>("--wait", take, "ask until it is pass or warn, for SECONDS at most (60)")
      ->expected(0, 1)
      ->type_name("[SECONDS]")
      ->check(CLI::Range(1, 86'400));
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

CLI::App* add_explain(CLI::App& cli, app::ExplainCommand& options) {
  CLI::App* command =
      cli.add_subcommand("explain", "what an error code, a reason, a rule or a setting means, and what to do");
  command->add_option("word", options.word, "kafka.auth-refused, bad-jaas, R-48, BOX_DB_PATH; none: list all codes");
  command->add_flag("--json", options.json, "print JSON");
  command->add_flag("--page", options.page, "print docs/error-codes.md");
  return command;
}

app::KnownCommand known(const CLI::App& cli, std::string name) {
  app::KnownCommand command;
  command.name = std::move(name);
  for (const CLI::Option* option : cli.get_options()) {
    if (option->get_positional()) command.takes_words = true;
    for (const std::string& word : option->get_lnames()) command.options.push_back("--" + word);
    for (const std::string& word : option->get_snames()) command.options.push_back("-" + word);
  }
  for (const CLI::App* one : cli.get_subcommands([](const CLI::App*) { return true; }))
    command.commands.push_back(known(*one, one->get_name()));
  return command;
}

// Help and version are asked for by throwing too; they end with 0.
int end_of_parse(const CLI::App& cli, const CLI::ParseError& error, int argc, char** argv) {
  const bool is_wrong = error.get_exit_code() != 0;
  const std::string hint =
      is_wrong ? app::hint_for(known(cli, "embergate"), std::vector<std::string>(argv + 1, argv + argc)) : "";
  if (hint.empty()) return cli.exit(error) == 0 ? 0 : 2;
  fmt::print(stderr, "embergate: {}\nRun with --help for more information.\n", hint);
  return 2;
}

// `embergate help vault` is `embergate vault --help`.
int help(const CLI::App& cli, const std::string& command) {
  if (command.empty()) {
    fmt::print("{}", cli.help());
    return 0;
  }
  for (const CLI::App* one : cli.get_subcommands([&](const CLI::App* any) { return any->get_name() == command; })) {
    fmt::print("{}", one->help());
    return 0;
  }
  fmt::print(stderr, "embergate: {}\n", app::hint_for(known(cli, "embergate"), {command}));
  return 2;
}

// The subcommands without options of their own beyond --json.
struct Commands {
  const CLI::App* check;
  const CLI::App* settings;
  const CLI::App* health;
  const CLI::App* vault_check;
  const CLI::App* version;
  const CLI::App* help;
};

Commands add_commands(CLI::App& cli, bool& as_json, std::string& helped,
                      std::optional<std::chrono::milliseconds>& health_wait) {
  Commands commands{};
  const auto with_json = [&as_json](CLI::App* command) {
    command->add_flag("--json", as_json, "print JSON");
    return command;
  };
  cli.add_subcommand("serve", "run the gateway (default)")->footer(app::settings_help());
  commands.check = with_json(cli.add_subcommand(
      "check", "tell everything that settings, vault config and init bundle have wrong, without starting"));
  commands.settings = with_json(
      cli.add_subcommand("settings", "list all settings: value in force, default, and where the value comes from"));
  commands.health = add_health(cli, health_wait);
  CLI::App* vault_command = cli.add_subcommand("vault", "look at the vault config")->require_subcommand(1);
  commands.vault_check =
      with_json(vault_command->add_subcommand("check", "which names resolve, and their state; never a value"));
  commands.version = with_json(cli.add_subcommand("version", "print the version"));
  CLI::App* help_command = cli.add_subcommand("help", "print this, or the help of a command");
  help_command->add_option("command", helped, "a command");
  commands.help = help_command;
  return commands;
}

int run_gateway_command(const Commands& commands, bool as_json, const std::vector<std::string>& protection_warnings) {
  app::SettingsReading reading = app::read_all_settings(environ);
  app::set_wiping_of_freed_memory(reading.settings.wipe_freed_memory);
  if (!commands.vault_check->parsed()) return serve(std::move(reading), protection_warnings);
  // Standard output is for the answer.
  for (const std::string& fault : reading.faults) fmt::print(stderr, "embergate: {}\n", fault);
  if (!reading.faults.empty()) return 2;
  return app::vault_check(reading.settings, as_json);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> protection_warnings = vault::protect_process();
  CLI::App cli("Embergate: FHIR resource changes to Kafka, with credentials that live in files");
  cli.require_subcommand(0, 1);
  cli.set_version_flag("--version", version_line());
  cli.footer(app::settings_help());
  bool as_json = false;
  std::string helped;
  std::optional<std::chrono::milliseconds> health_wait;
  const Commands commands = add_commands(cli, as_json, helped, health_wait);
  app::BackupCommand backup_options;
  const CLI::App* backup = add_backup(cli, backup_options);
  app::ExplainCommand explain_options;
  const CLI::App* explain = add_explain(cli, explain_options);
  app::FhirpathOptions fhirpath_options;
  const CLI::App* fhirpath_command = add_fhirpath(cli, fhirpath_options);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_of_parse(cli, error, argc, argv);
  }
  if (commands.version->parsed()) return version(as_json);
  if (commands.help->parsed()) return help(cli, helped);
  if (commands.check->parsed()) return app::check_command(as_json, environ, std::cout, std::cerr);
  if (commands.settings->parsed())
    return app::settings_command({as_json, ::isatty(STDOUT_FILENO) == 1}, environ, std::cout, std::cerr);
  if (commands.health->parsed()) return app::health_command(environ, health_wait, std::cout, std::cerr);
  if (backup->parsed()) return app::backup_command(backup_options, environ, std::cout, std::cerr);
  if (explain->parsed()) return app::explain_command(explain_options, std::cout, std::cerr);
  if (fhirpath_command->parsed()) {
    fhirpath_options.model_folders = app::model_folders_of_program();
    return app::fhirpath_command(fhirpath_options, std::cin, std::cout, std::cerr);
  }
  return run_gateway_command(commands, as_json, protection_warnings);
}
