// SPDX-License-Identifier: Apache-2.0
// `embergate settings`: every setting with the value in force, its default, and where the value comes from. Values of
// secrets are never shown, only the paths of their files. Thread: main. Failure: exit code 1 and the faults on `error`
// when the settings cannot be used, 2 when a name is that of no setting.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace embergate::app {

struct SettingsCommand {
  bool json = false;
  bool columns = false;                 // for people; else fields with tabs between
  std::vector<std::string> names = {};  // these alone, for people with what they mean; empty: all
};

int settings_command(const SettingsCommand& command, char** environment, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
