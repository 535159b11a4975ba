// SPDX-License-Identifier: Apache-2.0
// The command line as plain data: what it says of itself in the man page and to shells that complete it. Made from the
// parser's own table (command_line), so that neither can miss a command. Thread: any. Ownership: by value. Failure:
// none.
#pragma once

#include <string>
#include <vector>

namespace embergate::app {

struct CommandOption {
  std::vector<std::string> names;  // "--json", "-h"
  std::string value;               // "SECONDS", "[SECONDS]" when it may be left out; empty: none
  std::string about;
};

struct CommandChoice {
  std::string word;
  std::string about;
};

struct CommandWord {
  std::string name;  // "FILE"
  std::string about;
  std::vector<CommandChoice> choices;  // empty: anything
  bool many = false;
};

struct CommandTree {
  std::string name;
  std::string about;
  std::string exit_codes;
  std::vector<CommandOption> options;
  std::vector<CommandWord> words;
  std::vector<CommandTree> commands;
};

}  // namespace embergate::app
