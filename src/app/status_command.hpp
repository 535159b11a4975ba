// SPDX-License-Identifier: Apache-2.0
// `embergate status [destination]`: the health of a gateway, or one destination's $status, in columns for people. It
// asks the gateway that runs with these settings, as `embergate health` does but with the root client's credential, or
// the one at `url`. Whatever parameters an answer has are shown, so that those of later versions are, too. Thread:
// main. Units: at most five seconds for each of two calls. Failure: exit code 0 all is well, 1 there is trouble, 2
// settings, URL, credential or destination are wrong, 3 the gateway was not reached.
#pragma once

#include <iosfwd>
#include <string>

namespace embergate::app {

struct StatusCommand {
  std::string destination = {};  // empty: the gateway
  std::string url = {};          // empty: by the settings
  bool json = false;             // the answer as it is
};

int status_command(const StatusCommand& command, char** environment, std::ostream& out, std::ostream& error);

}  // namespace embergate::app
