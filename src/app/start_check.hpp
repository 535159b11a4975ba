// SPDX-License-Identifier: Apache-2.0
// Everything that keeps the program from starting and can be found without starting it: settings, vault config, the
// listener's files by name, init bundle. Thread: start only. Failure: none; the faults are the answer, a line each.
#pragma once

#include <string>
#include <vector>

#include "embergate/app/settings.hpp"

namespace embergate::app {

struct StartCheck {
  std::vector<std::string> faults;
  std::vector<std::string> warnings;
};

StartCheck check_start(const SettingsReading& reading);

}  // namespace embergate::app
