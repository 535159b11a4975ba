// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/settings_table.hpp"

namespace embergate::app {
namespace {

constexpr std::string_view kExitCodes = "Exit code: ";

std::string value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));  // behind it stand ranges
}

CommandWord word_of(const CLI::Option& option) {
  CommandWord word{value_of(option), option.get_description(), {}, option.get_items_expected_max() > 1};
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open == std::string::npos) return word;
  std::string_view rest = std::string_view(type).substr(open + 1, type.find('}') - open - 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    word.choices.push_back({std::string(rest.substr(0, end)), word.about});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return word;
}

CommandTree tree_of(const CLI::App& command) {
  CommandTree tree{command.get_name(), command.get_description(), {}, {}, {}, {}};
  const std::string footer = command.get_footer();
  if (footer.starts_with(kExitCodes))
    tree.exit_codes = footer.substr(kExitCodes.size(), footer.find('\n') - kExitCodes.size());
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) {
      tree.words.push_back(word_of(*option));
      continue;
    }
    CommandOption one{{}, value_of(*option), option->get_description()};
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    tree.options.push_back(std::move(one));
  }
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; }))
    tree.commands.push_back(tree_of(*one));
  return tree;
}

std::vector<CommandChoice> all_settings() {
  std::vector<CommandChoice> all;
  for (const Setting& row : settings_table()) all.push_back({std::string(row.name), std::string(row.about)});
  return all;
}

}  // namespace

KnownCommand known(const CommandTree& tree) {
  KnownCommand command{tree.name, {}, {}, !tree.words.empty()};
  for (const CommandOption& option : tree.options)
    command.options.insert(command.options.end(), option.names.begin(), option.names.end());
  for (const CommandTree& one : tree.commands) command.commands.push_back(known(one));
  return command;
}

CommandLine::CommandLine(const std::string& version_line)
    : cli_("Embergate: FHIR resource changes to Kafka, with credentials that live in files", "embergate") {
  cli_.require_subcommand(0, 1);
  cli_.set_version_flag("--version", version_line, "Print the version and exit");
  cli_.footer(settings_help());
  add_gateway_commands();
  add_health();
  add_status();
  add_backup();
  add_fhirpath();
  add_help_commands();
}

CLI::App* CommandLine::add(CLI::App& to, const std::string& name, const std::string& about,
                           const std::string& exit_codes) {
  CLI::App* command = to.add_subcommand(name, about);
  command->footer(fmt::format("{}{}", kExitCodes, exit_codes));
  return command;
}

CLI::App* CommandLine::with_json(CLI::App* command) {
  command->add_flag("--json", json, "print JSON");
  return command;
}

void CommandLine::add_gateway_commands() {
  CLI::App* serve = add(cli_, "serve", "run the gateway (default)", "");
  serve->footer(fmt::format("{}0 after SIGTERM or SIGINT, 1 when it cannot start\n\n{}", kExitCodes, settings_help()));
  with_json(add(cli_, "check",
                "tell everything that settings, vault config and init bundle have wrong, without starting",
                "0 they can be used, 1 they cannot"));
  CLI::App* list =
      with_json(add(cli_, "settings", "list all settings: value in force, default, and where the value comes from",
                    "0, or 1 when the settings cannot be used"));
  list->add_option("name", settings, "show these alone, and what they mean")->type_name("NAME");
  CLI::App* vault = add(cli_, "vault", "look at the vault config", "that of its command")->require_subcommand(1);
  CLI::App* check = with_json(add(*vault, "check", "which names resolve, and their state; never a value",
                                  "0 all in use do, 1 one does not, 2 settings or config cannot be used"));
  CLI::Option* name =
      check->add_option("name", vault_check.name, "only this name of the vault config")->type_name("NAME");
  check->add_option("--as", vault_check.as, "judge its file as this, whatever uses it")
      ->needs(name)
      ->type_name("KIND")
      ->check(CLI::IsMember(kinds_of_content()));
}

void CommandLine::add_health() {
  CLI::App* command =
      add(cli_, "health", "ask the gateway that runs with these settings for its health",
          "0 pass or warn, 1 fail or no answer, 2 the settings name no port; with --wait 3 when it never answered");
  const auto take = [this](const std::string& seconds) {
    int count = 60;
    if (!seconds.empty()) CLI::detail::lexical_cast(seconds, count);  // a number, as the check has seen
    health_wait = std::chrono::seconds(count);
  };
  command->add_option_function<std::string>("--wait", take, "ask until it is pass or warn, for SECONDS at most (60)")
      ->expected(0, 1)
      ->type_name("[SECONDS]")
      ->check(CLI::Range(1, 86'400));
}

void CommandLine::add_status() {
  CLI::App* command = with_json(
      add(cli_, "status", "show the health of a gateway, or the status of a destination",
          "0 all is well, 1 there is trouble, 2 wrong settings, credential or destination, 3 not reached, or not known "
          "to be the gateway"));
  command->add_option("destination", status.destination, "the id of a destination: its $status")
      ->type_name("DESTINATION");
  command->add_option("--url", status.url, "a gateway elsewhere; by default the one that runs with these settings")
      ->type_name("URL");
}

void CommandLine::add_backup() {
  CLI::App* command =
      add(cli_, "backup", "copy the database at BOX_DB_PATH to a new file, also while the gateway writes to it",
          "0 done, and sound; 1 not");
  command->add_option("file", backup.file, "the file to make; with --check and --mark the one to look at or to mark")
      ->type_name("FILE");
  CLI::Option* check = command->add_flag("--check", backup.check, "only check FILE, or the database at BOX_DB_PATH");
  CLI::Option* mark = command->add_flag(
      "--mark", backup.mark, "mark FILE, a copy that was made by other means, as one that is about to be started on");
  mark->excludes(check);
  command
      ->add_option("--log-limit", backup.log_limit_mib,
                   "MiB by which the database's log may grow meanwhile before the backup gives up (4096)")
      ->type_name("MIB")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'048'576}));
  command->add_flag("--json", backup.json, "print JSON");
}

