// SPDX-License-Identifier: Apache-2.0
// The manual pages embergate(1) and embergate-settings(7), as roff of man(7), from the tables of the command line and
// of the settings. Thread: any; pure. Failure: none. docs/man holds what these write; a test compares them.
#pragma once

#include <string>

#include "app/command_tree.hpp"

namespace embergate::app {

std::string manual_of_commands(const CommandTree& program);
std::string manual_of_settings();

}  // namespace embergate::app
