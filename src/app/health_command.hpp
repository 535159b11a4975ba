// SPDX-License-Identifier: Apache-2.0
// `embergate health [--wait [seconds]]`: GET /health of the gateway that runs with the same settings on this machine,
// so that a container needs no other program for its health check, and a script can wait until a gateway has started.
// Thread: main. Units: at most five seconds for an answer, with --wait at most so many seconds in all. Failure: exit
// code 0 when the answer is 200 (pass and warn), 1 when it is another or none, 2 when the settings name no port; with
// --wait 0 as soon as an answer is 200, at the end of the time 1 when the gateway answered, 3 when it never did.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>

namespace embergate::app {

// `environment` as main() gets it. The body of the last answer goes to `out`; what went wrong, and with `wait` what is
// waited for, to `error`.
int health_command(char** environment, std::optional<std::chrono::milliseconds> wait, std::ostream& out,
                   std::ostream& error);

}  // namespace embergate::app
