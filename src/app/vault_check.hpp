// SPDX-License-Identifier: Apache-2.0
// `embergate vault check`: which names of the vault config resolve, their state, never a value (decision 16).
// Thread: main. Failure: the exit code is 0 when every name resolves, 1 when some do not, 2 when the config cannot be
// used.
#pragma once

#include "embergate/app/settings.hpp"

namespace embergate::app {

int vault_check(const Settings& settings, bool as_json);

}  // namespace embergate::app
