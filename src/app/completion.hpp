// SPDX-License-Identifier: Apache-2.0
// What makes a shell complete commands, options and names of settings, from the table of the command line. Thread: any;
// pure. Failure: none; `shell` is bash, zsh or fish.
#pragma once

#include <string>
#include <string_view>

#include "app/command_tree.hpp"

namespace embergate::app {

std::string completion_script(std::string_view shell, const CommandTree& program);

}  // namespace embergate::app
