// SPDX-License-Identifier: Apache-2.0
// The command line (decision 16): the one table of commands, options, their texts and exit codes, which feeds the
// parser,
// --help, hints, the man page and completion. Thread: main. Ownership: holds what the options were set to, so it stays
// where it is. Failure: parse() gives the exit code of what cannot be understood, and 0 for help and version.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/backup_command.hpp"
#include "app/command_hints.hpp"
#include "app/command_tree.hpp"
#include "app/explain_command.hpp"
#include "app/fhirpath_command.hpp"
#include "app/status_command.hpp"
#include "app/vault_check.hpp"

namespace embergate::app {

class CommandLine {
 public:
  explicit CommandLine(const std::string& version_line);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // The exit code when there is nothing else to do.
  std::optional<int> parse(int argc, char** argv, std::ostream& out, std::ostream& error);
  [[nodiscard]] bool given(std::string_view path) const;  // "vault check"
  [[nodiscard]] CommandTree tree() const;
  // `embergate help vault` is `embergate vault --help`.
  int help(std::ostream& out, std::ostream& error) const;

  bool json = false;
  std::string helped;
  std::string page;
  std::string shell;
  std::vector<std::string> settings;
  std::optional<std::chrono::milliseconds> health_wait;
  StatusCommand status;
  BackupCommand backup;
  FhirpathOptions fhirpath;
  VaultCheckOptions vault_check;
  ExplainCommand explain;

 private:
  CLI::App* add(CLI::App& to, const std::string& name, const std::string& about, const std::string& exit_codes);
  CLI::App* with_json(CLI::App* command);
  void add_gateway_commands();
  void add_help_commands();
  void add_health();
  void add_status();
  void add_backup();
  void add_fhirpath();

  CLI::App cli_;
};

// What hints are made from.
KnownCommand known(const CommandTree& tree);

}  // namespace embergate::app
