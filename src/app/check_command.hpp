// SPDX-License-Identifier: Apache-2.0
// `embergate check`: all that would keep the gateway from starting with these settings, without starting it or touching
// its database. Thread: main. Failure: exit code 1 when there is a fault; the faults are the answer on `out`.
#pragma once

#include <iosfwd>

namespace embergate::app {

int check_command(bool as_json, char** environment, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
