// SPDX-License-Identifier: Apache-2.0
// `embergate health`: GET /health of the gateway that runs with the same settings on this machine, so that a container
// needs no other program for its health check. Thread: main. Units: at most five seconds in all. Failure: exit code 0
// when the answer is 200 (pass and warn), 1 when it is another or none, 2 when the settings name no port.
#pragma once

#include <iosfwd>

namespace embergate::app {

// `environment` as main() gets it. The body of the answer goes to `out`, what went wrong to `error`.
int health_command(char** environment, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
