// SPDX-License-Identifier: Apache-2.0
#include "app/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/settings_table.hpp"

namespace embergate::app {
namespace {

// A longer line of text is bad style to mandoc.
constexpr std::size_t kLine = 78;

// Text that roff takes as it stands.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

// Lines of text, broken at blanks; a line never begins as a request does.
std::string filled(std::string_view roff) {
  std::string out;
  std::size_t length = 0;
  while (!roff.empty()) {
    const std::size_t end = std::min(roff.find(' '), roff.size());
    const std::string_view word = roff.substr(0, end);
    roff.remove_prefix(std::min(end + 1, roff.size()));
    if (word.empty()) continue;
    if (length > 0 && length + 1 + word.size() > kLine) {
      out += '\n';
      length = 0;
    } else if (length > 0) {
      out += ' ';
      ++length;
    }
    if (length == 0 && word.front() == '.') out += "\\&";
    out += word;
    length += word.size();
  }
  return out + '\n';
}

std::string with_capital(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out.front() >= 'a' && out.front() <= 'z')
    out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return out;
}

std::string header(std::string_view title, int section, std::string_view volume) {
  return fmt::format(".\\\" Written by the program: embergate man{}\n.TH {} {} \"\" \"Embergate {}\" \"{}\"\n",
                     section == 7 ? " settings" : "", title, section, EMBERGATE_VERSION, volume);
}

std::string usage_of(const std::string& path, const CommandTree& command) {
  std::string usage = bold(path);
  if (command.options.size() > 1) usage += " [" + italic("options") + "]";
  for (const CommandWord& word : command.words)
    usage += fmt::format(" [{}{}]", italic(word.name), word.many ? " ..." : "");
  if (!command.commands.empty()) usage += " " + italic("command");
  return usage;
}

void append_option(std::string& out, const CommandOption& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
  if (!option.value.empty()) names += " " + italic(option.value);
  out += ".TP\n" + filled(names) + filled(escaped(option.about));
}

// Each command has it; the page has it once, for the program.
bool is_help(const CommandOption& option) { return option.names.back() == "--help"; }

void append_command(std::string& out, const std::string& path, const CommandTree& command) {
  out += fmt::format(".SS {}\n", escaped(path));
  out += filled(usage_of(path, command)) + ".PP\n" + filled(escaped(with_capital(command.about) + "."));
  for (const CommandWord& word : command.words)
    out += ".TP\n" + filled(italic(word.name)) + filled(escaped(word.about));
  for (const CommandOption& option : command.options) {
    if (!is_help(option)) append_option(out, option);
  }
  if (!command.exit_codes.empty() && command.commands.empty())
    out += ".PP\n" + filled(escaped("Exit code: " + command.exit_codes + "."));
  for (const CommandTree& one : command.commands) append_command(out, path + " " + one.name, one);
}

std::string examples() {
  std::string out = ".nf\n";
  for (std::string_view rest = settings_examples(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += escaped(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + ".fi\n";
}

}  // namespace

std::string manual_of_commands(const CommandTree& program) {
  std::string out = header("EMBERGATE", 1, "User Commands");
  out += ".SH NAME\n" + filled("embergate \\- FHIR messaging gateway from REST to Kafka");
  out += ".SH SYNOPSIS\n" + filled(bold("embergate") + " [" + italic("command") + "] [" + italic("options") + "]");
  out += ".SH DESCRIPTION\n" + filled(escaped(program.about) + ".");
  out += filled("All settings are environment variables; " + bold("embergate-settings") +
                "(7) has them. Without a command the gateway runs.");
  out += ".SH OPTIONS\n";
  for (const CommandOption& option : program.options) append_option(out, option);
  out += ".SH COMMANDS\n";
  for (const CommandTree& command : program.commands) append_command(out, "embergate " + command.name, command);
  out += ".SH EXIT STATUS\n" + filled(escaped("That of the command. Wrong usage is 2, with the nearest command or "
                                              "option, or the variable of a setting that was given as an option."));
  out += ".SH EXAMPLES\n" + examples();
  out += ".SH SEE ALSO\n" + filled(bold("embergate-settings") + "(7)");
  return out;
}

std::string manual_of_settings() {
  std::string out = header("EMBERGATE-SETTINGS", 7, "Miscellaneous Information");
  out += ".SH NAME\n" + filled("embergate-settings \\- environment variables of embergate(1)");
  out += ".SH DESCRIPTION\n" +
         filled(escaped("All settings are environment variables, read once at start. An empty value counts as absent. "
                        "Times end in _MS and are milliseconds. A start that cannot use its settings reports all "
                        "faults at once. `embergate settings` lists the values in force."));
  std::string_view group;
  for (const Setting& row : settings_table()) {
    if (row.group != group) out += fmt::format(".SH {}\n", escaped(row.group));
    group = row.group;
    out += ".TP\n" + filled(bold(row.name)) + filled(escaped(with_capital(row.about) + "."));
    out += filled(escaped(fmt::format("Value: {}. Default: {}.", allowed_values(row), row.fallback)));
  }
  out += ".SH EXAMPLES\n" + examples();
  out += ".SH SEE ALSO\n" + filled(bold("embergate") + "(1)");
  return out;
}

}  // namespace embergate::app
