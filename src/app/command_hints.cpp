// SPDX-License-Identifier: Apache-2.0
#include "app/command_hints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/settings_table.hpp"
#include "embergate/core/nearest.hpp"

namespace embergate::app {
namespace {

// "--log-level" as a part of a setting's name: LOG_LEVEL.
std::string in_capitals(std::string_view option) {
  std::string name(option.substr(std::min(option.find_first_not_of('-'), option.size())));
  for (char& c : name) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::string_view setting_for(std::string_view option) {
  const std::string part = in_capitals(option);
  if (part.empty()) return {};
  for (const std::string& name : {part, "BOX_" + part, "BOX_WEB_" + part}) {
    if (const Setting* exact = find_setting(name)) return exact->name;
  }
  for (const Setting& row : settings_table()) {
    if (row.name.ends_with("_" + part)) return row.name;
  }
  const std::string_view plain = nearest_setting("BOX_" + part);
  return plain.empty() ? nearest_setting("BOX_WEB_" + part) : plain;
}

std::string about_option(const KnownCommand& command, const std::string& path, std::string_view option) {
  core::Nearest nearest(option, option.size() > 4 ? 2 : 0);
  for (const std::string& known : command.options) nearest.offer(known);
  if (!nearest.name().empty())
    return fmt::format("{} has no option {}; did you mean {}?", path, option, nearest.name());
  const std::string_view setting = setting_for(option);
  if (!setting.empty()) {
    return fmt::format("{} has no option {}: settings are environment variables, and this one is {}", path, option,
                       setting);
  }
  return fmt::format("{} has no option {}; settings are environment variables, which `embergate settings` lists", path,
                     option);
}

std::string about_command(const KnownCommand& command, const std::string& path, std::string_view word) {
  if (command.commands.empty()) return fmt::format("{} takes no \"{}\"", path, word);
  core::Nearest nearest(word, word.size() / 3 + 1);
  std::string all;
  for (const KnownCommand& known : command.commands) {
    nearest.offer(known.name);
    all += (all.empty() ? "" : ", ") + known.name;
  }
  if (nearest.name().empty()) return fmt::format("{} has no command \"{}\"; it has {}", path, word, all);
  return fmt::format("{} has no command \"{}\"; did you mean {}?", path, word, nearest.name());
}

}  // namespace

std::string hint_for(const KnownCommand& program, const std::vector<std::string>& words) {
  const KnownCommand* command = &program;
  std::string path = program.name;
  for (const std::string& word : words) {
    if (word.size() > 1 && word.front() == '-') {
      const std::string option = word.substr(0, word.find('='));
      if (std::find(command->options.begin(), command->options.end(), option) == command->options.end())
        return about_option(*command, path, option);
      continue;
    }
    const auto found = std::find_if(command->commands.begin(), command->commands.end(),
                                    [&](const KnownCommand& known) { return known.name == word; });
    if (found != command->commands.end()) {
      command = &*found;
      path += " " + word;
    } else if (!command->takes_words) {
      return about_command(*command, path, word);
    }
  }
  return {};
}

}  // namespace embergate::app
