// SPDX-License-Identifier: Apache-2.0
// What to say of a command line that cannot be understood: the nearest command or option, or the setting that an
// option was taken for. Thread: any; pure. Failure: none; an empty text when there is nothing to say.
#pragma once

#include <string>
#include <vector>

namespace embergate::app {

struct KnownCommand {
  std::string name;
  std::vector<std::string> options;  // "--json"
  std::vector<KnownCommand> commands;
  bool takes_words = false;
};

// `words`: what stands behind the program's name.
std::string hint_for(const KnownCommand& program, const std::vector<std::string>& words);

}  // namespace embergate::app
