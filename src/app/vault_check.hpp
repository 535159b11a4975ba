// SPDX-License-Identifier: Apache-2.0
// `embergate vault check`: which names of the vault config resolve, their state, never a value (decision 16).
// A name is in use when a stored resource refers to it; without a database every name counts as such. Thread: main.
// Failure: the exit code is 0 when every name in use resolves, 1 when one does not, 2 when the config cannot be used.
#pragma once

#include "embergate/app/settings.hpp"

namespace embergate::app {

int vault_check(const Settings& settings, bool as_json);

}  // namespace embergate::app
