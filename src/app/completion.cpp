// SPDX-License-Identifier: Apache-2.0
#include "app/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace embergate::app {
namespace {

using Visit = std::function<void(const std::string& path, const CommandTree& command)>;

void for_each_command(const CommandTree& command, const std::string& path, const Visit& visit) {
  visit(path, command);
  for (const CommandTree& one : command.commands) for_each_command(one, path + " " + one.name, visit);
}

// One word of these shells, whatever is in it.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// fish knows \' within quotes, and nothing else of the above.
std::string quoted_for_fish(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// What may stand behind the command.
std::vector<CommandChoice> offers_of(const CommandTree& command) {
  std::vector<CommandChoice> offers;
  offers.reserve(command.commands.size());
  for (const CommandTree& one : command.commands) offers.push_back({one.name, one.about});
  for (const CommandWord& word : command.words) {
    offers.insert(offers.end(), word.choices.begin(), word.choices.end());
  }
  for (const CommandOption& option : command.options) {
    for (const std::string& name : option.names) offers.push_back({name, option.about});
  }
  return offers;
}

// The branches of a `case` by which bash and zsh walk from the program to the command that is being typed.
std::string steps(const CommandTree& program) {
  std::string all;
  for_each_command(program, program.name, [&](const std::string& path, const CommandTree& command) {
    if (&command != &program) all += (all.empty() ? "" : " | ") + quoted(path);
  });
  return all;
}

std::string for_bash(const CommandTree& program) {
  std::string cases;
  for_each_command(program, program.name, [&](const std::string& path, const CommandTree& command) {
    std::string words;
    for (const CommandChoice& offer : offers_of(command)) words += (words.empty() ? "" : " ") + offer.word;
    cases += fmt::format("    {}) words={} ;;\n", quoted(path), quoted(words));
  });
  return fmt::format(R"(# bash completion of embergate: . <(embergate completion bash)
_embergate() {{
  local at={0} words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at ${{COMP_WORDS[i]}}" in
      {1}) at+=" ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case $at in
{2}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o bashdefault -o default -F _embergate {0}
)",
                     program.name, steps(program), cases);
}

std::string for_zsh(const CommandTree& program) {
  std::string cases;
  for_each_command(program, program.name, [&](const std::string& path, const CommandTree& command) {
    std::string words;
    for (const CommandChoice& offer : offers_of(command)) words += " " + quoted(offer.word + ":" + offer.about);
    cases += fmt::format("    {}) offers=({}) ;;\n", quoted(path), words);
  });
  return fmt::format(R"(#compdef {0}
# zsh completion of embergate: . <(embergate completion zsh)
_embergate() {{
  local at={0} i
  local -a offers
  for ((i = 2; i < CURRENT; i++)); do
    case "$at ${{words[i]}}" in
      {1}) at="$at ${{words[i]}}" ;;
    esac
  done
  case $at in
{2}  esac
  _describe {0} offers || _files
}}
if [[ ${{funcstack[1]}} == _embergate ]]; then _embergate "$@"; else compdef _embergate {0}; fi
)",
                     program.name, steps(program), cases);
}

std::string for_fish(const CommandTree& program) {
  std::string lines = "# fish completion of embergate: embergate completion fish | source\n";
  for_each_command(program, "", [&](const std::string& path, const CommandTree& command) {
    std::string condition = "__fish_use_subcommand";
    if (!path.empty()) {
      condition.clear();
      for (std::string_view rest = std::string_view(path).substr(1); !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        condition +=
            fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    for (const CommandChoice& offer : offers_of(command)) {
      lines += fmt::format("complete -c {} -n {} -a {} -d {}\n", program.name, quoted_for_fish(condition),
                           quoted_for_fish(offer.word), quoted_for_fish(offer.about));
    }
  });
  return lines;
}

}  // namespace

std::string completion_script(std::string_view shell, const CommandTree& program) {
  if (shell == "bash") return for_bash(program);
  return shell == "zsh" ? for_zsh(program) : for_fish(program);
}

}  // namespace embergate::app
