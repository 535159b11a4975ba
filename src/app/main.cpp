// SPDX-License-Identifier: Apache-2.0
// The command line (decision 16): serve (default), vault check, version. Exit codes: 0 done, 1 a check or the start
// failed, 2 wrong usage or config.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/vault_check.hpp"
#include "embergate/app/runtime.hpp"
#include "embergate/app/settings.hpp"
#include "embergate/observability/log.hpp"
#include "embergate/vault/process_protection.hpp"

namespace {

using namespace embergate;
namespace log = observability::log;

int fail(const core::Error& error) {
  log::event(log::Level::kError, "process/start-failed", error.diagnostics);
  fmt::print(stderr, "embergate: {}\n", error.diagnostics);
  return 1;
}

int serve(app::Settings settings, const std::vector<std::string>& protection_warnings) {
  log::configure({settings.box_id, settings.log_level});
  for (const std::string& warning : protection_warnings) log::event(log::Level::kWarn, "process/warning", warning);
  auto runtime = app::Runtime::start(std::move(settings));
  if (!runtime) return fail(runtime.error());
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

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> protection_warnings = vault::protect_process();
  CLI::App cli("Embergate: FHIR resource changes to Kafka, with credentials that live in files");
  cli.require_subcommand(0, 1);
  bool as_json = false;
  CLI::App* serve_command =
      cli.add_subcommand("serve", "run the gateway (default); settings come from BOX_* environment variables");
  CLI::App* vault_command = cli.add_subcommand("vault", "look at the vault config")->require_subcommand(1);
  CLI::App* check_command =
      vault_command->add_subcommand("check", "which names resolve, and their state; never a value");
  check_command->add_flag("--json", as_json, "print JSON");
  CLI::App* version_command = cli.add_subcommand("version", "print the version");
  version_command->add_flag("--json", as_json, "print JSON");
  static_cast<void>(serve_command);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  if (version_command->parsed()) return version(as_json);
  auto settings = app::read_settings(environ);
  if (!settings) return fail(settings.error());
  if (check_command->parsed()) return app::vault_check(*settings, as_json);
  return serve(*std::move(settings), protection_warnings);
}
