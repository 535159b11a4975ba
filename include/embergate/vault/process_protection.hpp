// SPDX-License-Identifier: Apache-2.0
// What the process does for its own secrecy before it reads the first secret (S-26): no core file, not dumpable.
// Thread: called once, first thing in main. Failure: returns a warning text for what could not be done; never fatal.
#pragma once

#include <string>
#include <vector>

namespace embergate::vault {

std::vector<std::string> protect_process();

}  // namespace embergate::vault