void CommandLine::add_fhirpath() {
  CLI::App* command =
      add(cli_, "fhirpath", "try an expression on a resource, or check it", "0, or 1 when it is not valid");
  const auto option = [&](const char* name, std::string& target, const char* value, const char* about) {
    command->add_option(name, target, about)->type_name(value);
  };
  option("expression", fhirpath.expression, "EXPRESSION", "a FHIRPath expression");
  option("--resource", fhirpath.resource_file, "FILE", "JSON file of the resource, - for standard input");
  option("--previous", fhirpath.previous_file, "FILE", "JSON file of its state before, %previous");
  option("--cases", fhirpath.cases_file, "FILE", "JSON lines with id, expression and resource; an answer for each");
  option("--type", fhirpath.type, "TYPE", "type of the context where there is no resource");
  option("--fhir-version", fhirpath.fhir_version, "VERSION", "R4 (default), R4B or R5");
  option("--now", fhirpath.now, "INSTANT", "the instant of now() and today()");
  command->add_flag("--json", fhirpath.json, "print JSON");
  command->add_flag("--explain", fhirpath.explain, "show the tree, warnings, and what each part gave");
  command->add_flag("--check", fhirpath.check, "only compile; print errors and warnings");
  command->add_flag("--strict", fhirpath.strict, "findings of the static check are errors");
}

void CommandLine::add_help_commands() {
  with_json(add(cli_, "version", "print the version", "0"));
  CLI::App* explained =
      with_json(add(cli_, "explain", "say what an error code, a reason, a rule or a setting means, and what to do",
                    "0, or 2 when the word is not known"));
  explained->add_option("word", explain.word, "kafka.auth-refused, bad-jaas, R-48, BOX_DB_PATH; none: list all codes")
      ->type_name("WORD");
  explained->add_flag("--page", explain.page, "print docs/error-codes.md");
  add(cli_, "man", "print the manual page embergate(1), or embergate-settings(7)", "0")
      ->add_option("page", page, "settings: that of all settings")
      ->type_name("PAGE")
      ->check(CLI::IsMember(std::vector<std::string>{"settings"}));
  add(cli_, "completion", "print what makes a shell complete commands, options and settings", "0")
      ->add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh", "fish"}));
  add(cli_, "help", "print this, or the help of a command", "0")
      ->add_option("command", helped, "a command")
      ->type_name("COMMAND");
}

std::optional<int> CommandLine::parse(int argc, char** argv, std::ostream& out, std::ostream& error) {
  try {
    cli_.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& end) {  // help and version are asked for by throwing too; they end with 0
    const bool is_wrong = end.get_exit_code() != 0;
    const std::string hint =
        is_wrong ? hint_for(known(tree()), std::vector<std::string>(argv + 1, argv + argc)) : std::string();
    if (hint.empty()) return cli_.exit(end, out, error) == 0 ? 0 : 2;
    error << fmt::format("embergate: {}\nRun with --help for more information.\n", hint);
    return 2;
  }
}

bool CommandLine::given(std::string_view path) const {
  const CLI::App* command = &cli_;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(' '), path.size());
    const std::string name(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    const auto found = command->get_subcommands([&](const CLI::App* one) { return one->get_name() == name; });
    if (found.empty() || !found.front()->parsed()) return false;
    command = found.front();
  }
  return true;
}

CommandTree CommandLine::tree() const {
  CommandTree tree = tree_of(cli_);
  for (CommandTree& one : tree.commands) {
    if (one.name == "settings") one.words.front().choices = all_settings();
    if (one.name != "help") continue;
    for (const CommandTree& each : tree.commands) one.words.front().choices.push_back({each.name, each.about});
  }
  return tree;
}

int CommandLine::help(std::ostream& out, std::ostream& error) const {
  if (helped.empty()) {
    out << cli_.help();
    return 0;
  }
  for (const CLI::App* one : cli_.get_subcommands([this](const CLI::App* any) { return any->get_name() == helped; })) {
    out << one->help();
    return 0;
  }
  error << fmt::format("embergate: {}\n", hint_for(known(tree()), {helped}));
  return 2;
}

}  // namespace embergate::app
